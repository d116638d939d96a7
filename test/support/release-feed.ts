/** A release feed as the release tools make it: packages, electron-builder's yml, and our signatures beside. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildBlockMap } from "app-builder-lib/out/targets/blockmap/blockmap.js";
import { parse, stringify } from "yaml";

const script = new URL("../../scripts/sign-update.mjs", import.meta.url).href;
const { newKey, publicHalf, signFeed } = (await import(script)) as {
  newKey(): string;
  publicHalf(pem: string): string;
  signFeed(file: string, how: { privateKeyPem: string; channel: string; platform: string }): string[];
};

export interface ReleaseKey {
  readonly privateKeyPem: string;
  readonly publicKey: string;
}

export function releaseKey(): ReleaseKey {
  const privateKeyPem = newKey();
  return { privateKeyPem, publicKey: publicHalf(privateKeyPem) };
}

export interface ReleaseOptions {
  readonly version: string;
  readonly key: ReleaseKey;
  readonly channel?: string;
  readonly platform?: string;
  readonly content?: string | Buffer;
  readonly notes?: string;
  readonly stagingPercentage?: number;
}

export const PLATFORM = `${process.platform}-${process.arch}`;

interface Published {
  readonly feed: string;
  readonly package: string;
}

/** What a feed says of a package's file. */
interface FileFacts {
  readonly size: number;
  readonly sha512: string;
  readonly blockMapSize?: number | undefined;
}

/** Writes package and feed into `folder`; returns their files. */
export function publishRelease(folder: string, options: ReleaseOptions): Published {
  const { version, content = `package ${version}` } = options;
  mkdirSync(folder, { recursive: true });
  writeFileSync(packageIn(folder, version), content);
  const sha512 = createHash("sha512").update(content).digest("base64");
  return describe(folder, options, { size: Buffer.byteLength(content), sha512 });
}

/** The same of a package with a map of its blocks: whoever has an older one fetches only what is new. */
export async function publishWithBlockMap(
  folder: string,
  options: ReleaseOptions & { readonly content: Buffer },
): Promise<Published> {
  mkdirSync(folder, { recursive: true });
  const file = packageIn(folder, options.version);
  writeFileSync(file, options.content);
  return describe(folder, options, await addBlockMap(file));
}

/** At the file's end, as electron-builder does it for an AppImage. */
export async function addBlockMap(file: string): Promise<FileFacts> {
  const { size = 0, sha512, blockMapSize } = await buildBlockMap(file, "deflate");
  return { size, sha512, blockMapSize };
}

const packageIn = (folder: string, version: string) => path.join(folder, `Bellows-${version}.AppImage`);

function describe(folder: string, options: ReleaseOptions, facts: FileFacts): Published {
  const { version, key, channel = "latest", platform = PLATFORM } = options;
  const file = packageIn(folder, version);
  const name = path.basename(file);
  const feed = path.join(folder, "latest-linux.yml");
  writeFileSync(
    feed,
    stringify({
      version,
      files: [{ url: name, ...facts }],
      path: name,
      sha512: facts.sha512,
      releaseDate: "2026-11-20T10:00:00.000Z",
      ...(options.notes === undefined ? {} : { releaseNotes: options.notes }),
      ...(options.stagingPercentage === undefined ? {} : { stagingPercentage: options.stagingPercentage }),
    }),
  );
  signFeed(feed, { privateKeyPem: key.privateKeyPem, channel, platform });
  return { feed, package: file };
}

/** The feed as the app reads it. */
export const readFeed = (file: string): Record<string, unknown> =>
  parse(readFileSync(file, "utf8")) as Record<string, unknown>;

/** Changes what a feed says after it was signed. */
export function tamper(file: string, change: (feed: Record<string, unknown>) => void): void {
  const feed = readFeed(file);
  change(feed);
  writeFileSync(file, stringify(feed));
}

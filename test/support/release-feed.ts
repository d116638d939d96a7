/** A release feed as the release tools make it: packages, electron-builder's yml, and our signatures beside. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
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
  readonly content?: string;
  readonly notes?: string;
  readonly stagingPercentage?: number;
}

export const PLATFORM = `${process.platform}-${process.arch}`;

/** Writes package and feed into `folder`; returns the feed's file. */
export function publishRelease(folder: string, options: ReleaseOptions): { feed: string; package: string } {
  const { version, key, channel = "latest", platform = PLATFORM, content = `package ${version}` } = options;
  mkdirSync(folder, { recursive: true });
  const name = `Bellows-${version}.AppImage`;
  writeFileSync(path.join(folder, name), content);
  const sha512 = createHash("sha512").update(content).digest("base64");
  const feed = path.join(folder, "latest-linux.yml");
  writeFileSync(
    feed,
    stringify({
      version,
      files: [{ url: name, sha512, size: Buffer.byteLength(content) }],
      path: name,
      sha512,
      releaseDate: "2026-11-20T10:00:00.000Z",
      ...(options.notes === undefined ? {} : { releaseNotes: options.notes }),
      ...(options.stagingPercentage === undefined ? {} : { stagingPercentage: options.stagingPercentage }),
    }),
  );
  signFeed(feed, { privateKeyPem: key.privateKeyPem, channel, platform });
  return { feed, package: path.join(folder, name) };
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

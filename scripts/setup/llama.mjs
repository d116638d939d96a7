// llama.cpp, for text generation: its own small installation beside the app's, locked file by file, without the
// prebuilt libraries of other platforms (all of them are 640 MB; this one platform's is 30).
import fs from "node:fs";
import path from "node:path";
import { readJson } from "../lib/files.mjs";
import { cacheDir, inRepo } from "../lib/paths.mjs";
import { lastLines } from "../lib/run.mjs";
import { SetupFailure } from "./failure.mjs";
import { runNpm } from "./npm.mjs";

export const llamaDir = path.join(cacheDir, "llama");

export const llamaManifest = path.join(llamaDir, "node_modules", "node-llama-cpp", "package.json");

/** The CPU build of each platform; CUDA and Vulkan builds are ten times as big. */
const PREBUILT = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-x64": "mac-x64",
  "darwin-arm64": "mac-arm64-metal",
  "win32-x64": "win-x64",
  "win32-arm64": "win-arm64",
};

const lockFile = inRepo("resources", "llama", "package-lock.json");
const wantedVersion = () =>
  readJson(inRepo("resources", "llama", "package.json")).dependencies["node-llama-cpp"];
const prebuilt = () => PREBUILT[`${process.platform}-${process.arch}`];

export function isLlamaInstalled() {
  const versionOf = (name) => readJson(path.join(llamaDir, "node_modules", name, "package.json"))?.version;
  const wanted = wantedVersion();
  return versionOf("node-llama-cpp") === wanted && versionOf(`@node-llama-cpp/${prebuilt()}`) === wanted;
}

/** True when something was installed. */
export async function ensureLlama(progress) {
  if (isLlamaInstalled()) return false;
  if (prebuilt() === undefined) {
    throw new SetupFailure(
      "llama",
      `There is no llama.cpp build for ${process.platform} on ${process.arch}.`,
    );
  }
  const step = progress.step(`llama.cpp ${wantedVersion()} for text generation, 85 MB`);
  const fresh = `${llamaDir}.new`;
  fs.rmSync(fresh, { recursive: true, force: true });
  fs.mkdirSync(fresh, { recursive: true });
  fs.copyFileSync(inRepo("resources", "llama", "package.json"), path.join(fresh, "package.json"));
  fs.copyFileSync(lockFile, path.join(fresh, "package-lock.json"));
  const quiet = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  // Not `npm ci`: that wants every platform's library in the lock file, also those a registry does not carry.
  await npm(["install", "--no-save", ...quiet, `@node-llama-cpp/${prebuilt()}@${wantedVersion()}`], fresh);
  fs.rmSync(llamaDir, { recursive: true, force: true });
  fs.renameSync(fresh, llamaDir);
  step.done("llama.cpp is in place");
  return true;
}

async function npm(args, cwd) {
  const { code, output } = await runNpm(args, { cwd });
  if (code !== 0) {
    throw new SetupFailure(
      "llama",
      `llama.cpp could not be installed (${lastLines(output, 1)}): look at the network and the free disk space, then run this again.`,
    );
  }
}

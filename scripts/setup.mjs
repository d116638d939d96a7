// Brings what a fresh checkout lacks: packages, a newer Node, the starter model, Electron, and for tests the system's part.
//   node scripts/setup.mjs [--for start|headless|test|package] [--quiet] [--retry-electron]
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { fingerprint, readJson, writeJson } from "./lib/files.mjs";
import { withLock } from "./lib/lock.mjs";
import { bundledNode } from "./lib/node24.mjs";
import { cacheDir, inRepo, nodeModules } from "./lib/paths.mjs";
import { endRunning } from "./lib/run.mjs";
import { electronNote, readElectron } from "./setup/electron.mjs";
import { exitCodes, SetupFailure } from "./setup/failure.mjs";
import { ensureElectron } from "./setup/get-electron.mjs";
import { ensureLlama, llamaManifest } from "./setup/llama.mjs";
import { ensureStarterModel, modelFiles, starterModel } from "./setup/model.mjs";
import { checkNode, ensureNpmPackages } from "./setup/npm-packages.mjs";
import { createProgress, seconds } from "./setup/progress.mjs";
import { ensurePrometheus } from "./setup/prometheus.mjs";
import { ensureSystemPackages, isDebian, packageDatabase } from "./setup/system-packages.mjs";

/** What set-up is for: the app with its window, the same without one, every test, or an installer. */
const PURPOSES = ["start", "headless", "test", "package"];

/** What set-up may do without: the caller can still run what does not need it. */
const OPTIONAL = ["electron", "systemPackages", "llama"];

const lockFile = path.join(cacheDir, "setup.lock");
const temporaryRoot = path.join(cacheDir, "tmp");

/** Whether windows can be shown here. */
export function hasDisplay() {
  if (process.platform !== "linux") return true;
  return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/**
 * Brings everything `purpose` needs. Throws SetupFailure when the app can't run without what is missing.
 * @returns {Promise<{changed: boolean, missing: SetupFailure[]}>} `missing`: what it has to do without
 */
export async function setUp({ purpose = "start", quiet = false, retryElectron = false } = {}) {
  const progress = createProgress({ quiet });
  checkNode();
  if (!retryElectron && isStamped(purpose)) return { changed: false, missing: [] };
  const wait = () => progress.print("· Waiting for another set-up in this checkout to end");
  return withLock(lockFile, () => bring(purpose, progress, retryElectron), { onWait: wait });
}

async function bring(purpose, progress, retryElectron) {
  if (!retryElectron && isStamped(purpose)) return { changed: false, missing: [] };
  const missing = [];
  let changed = false;
  const attempt = async (work) => {
    try {
      if (await work()) changed = true;
    } catch (error) {
      if (!(error instanceof SetupFailure) || !OPTIONAL.includes(error.reason)) throw diskAware(error);
      missing.push(error);
    }
  };
  // Left by an interrupted run; nothing in there was ever used.
  fs.rmSync(temporaryRoot, { recursive: true, force: true });
  await attempt(() => ensureNpmPackages(progress));
  await attempt(() => ensureStarterModel(progress, temporaryRoot));
  if (needsElectron(purpose))
    await attempt(() => ensureElectron(progress, temporaryRoot, { retry: retryElectron }));
  if (purpose === "test") {
    await attempt(() => ensureLlama(progress));
    await attempt(() => ensurePrometheus(progress, temporaryRoot));
    await attempt(() => ensureSystemPackages(progress));
  }
  fs.rmSync(temporaryRoot, { recursive: true, force: true });
  if (missing.length === 0) writeStamp(purpose);
  return { changed, missing };
}

function needsElectron(purpose) {
  return purpose === "test" || purpose === "package" || (purpose === "start" && hasDisplay());
}

const stampFile = (purpose) => path.join(cacheDir, `setup-${purpose}.json`);

/** True when every file that set-up looked at last time is still the same file. */
function isStamped(purpose) {
  const stamp = readJson(stampFile(purpose));
  if (!stamp) return false;
  const now = state(purpose);
  return (
    Object.keys(now).length === Object.keys(stamp).length &&
    Object.keys(now).every((key) => now[key] === stamp[key])
  );
}

function writeStamp(purpose) {
  writeJson(stampFile(purpose), state(purpose));
}

function state(purpose) {
  const files = [
    inRepo("package-lock.json"),
    inRepo("resources", "models", "catalogue.json"),
    path.join(nodeModules, ".package-lock.json"),
    bundledNode(),
    ...modelFiles(starterModel()),
  ];
  if (needsElectron(purpose)) files.push(electronNote, readElectron()?.executable);
  if (purpose === "test") files.push(llamaManifest);
  if (purpose === "test" && isDebian()) files.push(packageDatabase);
  return Object.fromEntries(
    files.map((file, index) => [file ?? `missing ${index}`, file ? fingerprint(file) : "missing"]),
  );
}

function diskAware(error) {
  if (error.code !== "ENOSPC") return error;
  return new SetupFailure(
    "disk",
    "The disk is full: free about 2 GB and run the same command again; what is done stays done.",
  );
}

function parse(args) {
  const options = { purpose: "start", quiet: false, retryElectron: false };
  for (let i = 0; i < args.length; i += 1) {
    if (args[i] === "--quiet") options.quiet = true;
    else if (args[i] === "--retry-electron") options.retryElectron = true;
    else if (args[i] === "--for" && PURPOSES.includes(args[i + 1])) options.purpose = args[++i];
    else
      throw new SetupFailure(
        "usage",
        `Usage: npm run setup -- [--for ${PURPOSES.join("|")}] [--quiet] [--retry-electron]`,
      );
  }
  return options;
}

/** Ends what set-up started when it is told to stop. Returns the way to take that back. */
export function stopSetUpOnSignals() {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const stop = async () => {
    process.stderr.write("\nStopping…\n");
    await endRunning();
    process.stderr.write("Interrupted; the same command goes on where this one stopped.\n");
    process.exit(exitCodes.interrupted);
  };
  for (const signal of signals) process.once(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}

async function main() {
  const startedAt = Date.now();
  stopSetUpOnSignals();
  try {
    const options = parse(process.argv.slice(2));
    const { changed, missing } = await setUp(options);
    for (const failure of missing) process.stderr.write(`${failure.message}\n`);
    // The app runs without a window; the tests don't count without the window tests.
    if (options.purpose === "test") process.exitCode = missing[0]?.exitCode ?? 0;
    createProgress(options).print(
      `${closingSentence(options.purpose, changed, missing)} (${seconds(Date.now() - startedAt)})`,
    );
  } catch (error) {
    // Anything else is a mistake in set-up itself, which only its stack explains.
    process.stderr.write(`${error instanceof SetupFailure ? error.message : error.stack}\n`);
    process.exitCode = error.exitCode ?? 1;
  }
}

function closingSentence(purpose, changed, missing) {
  if (missing.length > 0 && purpose === "test") return "Set up, but the window tests will fail.";
  if (missing.length > 0) return "Set up for headless use, without a window.";
  return changed ? "Everything is set up." : "Nothing to do, everything is in place.";
}

if (import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) await main();

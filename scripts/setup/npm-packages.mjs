// node_modules as package-lock.json says, and the newer Node that comes with it.
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readJson } from "../lib/files.mjs";
import { bundledNode, versionOf } from "../lib/node24.mjs";
import { inRepo, nodeModules } from "../lib/paths.mjs";
import { SetupFailure } from "./failure.mjs";
import { npmCause, runNpm, watched } from "./npm.mjs";

const LEAST_NODE = [20, 19];
const LEAST_BUNDLED_NODE = [22, 12];

/** A slow disk unpacks for minutes without a byte of network; only a real hang lasts longer. */
const CI_STALL_MS = 10 * 60_000;

/** Another npm still at work in node_modules (a set-up that was killed leaves one behind), or a virus scanner. */
const COLLISION_SIGNS = /ENOTEMPTY|ENOENT|EBUSY/;
const RETRY_MS = 5_000;

export function checkNode() {
  if (!atLeast(process.versions.node, LEAST_NODE)) {
    throw new SetupFailure(
      "node",
      `Bellows needs Node ${LEAST_NODE.join(".")} or newer to set itself up, this is ${process.versions.node}: install a current Node from nodejs.org.`,
    );
  }
}

export async function ensureNpmPackages(progress) {
  if (packagesAreCurrent() && bundledNodeIsGood()) return false;
  await checkNpm();
  const step = progress.step("Installing the packages of package-lock.json");
  await installPackages(step);
  if (!bundledNodeIsGood()) {
    throw new SetupFailure(
      "packages",
      "The Node that the npm package `node` brings does not run here: allow its install script (npm config ignore-scripts must be false) or use a supported platform.",
    );
  }
  step.done(`Packages installed, with Node ${versionOf(bundledNode())}`);
  return true;
}

/**
 * Compares the lock file with what npm noted in node_modules. Done by content and not by time, so that a
 * package somebody added with `npm i` meanwhile does not throw the whole folder away.
 */
export function packagesAreCurrent() {
  const wanted = readJson(inRepo("package-lock.json"))?.packages;
  const present = readJson(path.join(nodeModules, ".package-lock.json"))?.packages;
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([place, entry]) => {
    if (place === "" || entry.link) return true;
    const there = present[place];
    if (!there) return Boolean(entry.optional || entry.devOptional);
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

function bundledNodeIsGood() {
  const node = bundledNode();
  const version = node && versionOf(node);
  return Boolean(version) && atLeast(version.slice(1), LEAST_BUNDLED_NODE);
}

async function installPackages(step) {
  const first = await runCi(step);
  if (first.code === 0) return;
  if (COLLISION_SIGNS.test(first.output)) {
    await sleep(RETRY_MS);
    const second = await runCi(step);
    if (second.code === 0) return;
  }
  const cause = first.stalled
    ? "npm made no progress any more; run the same command again."
    : npmCause(first.output);
  throw new SetupFailure("packages", `Packages could not be installed: ${cause}`);
}

function runCi(step) {
  const args = ["ci", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  const total = topLevelPackages();
  let fewest = Number.POSITIVE_INFINITY;
  const report = (count) => {
    // npm takes the old packages away first; only what comes after that is progress.
    fewest = Math.min(fewest, count);
    step.report(count > fewest ? `${Math.min(count, total)} of ${total} packages` : "preparing");
  };
  return watched(
    (onStart) => runNpm(args, { onStart }),
    () => foldersPresent(),
    report,
    CI_STALL_MS,
  );
}

function topLevelPackages() {
  const places = Object.keys(readJson(inRepo("package-lock.json"))?.packages ?? {});
  return places.filter((place) => place.lastIndexOf("node_modules/") === 0).length;
}

function foldersPresent() {
  const list = (folder) => {
    try {
      return fs.readdirSync(folder);
    } catch {
      return [];
    }
  };
  const names = list(nodeModules).filter((name) => !name.startsWith("."));
  return names.reduce(
    (sum, name) => sum + (name.startsWith("@") ? list(path.join(nodeModules, name)).length : 1),
    0,
  );
}

async function checkNpm() {
  const { code } = await runNpm(["--version"]);
  if (code !== 0) {
    throw new SetupFailure(
      "node",
      "npm is not on the PATH: install it with Node (on Debian: apt-get install npm), then run this again.",
    );
  }
}

function atLeast(version, [major, minor]) {
  const [haveMajor, haveMinor] = version.split(".").map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}

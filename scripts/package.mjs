// `npm run package`: a strict build packed by electron-builder, then the result is looked at: its security switches, its
// native files, its bill of materials.
//   npm run package [-- deb | rpm | AppImage | nsis | dmg]   without a name: what electron-builder.yml says
//   npm run package:dir                                      the unpacked folder of this platform
import fs from "node:fs";
import path from "node:path";
import { ensureBuilt } from "./lib/build-step.mjs";
import { filesUnder, readJson } from "./lib/files.mjs";
import { ensureNode24, projectNode } from "./lib/node24.mjs";
import { cacheDir, inRepo, modelsDir, nodeModules, repoRoot, shown } from "./lib/paths.mjs";
import { runForwarding } from "./lib/run.mjs";
import { LINKS, linkScript } from "./package/link-scripts.mjs";
import { billOfMaterials } from "./package/sbom.mjs";
import { readElectron } from "./setup/electron.mjs";
import { SetupFailure } from "./setup/failure.mjs";
import { setUp, stopSetUpOnSignals } from "./setup.mjs";

const PLATFORM_FLAG = { linux: "--linux", win32: "--win", darwin: "--mac" };

/** The opposite settings would let anybody who can start the app run code in its name, with its keys. */
const FUSES = {
  RunAsNode: false,
  EnableCookieEncryption: true,
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  LoadBrowserProcessSpecificV8Snapshot: false,
  GrantFileProtocolExtraPrivileges: false,
};

class PackageFailure extends Error {}

const staging = path.join(cacheDir, "electron-for-package");

async function main(targets) {
  await prepare();
  await ensureNode24(process.argv[1]);
  const builder = [path.join(nodeModules, "electron-builder", "cli.js"), PLATFORM_FLAG[process.platform]];
  const sbom = writeBillOfMaterials();
  const args = [...builder, ...targets, "--publish", "never", ...linkScriptArgs(), ...electronArgs()];
  // Relative, because electron-builder joins it to the project folder even when it is absolute.
  const env = {
    ...process.env,
    BELLOWS_STARTER_MODELS: path.relative(repoRoot, modelsDir),
    BELLOWS_SBOM: path.relative(repoRoot, sbom),
  };
  const code = await runForwarding(projectNode(), args, { cwd: inRepo(), env });
  fs.rmSync(staging, { recursive: true, force: true });
  if (code !== 0) throw new PackageFailure(`electron-builder ended with exit code ${code}.`);
  const executable = packagedExecutable();
  const wrong = await wrongFuses(executable);
  if (wrong.length > 0)
    throw new PackageFailure(`${shown(executable)} has wrong security switches: ${wrong.join(", ")}.`);
  const foreign = foreignBinaries(path.dirname(executable));
  if (foreign.length > 0) {
    throw new PackageFailure(`The package holds native files of other systems: ${foreign.join(", ")}.`);
  }
  process.stdout.write(
    `✓ ${shown(path.dirname(executable))}: ${Object.keys(FUSES).length} security switches read back as set, native files of this system only\n`,
  );
}

function writeBillOfMaterials() {
  const file = inRepo("release", "bellows.cdx.json");
  const electron = electronVersion();
  const bom = billOfMaterials({ platform: `${process.platform}-${process.arch}`, electron });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify(bom, null, 2)}\n`);
  return file;
}

/** What deb and rpm run after they unpacked, and after they were removed. */
function linkScriptArgs() {
  if (process.platform !== "linux") return [];
  const theirs = path.join(nodeModules, "app-builder-lib", "templates", "linux");
  return Object.keys(LINKS).flatMap((name) => {
    const file = inRepo("release", name);
    fs.writeFileSync(file, linkScript(name, fs.readFileSync(path.join(theirs, name), "utf8")));
    const option = name === "after-install.tpl" ? "afterInstall" : "afterRemove";
    return ["deb", "rpm"].map((kind) => `--config.${kind}.${option}=${path.relative(repoRoot, file)}`);
  });
}

function electronVersion() {
  const electron = readElectron();
  return electron?.source === "registry"
    ? electron.version
    : readJson(inRepo("package.json")).devDependencies.electron;
}

/** First bytes of what another system's loader would open: ELF, Mach-O (both orders, and fat), PE. */
const LOADERS = {
  linux: ["7f454c46"],
  darwin: ["cffaedfe", "feedfacf", "cafebabe"],
  win32: ["4d5a"],
};

/** Native files of a system or machine this package is not for; by what they are, not by what they are called. */
function foreignBinaries(folder) {
  const ours = LOADERS[process.platform];
  const theirs = Object.values(LOADERS)
    .flat()
    .filter((magic) => !ours.includes(magic));
  const natives = filesUnder(folder).filter((file) => /\.(node|so|dylib|dll)(\.\d+)*$/.test(file));
  return natives.filter((file) => isForeign(file, theirs)).map((file) => path.relative(folder, file));
}

function isForeign(file, theirs) {
  const head = Buffer.alloc(20);
  const handle = fs.openSync(file, "r");
  fs.readSync(handle, head, 0, head.length, 0);
  fs.closeSync(handle);
  const hex = head.toString("hex");
  if (theirs.some((magic) => hex.startsWith(magic))) return true;
  // An ELF file says in bytes 18 and 19 which machine it is for: 62 is x64, 183 is arm64.
  const machine = { x64: 62, arm64: 183 }[process.arch];
  return hex.startsWith(LOADERS.linux[0]) && machine !== undefined && head.readUInt16LE(18) !== machine;
}

async function prepare() {
  const stopListening = stopSetUpOnSignals();
  const { missing } = await setUp({ purpose: "package" });
  if (missing.length > 0) throw missing[0];
  const { ok, output } = await ensureBuilt({ strict: true });
  if (!ok) throw new PackageFailure(output.trim());
  stopListening();
}

/** electron-builder downloads the official Electron by itself; the registry's has to be handed to it. */
function electronArgs() {
  const electron = readElectron();
  if (electron?.source !== "registry") return [];
  const home = path.dirname(electron.executable);
  const link = path.join(home, "resources", "app");
  // A copy without the link to this checkout, which would otherwise be packed, and whose fuses may be changed.
  fs.rmSync(staging, { recursive: true, force: true });
  fs.cpSync(home, staging, { recursive: true, filter: (source) => source !== link });
  return [
    `--config.electronDist=${staging}`,
    `--config.electronVersion=${electron.version}`,
    // Its Node is too old for the ledger: the engine runs on another one, which can't look into an archive.
    ...["dist/**", "node_modules/**", "package.json"].map((kept) => `--config.asarUnpack=${kept}`),
  ];
}

function packagedExecutable() {
  const places = {
    linux: ["linux-unpacked/bellows", "linux-arm64-unpacked/bellows"],
    win32: ["win-unpacked/Bellows.exe", "win-arm64-unpacked/Bellows.exe"],
    darwin: ["mac-arm64/Bellows.app", "mac/Bellows.app"],
  };
  const found = places[process.platform]
    .map((place) => inRepo("release", place))
    .find((file) => fs.existsSync(file));
  if (!found) throw new PackageFailure("electron-builder left no unpacked app in release/ to check.");
  return found;
}

async function wrongFuses(executable) {
  const { FuseState, FuseV1Options, getCurrentFuseWire } = await import("@electron/fuses");
  const wire = await getCurrentFuseWire(executable);
  return Object.entries(FUSES)
    .filter(([name, on]) => wire[FuseV1Options[name]] !== (on ? FuseState.ENABLE : FuseState.DISABLE))
    .map(([name, on]) => `${name} is not ${on ? "on" : "off"}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof SetupFailure || error instanceof PackageFailure;
  process.stderr.write(`${expected ? error.message : error.stack}\n`);
  process.exitCode = 1;
}

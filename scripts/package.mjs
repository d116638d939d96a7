// `npm run package`: a strict build packed by electron-builder, then the security switches read back from the result.
//   npm run package [-- deb | rpm | nsis | dmg]   without a name: the unpacked folder of this platform
import fs from "node:fs";
import path from "node:path";
import { ensureBuilt } from "./lib/build-step.mjs";
import { ensureNode24, projectNode } from "./lib/node24.mjs";
import { cacheDir, inRepo, modelsDir, nodeModules, repoRoot, shown } from "./lib/paths.mjs";
import { runForwarding } from "./lib/run.mjs";
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
  const args = [...builder, ...(targets.length > 0 ? targets : ["dir"]), ...electronArgs()];
  // Relative, because electron-builder joins it to the project folder even when it is absolute.
  const env = { ...process.env, BELLOWS_STARTER_MODELS: path.relative(repoRoot, modelsDir) };
  const code = await runForwarding(projectNode(), args, { cwd: inRepo(), env });
  fs.rmSync(staging, { recursive: true, force: true });
  if (code !== 0) throw new PackageFailure(`electron-builder ended with exit code ${code}.`);
  const executable = packagedExecutable();
  const wrong = await wrongFuses(executable);
  if (wrong.length > 0)
    throw new PackageFailure(`${shown(executable)} has wrong security switches: ${wrong.join(", ")}.`);
  process.stdout.write(
    `✓ ${shown(path.dirname(executable))}, ${Object.keys(FUSES).length} security switches read back as set\n`,
  );
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
  return [`--config.electronDist=${staging}`, `--config.electronVersion=${electron.version}`];
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

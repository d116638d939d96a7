// `npm start`: sets up, builds, then opens the app where there is a display and runs headless where there is none.
//   npm start [-- --headless] [arguments for the app or for `bellows up`]
import fs from "node:fs";
import { isFresh } from "./build/inputs.mjs";
import { ensureBuilt } from "./lib/build-step.mjs";
import { isInUse, markInUse } from "./lib/in-use.mjs";
import { projectNode } from "./lib/node24.mjs";
import { inRepo } from "./lib/paths.mjs";
import { runForwarding } from "./lib/run.mjs";
import { electronLaunch } from "./setup/electron.mjs";
import { SetupFailure } from "./setup/failure.mjs";
import { hasDisplay, setUp, stopSetUpOnSignals } from "./setup.mjs";

/** Before the app can say so itself: Chromium's complaints about the desktop (no system bus, …) help nobody here. */
const QUIET_DESKTOP = process.platform === "linux" ? ["--log-level=3"] : [];

const cli = inRepo("dist", "node", "cli.js");

const say = (text) => process.stderr.write(`${text}\n`);

process.exitCode = await start(process.argv.slice(2));

async function start(args) {
  const headless = args.includes("--headless");
  const appArgs = args.filter((arg) => arg !== "--headless");
  const stopListening = stopSetUpOnSignals();
  const prepared = (await prepare(headless)) && (await buildIfNeeded());
  stopListening();
  if (!prepared) return 1;
  // Until this process ends, which is when the app has.
  markInUse();
  const launch = !headless && hasDisplay() ? electronLaunch([...QUIET_DESKTOP, ...appArgs]) : null;
  if (launch === null) {
    const args = [cli, "up", ...appArgs];
    return runForwarding(projectNode(), args, { env: appEnvironment(), tied: true });
  }
  say("Starting Bellows…");
  return runForwarding(launch.executablePath, launch.args, { env: appEnvironment(launch.env), tied: true });
}

async function prepare(headless) {
  try {
    const { missing } = await setUp({ purpose: headless ? "headless" : "start" });
    for (const failure of missing) say(`${failure.message}\nGoing on without a window.`);
    return true;
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    say(error.message);
    return false;
  }
}

async function buildIfNeeded() {
  if (isInUse() && fs.existsSync(cli)) {
    if (!isFresh())
      say("Bellows runs from dist/ already, so it is not built anew: quit it first to run what changed.");
    return true;
  }
  const { ok, built, output } = await ensureBuilt({ strict: true, anew: false });
  if (!ok) say(`${output.trim()}\nThe build failed, so there is nothing to start.`);
  else if (built) say("✓ Built dist/");
  return ok;
}

function appEnvironment(extra = {}) {
  const env = { ...process.env, ...extra };
  // Set in terminals that run inside another Electron program: it would turn ours into a plain Node.
  delete env.ELECTRON_RUN_AS_NODE;
  return env;
}

// The Node that the project's own code runs on: the running one if new enough, else the one npm ci brought.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { nodeModules } from "./paths.mjs";
import { runForwarding } from "./run.mjs";

/** better-sqlite3 is built against Node-API 10; under an older Node it crashes instead of throwing. */
const NEEDED_NODE_API = 10;

const REEXEC_GUARD = "BELLOWS_REEXEC";

export const runningNodeIsNewEnough = () => Number(process.versions.napi) >= NEEDED_NODE_API;

/** Absolute path of the Node from node_modules, or null before `npm ci`. The real file, so that it survives as a child's execPath. */
export function bundledNode() {
  const name = process.platform === "win32" ? "node.exe" : "node";
  const file = path.join(nodeModules, "node", "bin", name);
  return fs.existsSync(file) ? fs.realpathSync(file) : null;
}

/** The Node to start project code with, or null when neither will do. */
export const projectNode = () => bundledNode() ?? (runningNodeIsNewEnough() ? process.execPath : null);

/** What `node --version` says, or null when the binary does not run. */
export function versionOf(node) {
  const { status, stdout } = spawnSync(node, ["--version"], { encoding: "utf8", windowsHide: true });
  return status === 0 ? stdout.trim() : null;
}

/** Runs `script` again under the project's Node when this one is too old; returns only when this one will do. */
export async function ensureNode24(script, args = process.argv.slice(2)) {
  if (runningNodeIsNewEnough()) return;
  const node = bundledNode();
  if (!node || process.env[REEXEC_GUARD]) {
    process.stderr.write(
      `Node ${process.versions.node} is too old and node_modules has no newer one: run \`npm run setup\` first.\n`,
    );
    process.exit(1);
  }
  process.exit(
    await runForwarding(node, [script, ...args], { env: { ...process.env, [REEXEC_GUARD]: "1" } }),
  );
}

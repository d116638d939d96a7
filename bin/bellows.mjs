#!/usr/bin/env node
// Starts the command line of this checkout under a Node that is new enough, building it first when it is out of date.
import fs from "node:fs";
import { isFresh } from "../scripts/build/inputs.mjs";
import { ensureBuilt } from "../scripts/lib/build-step.mjs";
import { isInUse } from "../scripts/lib/in-use.mjs";
import { projectNode } from "../scripts/lib/node24.mjs";
import { inRepo } from "../scripts/lib/paths.mjs";
import { runForwarding } from "../scripts/lib/run.mjs";

const cli = inRepo("dist", "node", "cli.js");

process.exitCode = await main();

async function main() {
  const node = projectNode();
  if (!node) return fail("Bellows is not set up in this checkout: run `npm run setup` first.");
  if (!(await hasCurrentCli()))
    return fail("The command line could not be built; `npm run build` shows why.");
  // As src/host/engine-node.ts has it, which may not be built yet.
  const options = ["--max-semi-space-size=1", "--no-opt", "--single-threaded", "--expose-gc"];
  return runForwarding(node, [...options, cli, ...process.argv.slice(2)]);
}

async function hasCurrentCli() {
  // Tests and services start a build that somebody else made; rebuilding under them would be a surprise.
  if (process.env.BELLOWS_NO_BUILD) return fs.existsSync(cli);
  // Nor does what runs from it expect another dist/ under it.
  if (isInUse() && fs.existsSync(cli)) {
    if (!isFresh())
      process.stderr.write(
        "Bellows runs from dist/, so it is not built anew: quit it first to run what changed.\n",
      );
    return true;
  }
  const { ok, output } = await ensureBuilt();
  if (!ok) process.stderr.write(output);
  return ok && fs.existsSync(cli);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  return 1;
}

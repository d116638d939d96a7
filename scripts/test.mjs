// `npm test`: sets up, builds, checks types and style, runs the tests, and ends in one line that counts them all.
//   npm test [-- arguments for vitest, such as --project unit or a file name]
import fs from "node:fs";
import path from "node:path";
import { ensureBuilt } from "./lib/build-step.mjs";
import { readJson } from "./lib/files.mjs";
import { projectNode } from "./lib/node24.mjs";
import { cacheDir, inRepo, nodeModules, shown, testResults } from "./lib/paths.mjs";
import { endRunning, runQuietly } from "./lib/run.mjs";
import { SetupFailure } from "./setup/failure.mjs";
import { seconds } from "./setup/progress.mjs";
import { setUp, stopSetUpOnSignals } from "./setup.mjs";
import { startDisplay } from "./test/display.mjs";
import { failedFiles, readVitestReport, withSecondRun } from "./test/report.mjs";

const REPORT = path.join(testResults, "vitest.json");
const TAIL_LINES = 40;
const MOST_FILES_AGAIN = 6;

/** Where vitest prints one line per test file: a mark, then the project. */
const FILE_LINE = /^ [✓❯×↓] \|/;

const say = (text = "") => process.stdout.write(`${text}\n`);

const totals = { passed: 0, failed: 0, skipped: 0 };

async function test(vitestArgs) {
  fs.mkdirSync(testResults, { recursive: true });
  // Pictures of screens that are called otherwise today, or are gone, would pass for today's.
  if (["", "--project e2e", "--project=e2e"].includes(vitestArgs.join(" ")))
    fs.rmSync(path.join(testResults, "e2e"), { recursive: true, force: true });
  if (await prepare()) {
    const [built] = await Promise.all([build(), typecheck(), lint()]);
    await runTests(built, vitestArgs);
  }
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
  say();
  say(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
}

/** Without packages nothing can run; without a display only the window tests can't. */
async function prepare() {
  const startedAt = Date.now();
  const stopListening = stopSetUpOnSignals();
  try {
    const { missing } = await setUp({ purpose: "test" });
    for (const failure of missing) {
      totals.failed += 1;
      say(`✗ set-up: ${failure.message}`);
    }
    if (missing.length === 0) say(`✓ set-up (${seconds(Date.now() - startedAt)})`);
    return true;
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    totals.failed += 1;
    say(`✗ set-up: ${error.message}`);
    return false;
  } finally {
    stopListening();
  }
}

async function build() {
  const startedAt = Date.now();
  const { ok, output } = await ensureBuilt({ strict: true });
  conclude("build", ok, output, startedAt);
  if (!ok) totals.failed += 1;
  return ok;
}

const typecheck = () =>
  check("types", [inRepo("node_modules", "typescript", "bin", "tsc"), "--noEmit", "--pretty", "false"]);

const lint = () =>
  check("style", [inRepo("node_modules", "@biomejs", "biome", "bin", "biome"), "check", "--colors=off", "."]);

async function check(name, args) {
  const startedAt = Date.now();
  const { code, output } = await runQuietly(projectNode(), args, { cwd: inRepo() });
  conclude(name, code === 0, output, startedAt);
  totals[code === 0 ? "passed" : "failed"] += 1;
}

async function runTests(built, vitestArgs) {
  const startedAt = Date.now();
  const only = vitestArgs.some((arg) => arg.startsWith("--project"));
  // Everything else starts programs of dist/, which would be missing or, worse, an older build's.
  const args = built || only ? vitestArgs : [...vitestArgs, "--project", "unit"];
  const display = await startDisplay();
  const run = await vitest(args, display.env, "vitest");
  const counts = await secondLook(run, display.env);
  display.stop();
  for (const { name, message } of counts.failures) say(`\n✗ ${name}\n${indent(message)}`);
  if (run.report === null) say(indent(tail(run.output)));
  for (const key of Object.keys(totals)) totals[key] += counts[key];
  const mark = counts.failed === 0 ? "✓" : "✗";
  say(`${mark} tests (${seconds(Date.now() - startedAt)}), in full in ${shown(logOf("vitest"))}`);
}

async function vitest(vitestArgs, env, log) {
  const args = [
    path.join(nodeModules, "vitest", "vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${REPORT}`,
    "--no-color",
    ...vitestArgs,
  ];
  fs.rmSync(REPORT, { force: true });
  const { code, output } = await endingOnSignals(() =>
    runQuietly(projectNode(), args, {
      cwd: inRepo(),
      env: testEnvironment(env),
      onLine: (line) => FILE_LINE.test(line) && say(line),
      logFile: logOf(log),
    }),
  );
  return { code, output, report: fs.existsSync(REPORT) ? readJson(REPORT) : null };
}

/**
 * A few files that failed run once more, alone: what passes then failed for want of time or by chance, and is named,
 * with what it said, so that somebody mends it. What fails twice has failed.
 */
async function secondLook(first, env) {
  const counts = readVitestReport(first.report, first.code);
  const files = failedFiles(first.report);
  if (files.length === 0 || files.length > MOST_FILES_AGAIN) return counts;
  say(`\nOnce more, alone: ${files.join(", ")}`);
  const again = await vitest(files, env, "vitest-again");
  if (again.report === null) return counts;
  const final = readVitestReport(withSecondRun(first.report, again.report), again.code);
  const stillFailing = new Set(final.failures.map(({ name }) => name));
  for (const { name, message } of counts.failures) {
    if (!stillFailing.has(name)) say(`\n! unsteady, passed when run alone: ${name}\n${indent(message)}`);
  }
  return final;
}

function testEnvironment(extra) {
  const env = { ...process.env, ...extra, BELLOWS_NO_BUILD: "1", BELLOWS_CACHE_DIR: cacheDir };
  // Programs that tests start by the name `node` are to be the project's Node as well.
  env.PATH = [path.dirname(projectNode()), env.PATH].join(path.delimiter);
  // Another Electron's terminal would turn ours into a plain Node, another desktop would be drawn on.
  delete env.ELECTRON_RUN_AS_NODE;
  if (extra.DISPLAY) delete env.WAYLAND_DISPLAY;
  return env;
}

async function endingOnSignals(work) {
  const stop = () => endRunning();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

function conclude(name, ok, output, startedAt) {
  fs.writeFileSync(logOf(name), output);
  say(`${ok ? "✓" : "✗"} ${name} (${seconds(Date.now() - startedAt)})`);
  if (!ok) say(`${indent(tail(output))}\n  in full in ${shown(logOf(name))}`);
}

const logOf = (name) => path.join(testResults, `${name}.log`);

const tail = (output) => output.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");

const indent = (text) => text.replace(/^/gm, "  ");

await test(process.argv.slice(2));
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;

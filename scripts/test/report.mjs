// Reads vitest's JSON report: how many tests passed, and what to show of those that did not.
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { repoRoot } from "../lib/paths.mjs";

const MESSAGE_LINES = 14;

/** Stack lines inside test tools say nothing about what failed. */
const FOREIGN_FRAME = /^\s+at .*(node_modules|node:internal|new Promise)/;

/** @returns {{passed: number, failed: number, skipped: number, failures: {name: string, message: string}[]}} */
export function readVitestReport(report, exitCode) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const file of report?.testResults ?? []) countFile(counts, file);
  // An error outside every test (an unhandled rejection, a worker that died) shows in the exit code only.
  if (exitCode !== 0 && counts.failed === 0) {
    counts.failed = 1;
    counts.failures.push({ name: "vitest", message: `ended with exit code ${exitCode} outside of any test` });
  }
  return counts;
}

/** Files with a failure in them, as vitest takes them on its command line. */
export function failedFiles(report) {
  return (report?.testResults ?? [])
    .filter(({ status }) => status === "failed")
    .map(({ name }) => path.relative(repoRoot, name));
}

/** The report in which the files of `again` stand as they ended there. */
export function withSecondRun(report, again) {
  const seen = new Set(again.testResults.map(({ name }) => name));
  const others = report.testResults.filter(({ name }) => !seen.has(name));
  return { ...report, testResults: [...others, ...again.testResults] };
}

function countFile(counts, file) {
  const place = path.relative(repoRoot, file.name);
  for (const test of file.assertionResults) {
    if (test.status === "passed") counts.passed += 1;
    else if (test.status !== "failed") counts.skipped += 1;
    else
      fail(
        counts,
        `${place} › ${[...test.ancestorTitles, test.title].join(" › ")}`,
        test.failureMessages.join("\n"),
      );
  }
  const failedAsAWhole =
    file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed");
  if (failedAsAWhole) fail(counts, place, file.message ?? "");
}

function fail(counts, name, message) {
  counts.failed += 1;
  const lines = stripVTControlCharacters(message)
    .split("\n")
    .filter((line) => !FOREIGN_FRAME.test(line));
  counts.failures.push({ name, message: lines.slice(0, MESSAGE_LINES).join("\n") });
}

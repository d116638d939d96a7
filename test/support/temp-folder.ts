/** A folder of its own for a test or for a whole suite, gone when that ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { onTestFinished } from "./side-by-side.ts";

export function tempFolder(): string {
  const folder = newFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** To be called where the suite is described. */
export function suiteFolder(): string {
  const folder = newFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), "bellows-test-"));

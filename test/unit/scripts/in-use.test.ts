import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isInUse, markInUse } from "../../../scripts/lib/in-use.mjs";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "bellows-in-use-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("what runs from dist/", () => {
  it("is another process that lives", () => {
    expect(isInUse(path.join(folder, "never"))).toBe(false);
    writeFileSync(path.join(folder, String(process.ppid)), "");
    expect(isInUse(folder)).toBe(true);
  });

  it("is not this one, nor one that has ended or been silent", () => {
    const release = markInUse(folder);
    expect(isInUse(folder)).toBe(false);
    release();
    writeFileSync(path.join(folder, "4194999"), ""); // Beyond the highest process id of Linux.
    expect(isInUse(folder)).toBe(false);
    const silent = path.join(folder, String(process.ppid));
    writeFileSync(silent, "");
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(silent, longAgo, longAgo);
    expect(isInUse(folder)).toBe(false);
  });
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ConfigSources, loadConfig } from "../../../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { findSavedCulprits, resetSaved } from "../../../../src/engine/config/saved-repair.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), "bellows-repair-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const sources = (env: Record<string, string> = {}): ConfigSources => ({
  env: { BELLOWS_DATA_DIR: root, ...env },
  flags: {},
  paths: locatePaths(),
  keyAtWindow: true,
});

function save(settings: Record<string, unknown>, secrets: Record<string, unknown> = {}): void {
  mkdirSync(root, { recursive: true });
  writeFileSync(path.join(root, "settings.json"), JSON.stringify({ version: 1, settings }));
  writeFileSync(path.join(root, "secrets.json"), JSON.stringify({ version: 1, settings: secrets }));
}
const saved = (): unknown => JSON.parse(readFileSync(path.join(root, "settings.json"), "utf8")).settings;
const found = (env?: Record<string, string>) =>
  findSavedCulprits(sources(env)).map(({ key, value }) => ({ key, value }));

describe("saved settings that keep the engine from starting", () => {
  it("are named: an address whose key is gone", () => {
    save({ "aitbc.coordinator_url": "http://127.0.0.1:8203", "log.level": "debug" });
    expect(() => loadConfig(sources())).toThrow(/AITBC_COORDINATOR_KEY/);
    expect(found()).toEqual([{ key: "aitbc.coordinator_url", value: "http://127.0.0.1:8203" }]);
  });

  it("are taken away alone, and the engine can start", () => {
    save(
      { "aitbc.coordinator_url": "http://127.0.0.1:8203", "log.level": "debug", "of.a.newer.version": 7 },
      { "aitbc.key_of_a_newer_version": "newer-secret" },
    );
    resetSaved(sources(), "aitbc.coordinator_url");
    expect(saved()).toEqual({ "log.level": "debug", "of.a.newer.version": 7 });
    expect(found()).toEqual([]);
    expect(readFileSync(path.join(root, "secrets.json"), "utf8"), "kept where it was").toContain(
      "newer-secret",
    );
  });

  it("never tell a secret", () => {
    save({}, { "aitbc.coordinator_key": "miner-key-0123456789" });
    expect(found()).toEqual([{ key: "aitbc.coordinator_key", value: null }]);
    resetSaved(sources(), "aitbc.coordinator_key");
    expect(readFileSync(path.join(root, "secrets.json"), "utf8")).not.toContain("miner-key");
  });

  it("are not blamed for what environment or file say wrongly", () => {
    save({ "log.level": "debug" });
    expect(found({ MAX_CONCURRENCY: "lots" })).toEqual([]);
    expect(() => resetSaved(sources({ MAX_CONCURRENCY: "lots" }), "log.level")).toThrow(
      /so it was left as it is/,
    );
    expect(saved()).toEqual({ "log.level": "debug" });
    // Both at once: only what was saved is offered.
    save({ "aitbc.coordinator_url": "http://127.0.0.1:8203" });
    expect(found({ MAX_CONCURRENCY: "lots" }).map(({ key }) => key)).toEqual(["aitbc.coordinator_url"]);
  });
});

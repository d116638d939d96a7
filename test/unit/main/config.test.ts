import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { locatePaths } from "../../../src/engine/config/paths.ts";
import { planEngine } from "../../../src/main/config.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const AITBC = { AITBC_COORDINATOR_URL: "http://127.0.0.1:1", AITBC_COORDINATOR_KEY: "key-of-a-miner-0001" };

interface Told {
  readonly env?: Readonly<Record<string, string>>;
  /** What the app saved. */
  readonly saved?: Readonly<Record<string, unknown>>;
  readonly safeMode?: boolean;
}

/** How the app's engine begins; `before`: what was wanted of another ledger's engine. */
function startOf({ env = {}, saved = {}, safeMode = false }: Told, before: "running" | "paused" | null) {
  const data = tempFolder();
  mkdirSync(data, { recursive: true });
  writeFileSync(path.join(data, "settings.json"), JSON.stringify({ version: 1, settings: saved }));
  const plan = planEngine(
    { env: { BELLOWS_DATA_DIR: data, ...env }, flags: {}, paths: locatePaths() },
    { keySeal: () => ({ store: null, refused: null }), safeMode: () => safeMode },
  );
  return plan.startAs?.(before);
}

const DONE = { "app.first_run": "done" };

describe.each([
  ["the demo", {}],
  ["a real market", AITBC],
])("how %s begins in the app", (_name, env) => {
  it("as it was left, set up or not", () => {
    expect(startOf({ env }, null)).toBe("as-left");
    expect(startOf({ env, saved: DONE }, null)).toBe("as-left");
  });

  it("with work where its person wants that at each start, but not before the set-up is done", () => {
    const saved = { "work.start_as": "running" };
    expect(startOf({ env, saved: { ...DONE, ...saved } }, null)).toBe("running");
    expect(startOf({ env, saved: { "app.first_run": "key", ...saved } }, null)).toBe("as-left");
    expect(startOf({ env: { ...env, BELLOWS_START: "running" } }, null)).toBe("as-left");
  });

  it("as another ledger's engine was left a moment ago, and paused while the set-up is not done", () => {
    expect(startOf({ env, saved: DONE }, "running")).toBe("running");
    expect(startOf({ env, saved: DONE }, "paused")).toBe("paused");
    expect(startOf({ env, saved: { "app.first_run": "key" } }, "running")).toBe("paused");
  });

  it("without work in safe mode", () => {
    expect(startOf({ env, saved: DONE, safeMode: true }, null)).toBe("stopped");
    expect(startOf({ env, saved: DONE, safeMode: true }, "running")).toBe("stopped");
  });
});

/** A data folder on the machine it was made on, and on another one. */
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../../../src/engine/config/from-environment.ts";
import { openInstallation } from "../../../../src/engine/config/installation.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { moveIn, Residence } from "../../../../src/engine/config/residence.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const machine = (id: string | null) => () => Promise.resolve(id);
const [HERE, THERE] = [machine("a".repeat(32)), machine("b".repeat(32))];
const MARKETS = {
  BELLOWS_KEY_PASSPHRASE: "four words make one",
  AICF_QUEUE_URL: "http://127.0.0.1:9",
  AITBC_COORDINATOR_URL: "http://127.0.0.1:9",
  AITBC_COORDINATOR_KEY: "0123456789abcdef",
};

const configIn = (folder: string, env: Record<string, string> = {}) =>
  loadConfig({
    env: { ...MARKETS, BELLOWS_DATA_DIR: folder, ...env },
    flags: {},
    paths: locatePaths({ env: {} }),
  });

/** A folder that was at work on the first machine. */
async function lived() {
  const folder = tempFolder();
  const config = configIn(folder);
  await moveIn(config, HERE);
  return { folder, config, ids: openInstallation(config.dataFolder) };
}

describe("a data folder", () => {
  it("is at home where it was made, start after start, and does not tell the machine's id", async () => {
    const { config, ids } = await lived();
    const { residence, config: same } = await moveIn(config, HERE);
    expect(residence).toMatchObject({ isAsked: false, problem: null, isFreshCopy: false });
    expect(same).toEqual(config);
    expect(same.markets).toMatchObject({ aitbc: { minerId: ids.minerId }, aicf: { workerId: ids.workerId } });
    expect(readFileSync(join(config.dataFolder, "installation.json"), "utf8")).not.toContain("aaaa");
    expect(() => residence.answer("moved")).toThrow(/own machine/);
    await residence.whenSettled(AbortSignal.timeout(1));
  });

  it("of an older version is marked without a word", async () => {
    const config = configIn(tempFolder());
    expect((await moveIn(config, THERE)).residence.isAsked).toBe(false);
    expect((await moveIn(config, HERE)).residence.isAsked).toBe(true);
  });

  it("on another machine waits for its person, and settles nothing by itself", async () => {
    const { config, ids } = await lived();
    for (let start = 0; start < 2; start++) {
      const { residence } = await moveIn(config, THERE);
      expect(residence).toMatchObject({ isAsked: true, problem: { code: "OTHER_MACHINE", actor: "user" } });
      const waiting = residence.whenSettled(AbortSignal.abort(new Error("ended")));
      await expect(waiting).rejects.toThrow("ended");
    }
    expect(openInstallation(config.dataFolder)).toEqual(ids);
    expect((await moveIn(config, HERE)).residence.isAsked, "it came back").toBe(false);
  });

  it("that was moved goes on under its names, and is at home there from then on", async () => {
    const { config, ids } = await lived();
    (await moveIn(config, THERE)).residence.answer("moved");
    const { residence, config: after } = await moveIn(config, THERE);
    expect(residence).toMatchObject({ isAsked: false, isFreshCopy: false });
    expect(after.markets.aicf?.workerId).toBe(ids.workerId);
    expect((await moveIn(config, HERE)).residence.isAsked).toBe(true);
  });

  it("that was copied gets names of its own, and lets the other one's jobs go once", async () => {
    const { folder, ids } = await lived();
    const copy = tempFolder();
    cpSync(folder, copy, { recursive: true });
    const config = configIn(copy);
    (await moveIn(config, THERE)).residence.answer("copied");
    // As the next start reads it.
    const { residence, config: after } = await moveIn(configIn(copy), THERE);
    expect(residence).toMatchObject({ isAsked: false, isFreshCopy: true });
    expect(after.markets.aicf?.workerId).toMatch(/^worker-[0-9a-f]{12}$/);
    expect([after.markets.aicf?.workerId, after.markets.aitbc?.minerId]).not.toEqual([
      ids.workerId,
      ids.minerId,
    ]);
    residence.settledIn();
    expect((await moveIn(configIn(copy), THERE)).residence.isFreshCopy).toBe(false);
    expect(openInstallation(configIn(folder).dataFolder), "the original").toEqual(ids);
  });

  it("is not asked about where the configuration answers, and has its new names at once", async () => {
    const { folder, ids } = await lived();
    const moved = configIn(folder, { BELLOWS_OTHER_MACHINE: "moved" });
    expect((await moveIn(moved, THERE)).residence.isAsked).toBe(false);
    expect(openInstallation(moved.dataFolder)).toMatchObject({ workerId: ids.workerId });
    const copied = configIn(folder, { BELLOWS_OTHER_MACHINE: "copied" });
    const { residence, config } = await moveIn(copied, HERE);
    expect(residence).toMatchObject({ isAsked: false, isFreshCopy: true });
    expect(config.markets.aicf?.workerId).toBe(openInstallation(copied.dataFolder).workerId);
    expect(config.markets.aicf?.workerId).not.toBe(ids.workerId);
    expect(config.markets.aitbc?.minerId).not.toBe(ids.minerId);
  });

  it.each([{ BELLOWS_WORKER_ID: "pod-0" }, { AITBC_MINER_ID: "rack-7" }])(
    "whose names are given is nobody's question: %o",
    async (env) => {
      const { folder } = await lived();
      const config = configIn(folder, env as Record<string, string>);
      expect(config.otherMachine).toBeUndefined();
      expect((await moveIn(config, THERE)).residence.isAsked).toBe(false);
    },
  );

  it("on a machine without a name is at home, and so is a demo, which leaves no file", async () => {
    const { config } = await lived();
    expect((await moveIn(config, machine(null))).residence.isAsked).toBe(false);
    const demo = tempFolder();
    expect((await Residence.open({ dataFolder: demo })).isFreshCopy).toBe(false);
    expect(existsSync(join(demo, "installation.json"))).toBe(false);
  });
});

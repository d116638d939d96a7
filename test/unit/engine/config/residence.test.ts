/** A data folder on the machine it was made on, and on another one. */
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../../../src/engine/config/from-environment.ts";
import { openInstallation } from "../../../../src/engine/config/installation.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { moveIn, Residence, settleFolder } from "../../../../src/engine/config/residence.ts";
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
    expect(residence).toMatchObject({ isAsked: false, problem: null, nameOfCopy: null });
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
    expect(residence).toMatchObject({ isAsked: false, nameOfCopy: null });
    expect(after.markets.aicf?.workerId).toBe(ids.workerId);
    expect((await moveIn(config, HERE)).residence.isAsked).toBe(true);
  });

  it("that was copied gets names of its own", async () => {
    const { folder, ids } = await lived();
    const copy = tempFolder();
    cpSync(folder, copy, { recursive: true });
    const config = configIn(copy);
    (await moveIn(config, THERE)).residence.answer("copied");
    // As the next start reads it.
    const { residence, config: after } = await moveIn(configIn(copy), THERE);
    expect(residence).toMatchObject({ isAsked: false, nameOfCopy: expect.any(String) });
    expect(after.markets.aicf?.workerId).toMatch(/^worker-[0-9a-f]{12}$/);
    expect([after.markets.aicf?.workerId, after.markets.aitbc?.minerId]).not.toEqual([
      ids.workerId,
      ids.minerId,
    ]);
    expect(residence.nameOfCopy).toBe(after.markets.aicf?.workerId);
    expect(openInstallation(configIn(folder).dataFolder), "the original").toEqual(ids);
  });

  it("is not asked about where the configuration answers, and has its new names at once", async () => {
    const { folder, ids } = await lived();
    const moved = configIn(folder, { BELLOWS_OTHER_MACHINE: "moved" });
    expect((await moveIn(moved, THERE)).residence.isAsked).toBe(false);
    expect(openInstallation(moved.dataFolder)).toMatchObject({ workerId: ids.workerId });
    const copied = configIn(folder, { BELLOWS_OTHER_MACHINE: "copied" });
    const { residence, config } = await moveIn(copied, HERE);
    expect(residence).toMatchObject({ isAsked: false, nameOfCopy: expect.any(String) });
    expect(config.markets.aicf?.workerId).toBe(openInstallation(copied.dataFolder).workerId);
    expect(config.markets.aicf?.workerId).not.toBe(ids.workerId);
    expect(config.markets.aitbc?.minerId).not.toBe(ids.minerId);
  });

  it("that was copied keeps its new names when its engine is started once more as it was first", async () => {
    const { config, ids } = await lived();
    const asked = await moveIn(config, THERE);
    asked.residence.answer("copied");
    // The desktop app reads its settings once: each engine it starts is told the names of that moment.
    for (let start = 0; start < 2; start++) {
      const { config: after } = await moveIn(config, THERE);
      const { minerId, workerId } = openInstallation(config.dataFolder);
      expect([minerId, workerId]).not.toEqual([ids.minerId, ids.workerId]);
      expect(after.markets).toMatchObject({ aitbc: { minerId }, aicf: { workerId } });
    }
  });

  it.each(["copied", "moved"] as const)("of an older version is %s where somebody says so", async (as) => {
    const said = configIn(tempFolder(), { BELLOWS_OTHER_MACHINE: as });
    const before = openInstallation(said.dataFolder);
    const { residence, config } = await moveIn(said, THERE);
    const isCopy = as === "copied";
    expect(residence).toMatchObject({ isAsked: false, nameOfCopy: isCopy ? expect.any(String) : null });
    expect(config.markets.aicf?.workerId === before.workerId).toBe(!isCopy);

    const { dataFolder } = configIn(tempFolder());
    const unmarked = openInstallation(dataFolder);
    await settleFolder(dataFolder, as, THERE);
    expect(openInstallation(dataFolder).minerId === unmarked.minerId).toBe(!isCopy);
    await expect(settleFolder(dataFolder, as, THERE)).rejects.toThrow(/own machine/);
  });

  it("is nobody's question where each market it works for is given a name", async () => {
    const { folder } = await lived();
    const given = { BELLOWS_WORKER_ID: "pod-0", AITBC_MINER_ID: "rack-7" };
    const config = configIn(folder, given);
    expect(config.otherMachine).toBeUndefined();
    expect((await moveIn(config, THERE)).residence.isAsked).toBe(false);

    const said = await moveIn(configIn(folder, { ...given, BELLOWS_OTHER_MACHINE: "copied" }), THERE);
    expect(said.residence, "an answer holds all the same").toMatchObject({ nameOfCopy: expect.any(String) });
    expect(said.config.markets).toMatchObject({ aitbc: { minerId: "rack-7" }, aicf: { workerId: "pod-0" } });
  });

  it.each([{ BELLOWS_WORKER_ID: "pod-0" }, { AITBC_MINER_ID: "rack-7" }])(
    "is asked about where only one of two names is given, and that one stands: %o",
    async (env) => {
      const { folder, ids } = await lived();
      const config = configIn(folder, env as Record<string, string>);
      const { residence } = await moveIn(config, THERE);
      expect(residence.isAsked).toBe(true);
      residence.answer("copied");
      const { aitbc, aicf } = (await moveIn(config, THERE)).config.markets;
      const now = openInstallation(config.dataFolder);
      expect(now.workerId).not.toBe(ids.workerId);
      expect([aitbc?.minerId, aicf?.workerId]).toEqual([
        env.AITBC_MINER_ID ?? now.minerId,
        env.BELLOWS_WORKER_ID ?? now.workerId,
      ]);
    },
  );

  it("on a machine without a name is at home, and so is a demo, which leaves no file", async () => {
    const { config } = await lived();
    expect((await moveIn(config, machine(null))).residence.isAsked).toBe(false);
    const demo = tempFolder();
    expect((await Residence.open({ dataFolder: demo })).nameOfCopy).toBeNull();
    expect(existsSync(join(demo, "installation.json"))).toBe(false);
  });
});

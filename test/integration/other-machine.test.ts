/** A data folder on another machine: no market hears of it before its person has said what it is, and then the right one. */
import { cpSync } from "node:fs";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { startEngine } from "../../src/engine/engine.ts";
import { PASSPHRASE_VARIABLE } from "../../src/engine/identity/identity.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { CHAIN_ID, devnet } from "../support/devnet.ts";
import { onTestFinished } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";

const PASSPHRASE = "four words make one";
const patience = { timeout: 30 * SECOND, interval: 50 };
const [HERE, THERE] = ["a".repeat(32), "b".repeat(32)];

test(
  "asks, is silent at the market meanwhile, and goes on under the names the answer gives it",
  async () => {
    process.env[PASSPHRASE_VARIABLE] = PASSPHRASE;
    onTestFinished(() => {
      delete process.env[PASSPHRASE_VARIABLE];
    });
    const market = await devnet();
    const heard = () => market.log().length;

    async function engineIn(folder: string, machine: string) {
      const env = {
        AICF_QUEUE_URL: market.ready.queueUrl,
        RPC_URL: market.ready.nodeUrl,
        CHAIN_ID: String(CHAIN_ID),
        GPU_BACKEND: "cpu",
        METRICS_ENABLED: "0",
        BELLOWS_PORT: "0",
        BELLOWS_AUTO_STAKE: "100",
        BELLOWS_STAKE_WITHOUT_BACKUP: "1",
        BELLOWS_DATA_DIR: folder,
        [PASSPHRASE_VARIABLE]: PASSPHRASE,
      };
      const config = loadConfig({ env, flags: {}, paths: locatePaths() });
      const machineId = () => Promise.resolve(machine);
      const engine = await startEngine(config, new ForkProcessHost(), { machineId });
      onTestFinished(() => engine.shutdown());
      const registered = () =>
        expect.poll(() => engine.snapshot().state.markets[0]?.state, patience).toBe("registered");
      return { engine, registered, workerId: config.markets.aicf?.workerId };
    }

    const folder = tempFolder();
    const original = await engineIn(folder, HERE);
    await original.registered();
    expect(original.engine.snapshot().state.engine.fromOtherMachine).toBeUndefined();
    await expect(original.engine.handlers["machine.settle"]({ as: "moved" })).rejects.toMatchObject({
      code: "SAME_MACHINE",
    });
    await original.engine.shutdown();

    const copy = tempFolder();
    cpSync(folder, copy, { recursive: true });
    for (const [as, place] of [
      ["moved", folder],
      ["copied", copy],
    ] as const) {
      const before = heard();
      const { engine } = await engineIn(place, THERE);
      const { state } = engine.snapshot();
      expect(state.engine).toMatchObject({ fromOtherMachine: true, letGoByCopy: { results: 0, jobs: 0 } });
      expect(state.headline).toMatchObject({
        level: "error",
        sentence: "Waiting for your answer: was the data folder moved or copied?",
      });
      expect(state.headline.reasons[0]?.help).toContain("bellows machine moved");
      expect(engine.readiness().ready).toBe(false);
      await engine.handlers["machine.settle"]({ as });
      await engine.ended;
      expect(engine.restartWanted).toBe(true);
      expect(heard(), "not a word to the market").toBe(before);

      const after = await engineIn(place, THERE);
      await after.registered();
      expect(after.engine.snapshot().state.engine.fromOtherMachine).toBeUndefined();
      if (as === "moved") expect(after.workerId).toBe(original.workerId);
      else expect(after.workerId).not.toBe(original.workerId);
      await after.engine.shutdown();
    }
  },
  120 * SECOND,
);

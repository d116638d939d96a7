/** The demo's two configurations fit together, and its keys are made once, for it alone. */
import fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { prepareDemo } from "../../../../src/engine/config/demo.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import type { DevnetReady } from "../../../../src/shared/config.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const paths = locatePaths();
const READY: DevnetReady = {
  kind: "ready",
  coordinatorUrl: "http://127.0.0.1:41001",
  gpuUrl: null,
  chainRpcUrl: "http://127.0.0.1:41002",
  queueUrl: "http://127.0.0.1:41003",
  nodeUrl: "http://127.0.0.1:41004",
  logFile: "/nowhere/log.jsonl",
};

let data: string;
beforeEach(() => {
  data = tempFolder();
});

const prepare = (env: Record<string, string> = {}, folder = data) =>
  prepareDemo({ env, flags: { dataFolder: folder }, paths });

describe("a demo", () => {
  it("connects the engine to the devnet it was told of, with the one key that is let in", () => {
    const demo = prepare();
    const devnet = demo.devnetConfig();
    const engine = demo.engineConfig(READY);
    expect(engine.mode).toBe("demo");
    expect(engine.markets.aitbc).toMatchObject({
      coordinatorUrl: READY.coordinatorUrl,
      rpcUrl: READY.chainRpcUrl,
      coordinatorKey: devnet.minerApiKey,
      wallet: devnet.payeeWallet,
    });
    expect(engine.markets.aicf).toMatchObject({
      queueUrl: READY.queueUrl,
      rpcUrl: READY.nodeUrl,
      chainId: devnet.chainId,
      autoStakeNano: "100000000000",
    });
  });

  it("takes free ports first and the same ones after a restart", () => {
    const demo = prepare();
    expect(demo.devnetConfig().ports).toEqual({ coordinator: 0, chainRpc: 0, queue: 0, node: 0 });
    expect(demo.devnetConfig(READY).ports).toEqual({
      coordinator: 41001,
      chainRpc: 41002,
      queue: 41003,
      node: 41004,
    });
  });

  it("serves AITBC's gpu service in the era that was asked for, with a key of its own", () => {
    const served = { ...READY, gpuUrl: "http://127.0.0.1:41005" };
    expect(prepare().devnetConfig()).toMatchObject({ aitbcDialect: "coordinator" });
    const today = prepare({ BELLOWS_DEMO_AITBC_DIALECT: "today" });
    const { gpuApiKey, minerApiKey, ports, aitbcDialect } = today.devnetConfig(served);
    expect({ aitbcDialect, gpu: ports.gpu }).toEqual({ aitbcDialect: "today", gpu: 41005 });
    expect(gpuApiKey).not.toBe(minerApiKey);
    expect(today.engineConfig(served).markets.aitbc).toMatchObject({
      gpuUrl: served.gpuUrl,
      gpuKey: gpuApiKey,
    });
    const guide = prepare({ BELLOWS_DEMO_AITBC_DIALECT: "guide" });
    expect(guide.engineConfig(served).markets.aitbc).toMatchObject({ gpuUrl: served.gpuUrl, gpuKey: null });
  });

  it("keeps its keys, privately and apart from live data", () => {
    const first = prepare();
    const again = prepare();
    const other = prepare({}, path.join(data, "other"));
    expect(first.dataFolder).toBe(path.join(data, "demo"));
    expect(again.devnetConfig()).toEqual(first.devnetConfig());
    expect(again.engineConfig(READY)).toEqual(first.engineConfig(READY));
    expect(other.devnetConfig().minerApiKey).not.toBe(first.devnetConfig().minerApiKey);
    if (process.platform !== "win32") {
      expect(fs.statSync(path.join(data, "demo", "demo.json")).mode & 0o777).toBe(0o600);
    }
  });

  it("obeys the settings that make sense for it", () => {
    const demo = prepare({
      BELLOWS_DEMO_RATE: "4.5",
      BELLOWS_DEMO_EPOCH: "3s",
      BATCH_SIZE: "2",
      GPU_BACKEND: "cpu",
    });
    expect(demo.devnetConfig()).toMatchObject({ epochMs: 3000, demand: { jobsPerSecond: 4.5 } });
    expect(demo.engineConfig(READY)).toMatchObject({ batchSize: 2, gpuBackend: "cpu" });
  });

  it("begins running, and goes on as it was left after a crash", () => {
    const demo = prepare();
    expect(demo.engineConfig(READY).startAs).toBe("running");
    expect(demo.engineConfig(READY, "as-left").startAs).toBe("as-left");
  });
});

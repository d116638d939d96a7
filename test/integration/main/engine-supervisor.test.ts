import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { prepareDemo } from "../../../src/engine/config/demo.ts";
import { locatePaths } from "../../../src/engine/config/paths.ts";
import { ForkProcessHost } from "../../../src/host/fork-host.ts";
import type { WorkPlan } from "../../../src/host/work-processes.ts";
import { EngineSupervisor } from "../../../src/main/engine-supervisor.ts";
import type { EngineStatus } from "../../../src/shared/contract/bridge.ts";
import { SECOND } from "../../../src/shared/durations.ts";
import { AppError } from "../../../src/shared/errors.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const CHILD = fileURLToPath(new URL("scripted-child.ts", import.meta.url));
const within = { timeout: 15 * SECOND, interval: 20 };

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("EngineSupervisor, with real processes", () => {
  let folder: string;
  /** Where the next plan keeps its ledger. */
  let dataFolder: string;
  let engine: EngineSupervisor;
  let statuses: EngineStatus[];
  let planError: AppError | null;
  /** How the first engine of a ledger begins, where the plan has a word in it. */
  let startAs: WorkPlan["startAs"];

  beforeEach(() => {
    folder = tempFolder();
    planError = null;
    startAs = undefined;
    dataFolder = folder;
    const sources = () => ({ env: { BELLOWS_DATA_DIR: dataFolder }, flags: {}, paths: locatePaths() });
    engine = new EngineSupervisor({
      plan: () => {
        if (planError) throw planError;
        return { mode: "demo", ...prepareDemo(sources()), ...(startAs && { startAs }) };
      },
      host: new ForkProcessHost(),
      entries: { engine: CHILD, devnet: CHILD },
      timings: {
        engine: { firstRestart: 20, restartBase: 20, restartCap: 50, stopWithin: 500 },
        devnet: { stopWithin: 500 },
      },
    });
    statuses = [];
    engine.onStatus((status) => statuses.push(status));
    onTestFinished(() => engine.stop());
  });

  const orders = (name: string) => path.join(folder, "demo", name);
  const becomes = (state: EngineStatus["state"]) => vi.waitUntil(() => engine.status.state === state, within);
  const enginePid = async () => (await engine.invoke("state.snapshot", {})).state.engine.pid;

  it("brings up the devnet, then the engine, and carries commands and events", async () => {
    await expect(engine.invoke("run.pause", {})).rejects.toMatchObject({ code: "ENGINE_GONE" });
    const intents: (string | undefined)[] = [];
    engine.on("state.delta", ({ slices }) => intents.push(slices.engine?.intent));
    engine.start();
    engine.start(); // A second wish changes nothing.
    await becomes("up");
    expect(await engine.invoke("run.pause", {})).toEqual({ intent: "paused" });
    await vi.waitUntil(() => intents.length > 0, within);
    expect(intents).toEqual(["paused"]);
    expect(statuses.map(({ state }) => state)).toEqual(["starting", "up"]);
  });

  it("starts a killed engine again, as the person left it, and subscribers notice nothing", async () => {
    let events = 0;
    engine.on("state.delta", () => {
      events += 1;
    });
    engine.start();
    await becomes("up");
    expect(existsSync(orders("started-as-running"))).toBe(true);
    const first = await enginePid();
    process.kill(first, "SIGKILL");
    await becomes("restarting");
    await becomes("up");
    const second = await enginePid();
    expect(second).not.toBe(first);
    expect(existsSync(orders("started-as-as-left"))).toBe(true);
    await engine.invoke("run.start", {});
    await vi.waitUntil(() => events === 1, within);
    const lost = statuses.find((status) => status.state === "restarting");
    expect(lost).toMatchObject({ error: { message: expect.stringContaining("SIGKILL") } });
  });

  it("waits for room on a disk that is full at the app's start, and says so meanwhile", async () => {
    planError = new AppError({ code: "DATA_FOLDER_FULL", message: "The disk is full", actor: "user" });
    engine.start();
    await becomes("restarting");
    expect(engine.status).toMatchObject({ error: { code: "DATA_FOLDER_FULL" } });
    planError = null;
    await becomes("up");
    expect(statuses.map(({ state }) => state)).not.toContain("failed");
  });

  it("plans anew when the engine asks to be started again, and says what is wrong with the new plan", async () => {
    engine.start();
    await becomes("up");
    const first = await enginePid();
    await engine.invoke("engine.restart", {});
    await becomes("restarting");
    await becomes("up");
    expect(await enginePid()).not.toBe(first);
    planError = new AppError({ code: "CONFIG_INVALID", message: "A setting is wrong", actor: "user" });
    await engine.invoke("engine.restart", {});
    await becomes("failed");
    expect(engine.status).toMatchObject({ error: { code: "CONFIG_INVALID" } });
    planError = null;
    engine.start();
    await becomes("up");
  });

  it("begins another ledger as the settings say: nobody left anything there", async () => {
    engine.start();
    await becomes("up");
    dataFolder = path.join(folder, "other");
    await engine.invoke("engine.restart", {});
    await becomes("restarting");
    await becomes("up");
    expect(existsSync(path.join(dataFolder, "demo", "started-as-running"))).toBe(true);
    expect(existsSync(path.join(dataFolder, "demo", "started-as-as-left"))).toBe(false);
  });

  it("tells the plan what was wanted in the ledger before", async () => {
    const before: (string | null)[] = [];
    startAs = (left) => {
      before.push(left);
      return left === null ? "as-left" : "stopped";
    };
    engine.start();
    await becomes("up");
    dataFolder = path.join(folder, "other");
    await engine.invoke("engine.restart", { start: true });
    await becomes("restarting");
    await becomes("up");
    expect(before).toEqual([null, "running"]);
    expect(existsSync(path.join(dataFolder, "demo", "started-as-stopped"))).toBe(true);
    // From now on it is this ledger's own that counts.
    process.kill(await enginePid(), "SIGKILL");
    await becomes("restarting");
    await becomes("up");
    expect(before).toHaveLength(2);
    expect(existsSync(path.join(dataFolder, "demo", "started-as-as-left"))).toBe(true);
  });

  it("ends an engine that hangs, hard, and starts it again", async () => {
    engine.start();
    await becomes("up");
    const first = await enginePid();
    process.kill(first, "SIGSTOP");
    engine.killHangingEngine();
    await becomes("restarting");
    await becomes("up");
    expect(await enginePid()).not.toBe(first);
  });

  it("shows the engine's own word when it can't start, and tries again when asked", async () => {
    engine.start();
    await becomes("up");
    await engine.stop();
    writeFileSync(orders("fatal"), "");
    engine.start();
    await becomes("failed");
    expect(engine.status).toMatchObject({ error: { code: "LEDGER_DAMAGED", actor: "user" } });
    rmSync(orders("fatal"));
    engine.start();
    await becomes("up");
  });

  it("shows a wrong setting as the reason, and reads the settings anew at the next try", async () => {
    planError = new AppError({ code: "CONFIG_INVALID", message: "A setting is wrong", actor: "user" });
    engine.start();
    await becomes("failed");
    expect(engine.status).toMatchObject({ error: { code: "CONFIG_INVALID" } });
    planError = null;
    engine.start();
    await becomes("up");
  });

  it("stops in order, and leaves no process even when one does not want to end", async () => {
    engine.start();
    await becomes("up");
    const pid = await enginePid();
    writeFileSync(orders("ignore-shutdown"), "");
    const began = Date.now();
    await engine.stop();
    expect(Date.now() - began).toBeGreaterThanOrEqual(490);
    expect(isAlive(pid)).toBe(false);
    expect(statuses.map(({ state }) => state)).toEqual(["starting", "up", "stopping"]);
  });

  it("can be stopped while it still starts", async () => {
    engine.start();
    await engine.stop();
    expect(engine.status.state).toBe("stopping");
    expect(engine.enginePid).toBeUndefined();
  });
});

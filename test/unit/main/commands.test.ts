import { beforeEach, describe, expect, it } from "vitest";
import { type CommandedEngine, carryOut } from "../../../src/main/commands.ts";
import type { EngineStatus } from "../../../src/shared/contract/bridge.ts";

const FAILED: EngineStatus = {
  state: "failed",
  since: 1,
  error: { code: "CONFIG_INVALID", message: "A setting is wrong", actor: "user" },
};

describe("carryOut", () => {
  let status: EngineStatus;
  let listeners: Set<(status: EngineStatus) => void>;
  let invoked: { command: string; input: unknown }[];
  let started: number;
  let afterStart: EngineStatus;
  let engine: CommandedEngine;

  const become = (next: EngineStatus) => {
    status = next;
    for (const listener of [...listeners]) listener(next);
  };

  beforeEach(() => {
    status = { state: "up", since: 1 };
    listeners = new Set();
    invoked = [];
    started = 0;
    afterStart = { state: "up", since: 2 };
    engine = {
      get status() {
        return status;
      },
      onStatus(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      start() {
        started += 1;
        become({ state: "starting", since: 2 });
        setImmediate(() => become(afterStart));
      },
      invoke: ((command: string, input: unknown) => {
        invoked.push({ command, input });
        return Promise.resolve({ intent: "running" });
      }) as never,
    };
  });

  it("passes a valid command on, with defaults filled in", async () => {
    await carryOut(engine, "jobs.list", {});
    expect(invoked).toEqual([{ command: "jobs.list", input: { limit: 50 } }]);
  });

  it.each([
    ["an unknown name", "engine.destroy", {}, "UNKNOWN_COMMAND"],
    ["a name that every object has", "constructor", {}, "UNKNOWN_COMMAND"],
    ["no name", undefined, {}, "UNKNOWN_COMMAND"],
    ["a wrong input", "jobs.list", { limit: 5000 }, "BAD_INPUT"],
    ["an input with more in it", "run.start", { force: true }, "BAD_INPUT"],
  ])("stops %s before it leaves main", async (_what, command, input, code) => {
    await expect(carryOut(engine, command, input)).rejects.toMatchObject({ code });
    expect(invoked).toEqual([]);
  });

  it("understands Start after a failure as: try again", async () => {
    status = FAILED;
    await carryOut(engine, "run.start", {});
    expect(started).toBe(1);
    expect(invoked).toEqual([{ command: "run.start", input: {} }]);
    expect(listeners.size).toBe(0);
  });

  it("tells the new cause when it fails again", async () => {
    status = FAILED;
    afterStart = FAILED;
    await expect(carryOut(engine, "run.start", {})).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(invoked).toEqual([]);
    expect(listeners.size).toBe(0);
  });

  it("starts nothing for any other command", async () => {
    status = FAILED;
    await carryOut(engine, "run.pause", {});
    expect(started).toBe(0);
  });
});

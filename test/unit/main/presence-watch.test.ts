import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PresenceWatch } from "../../../src/main/presence-watch.ts";
import { SECOND } from "../../../src/shared/durations.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function desktop() {
  const system = { idle: 0, onBattery: false, up: true, broken: false };
  const events = new EventEmitter();
  const said: [string, unknown][] = [];
  const power = Object.assign(events, {
    getSystemIdleTime: () => {
      if (system.broken) throw new Error("no idle time here");
      return system.idle;
    },
    isOnBatteryPower: () => system.onBattery,
  });
  const watch = new PresenceWatch({
    power,
    engine: {
      invoke: async (command: string, input: unknown) => {
        said.push([command, input]);
        return {} as never;
      },
    },
    isUp: () => system.up,
    clock: () => Date.now(),
  });
  /** A second after another, with the person away all the while. */
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      system.idle++;
      await vi.advanceTimersByTimeAsync(SECOND);
    }
  };
  const since = () => said.splice(0);
  return { system, events, watch, pass, since };
}

describe("what the desktop tells the engine", () => {
  test("is told every 15 s, and no oftener while nothing happens", async () => {
    const { pass, since, watch } = desktop();
    await pass(60);
    const reports = since();
    expect(reports.length).toBeGreaterThanOrEqual(4);
    expect(reports.length).toBeLessThanOrEqual(5);
    expect(reports[0]).toEqual(["presence.report", { idleSeconds: 2, onBattery: false, locked: null }]);
    watch.dispose();
  });

  test("who comes back is told at the next look", async () => {
    const { system, pass, since, watch } = desktop();
    await pass(90);
    since();
    system.idle = 0;
    await pass(2);
    expect(since()).toEqual([
      ["presence.report", expect.objectContaining({ idleSeconds: expect.any(Number) })],
    ]);
    watch.dispose();
  });

  test("a locked screen and an unplugged cable are told at once", async () => {
    const { system, events, pass, since, watch } = desktop();
    await pass(4);
    since();
    events.emit("lock-screen");
    expect(since()).toEqual([["presence.report", expect.objectContaining({ locked: true })]]);
    system.onBattery = true;
    await pass(2);
    expect(since()).toEqual([
      ["presence.report", expect.objectContaining({ onBattery: true, locked: true })],
    ]);
    watch.dispose();
  });

  test("a desktop that can't tell says so, and an engine that is down is told nothing", async () => {
    const { system, pass, since, watch } = desktop();
    system.broken = true;
    await pass(2);
    expect(since()).toEqual([["presence.report", expect.objectContaining({ idleSeconds: null })]]);
    system.up = false;
    await pass(40);
    expect(since()).toEqual([]);
    system.up = true;
    await pass(2);
    expect(since()).toHaveLength(1);
    watch.dispose();
  });

  test("after sleep the GPUs are looked for again, once", async () => {
    const { events, pass, since, watch } = desktop();
    events.emit("resume");
    events.emit("resume");
    await pass(4);
    expect(since().filter(([command]) => command === "devices.redetect")).toHaveLength(1);
    watch.dispose();
    expect(events.eventNames()).toEqual([]);
  });
});

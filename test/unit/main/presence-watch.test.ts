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
  let looked = 0;
  const power = Object.assign(events, {
    getSystemIdleTime: () => {
      looked++;
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
  const looks = () => {
    const count = looked;
    looked = 0;
    return count;
  };
  return { system, events, watch, pass, since, looks };
}

describe("what the desktop tells the engine", () => {
  test("is told every 15 s, and no oftener while nothing happens", async () => {
    const { pass, since, watch } = desktop();
    await pass(60);
    const reports = since();
    expect(reports).toHaveLength(4);
    expect(reports[0]).toEqual(["presence.report", { idleSeconds: 15, onBattery: false, locked: null }]);
    watch.dispose();
  });

  test("an idle machine is looked at with each report, one at work every 2 s and at once when it begins", async () => {
    const { looks, pass, since, watch } = desktop();
    await pass(60);
    expect(looks()).toBe(4);
    await pass(5);
    watch.follow(true);
    expect(looks()).toBe(1);
    await pass(10);
    watch.follow(true); // No news.
    expect(looks()).toBe(5);
    watch.follow(false);
    await pass(30);
    expect(looks()).toBe(2);
    since();
    watch.dispose();
  });

  test("who comes back is told at the next look", async () => {
    const { system, pass, since, watch } = desktop();
    watch.follow(true);
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
    watch.follow(true);
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
    await pass(15);
    expect(since()).toEqual([["presence.report", expect.objectContaining({ idleSeconds: null })]]);
    system.up = false;
    await pass(40);
    expect(since()).toEqual([]);
    system.up = true;
    await pass(15);
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

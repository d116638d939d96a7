import { describe, expect, test } from "vitest";
import type { FullscreenState } from "../../../../src/engine/presence/fullscreen.ts";
import { type PresenceDevice, PresenceKeeper } from "../../../../src/engine/presence/keeper.ts";
import { DeviceWishes } from "../../../../src/engine/presence/wishes.ts";
import { DEFAULT_PRESENCE_RULES, type PresenceRules } from "../../../../src/shared/contract/presence.ts";
import { HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";

const device = (id: string, change: Partial<PresenceDevice> = {}): PresenceDevice => ({
  id,
  name: id,
  kind: "gpu",
  isSlice: false,
  isReserved: false,
  programs: [],
  utilisationPct: 0,
  temperatureC: 40,
  hasOurs: false,
  works: false,
  ...change,
});

const draws = (pid: number, name = "mpv") => ({
  pid,
  name,
  memoryMb: 90,
  kind: "graphics" as const,
  ours: false,
});

/** Two GPUs, a clock that the test turns, and a note of each answer that changed. */
function scene(devices = [device("GPU-1"), device("GPU-2")]) {
  const world = {
    now: 1_790_000_000_000,
    devices,
    rules: DEFAULT_PRESENCE_RULES as PresenceRules,
    fullscreen: null as FullscreenState,
    signals: 0,
  };
  const kept: Record<string, string> = {};
  const store = {
    setting: (key: string) => kept[key] ?? null,
    setSetting: (key: string, value: string) => {
      kept[key] = value;
    },
  };
  const changes: string[] = [];
  const keeper = new PresenceKeeper({
    devices: () => world.devices,
    idle: () => ["GPU-old"],
    rules: () => world.rules,
    wishes: new DeviceWishes(store, "boot"),
    fullscreen: () => world.fullscreen,
    readOnBattery: async () => false,
    findListedProgram: async () => null,
    onChange: ({ id }, paused) => changes.push(`${id} ${paused?.by ?? "free"}`),
    onSignals: () => world.signals++,
    now: () => world.now,
  });
  const since = () => changes.splice(0);
  const later = (ms: number) => {
    world.now += ms;
    keeper.lookNow();
    return since();
  };
  return { world, keeper, since, later };
}

describe("the person's word", () => {
  test("counts at once, for one device or for all, and is no news twice", () => {
    const { keeper, since, later } = scene();
    keeper.pause("GPU-1", "hour");
    expect(since()).toEqual(["GPU-1 snooze"]);
    keeper.pause(undefined, "until-resumed");
    expect(since()).toEqual(["GPU-1 snooze", "GPU-2 snooze"]);
    expect(later(SECOND)).toEqual([]);
    keeper.resume(undefined);
    expect(since()).toEqual(["GPU-1 free", "GPU-2 free"]);
    keeper.setEnabled("GPU-2", false);
    expect(since()).toEqual(["GPU-2 switch"]);
    expect(keeper.viewOf("GPU-2")).toMatchObject({ enabled: false, paused: { by: "switch" } });
  });

  test("an hour's pause ends by itself after the hour", () => {
    const { keeper, since, later } = scene();
    keeper.pause("GPU-1", "hour");
    since();
    expect(later(HOUR - SECOND)).toEqual([]);
    expect(later(SECOND)).toEqual(["GPU-1 free"]);
  });

  test("is kept for a device that can't work yet", () => {
    const { keeper } = scene();
    keeper.setEnabled("GPU-old", false);
    expect(keeper.viewOf("GPU-old")).toMatchObject({ enabled: false, paused: null });
  });

  test("to a device that there is not is refused", () => {
    const { keeper } = scene();
    expect(() => keeper.setEnabled("GPU-9", false)).toThrow('There is no device "GPU-9"');
    expect(() => keeper.pause("GPU-9", "hour")).toThrow();
  });
});

describe("only the GPU in use pauses", () => {
  test("the one that lists the program that fills the screen", () => {
    const { world, later } = scene([
      device("GPU-1", { programs: [draws(7)] }),
      device("GPU-2", { programs: [draws(8)] }),
    ]);
    world.fullscreen = { pid: 8, name: "game" };
    expect(later(0)).toEqual(["GPU-2 fullscreen"]);
  });

  test("where none lists it, the one that draws the desktop", () => {
    const { world, later } = scene([device("GPU-1"), device("GPU-2", { programs: [draws(8, "Xorg")] })]);
    world.fullscreen = { pid: 4000, name: "game" };
    expect(later(0)).toEqual(["GPU-2 fullscreen"]);
  });

  test("where nothing is known of either, both", () => {
    const { world, later } = scene([
      device("GPU-1", { programs: null }),
      device("GPU-2", { programs: null }),
    ]);
    world.fullscreen = { pid: 4000, name: "game" };
    expect(later(0)).toEqual(["GPU-1 fullscreen", "GPU-2 fullscreen"]);
  });
});

describe("what the desktop reports", () => {
  const away = { onBattery: false, locked: null };

  test("counts for a minute: a desktop that went silent knows nothing any more", () => {
    const { world, keeper, since, later } = scene();
    world.rules = { ...DEFAULT_PRESENCE_RULES, idleMinutes: 5 };
    keeper.noteReport({ ...away, idleSeconds: 3 });
    expect(since()).toEqual(["GPU-1 person", "GPU-2 person"]);
    keeper.noteReport({ ...away, idleSeconds: 301 });
    expect(since()).toEqual(["GPU-1 free", "GPU-2 free"]);
    keeper.noteReport({ ...away, idleSeconds: 1 });
    since();
    // Unknown stops nothing, but not at once: the desktop may be on its way back.
    expect(later(MINUTE + SECOND)).toEqual([]);
    expect(later(2 * MINUTE)).toEqual(["GPU-1 free", "GPU-2 free"]);
  });

  test("a locked screen is nobody's, and its battery wins over the system's", () => {
    const { world, keeper, since } = scene([device("GPU-1")]);
    world.rules = { ...DEFAULT_PRESENCE_RULES, idleMinutes: 5 };
    keeper.noteReport({ idleSeconds: 0, onBattery: false, locked: true });
    expect(since()).toEqual([]);
    keeper.noteReport({ idleSeconds: 0, onBattery: true, locked: true });
    expect(since()).toEqual(["GPU-1 battery"]);
  });
});

describe("what is remembered", () => {
  test("our own work, and what it leaves behind, never counts as somebody else's", () => {
    const ours = { pid: 9, name: null, memoryMb: 4000, ours: false };
    const { world, later } = scene([
      device("GPU-1", { hasOurs: true, works: true, utilisationPct: 100, programs: [ours] }),
    ]);
    expect(later(0)).toEqual([]);
    world.devices = [device("GPU-1", { utilisationPct: 100, programs: [ours] })];
    expect(later(5 * SECOND)).toEqual([]);
    world.devices = [device("GPU-1")];
    expect(later(MINUTE)).toEqual([]);
  });

  test("a device that is gone is forgotten, one that waits for its own readings is told", () => {
    const { world, keeper, later } = scene([
      device("GPU-1", { programs: [{ ...draws(5, "game"), memoryMb: 5000 }] }),
    ]);
    expect(later(0)).toEqual(["GPU-1 otherProgram"]);
    expect(keeper.waitsForReadings).toBe(true);
    world.devices = [];
    expect(later(SECOND)).toEqual([]);
    expect(keeper.pauseOf("GPU-1")).toBeNull();
    expect(keeper.waitsForReadings).toBe(false);
  });

  test("words that change without the answer are shown, not acted on", () => {
    const { world, since, later } = scene([device("GPU-1")]);
    later(0);
    const before = world.signals;
    world.rules = { ...DEFAULT_PRESENCE_RULES, temperatureC: 84 };
    expect(later(SECOND)).toEqual([]);
    expect(world.signals).toBe(before + 1);
    expect(since()).toEqual([]);
  });
});

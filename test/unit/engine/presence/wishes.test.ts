import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FREE_WISH } from "../../../../src/engine/presence/judge.ts";
import { DeviceWishes, readBoot } from "../../../../src/engine/presence/wishes.ts";
import { HOUR, MINUTE } from "../../../../src/shared/durations.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const NOW = 1_790_000_000_000;

function store(kept: Record<string, string> = {}) {
  return {
    kept,
    setting: (key: string) => kept[key] ?? null,
    setSetting: (key: string, value: string) => {
      kept[key] = value;
    },
  };
}

describe("what the person said of a device", () => {
  test("nothing yet: it may work", () => {
    expect(new DeviceWishes(store(), "boot").of("GPU-1", NOW)).toEqual(FREE_WISH);
  });

  test("survives a restart of the engine, each word for itself", () => {
    const ledger = store();
    const before = new DeviceWishes(ledger, "boot");
    before.setEnabled("GPU-1", false, NOW);
    before.setTemperature("GPU-1", 75, NOW);
    before.pause("GPU-1", 5 * MINUTE, NOW);
    const after = new DeviceWishes(ledger, "boot");
    expect(after.of("GPU-1", NOW + MINUTE)).toEqual({
      enabled: false,
      temperatureC: 75,
      snooze: { until: NOW + 5 * MINUTE, boot: null },
    });
    expect(after.of("GPU-2", NOW)).toEqual(FREE_WISH);
  });

  test.each([
    ["hour", HOUR - 1, "boot", true],
    ["hour", HOUR, "boot", false],
    ["restart", 400 * HOUR, "boot", true],
    ["restart", MINUTE, "another boot", false],
    ["until-resumed", 4000 * HOUR, "another boot", true],
  ] as const)(
    "a pause for %s, %i ms later in run %s of the computer: %s",
    (length, laterMs, boot, paused) => {
      const ledger = store();
      new DeviceWishes(ledger, "boot").pause("GPU-1", length, NOW);
      expect(new DeviceWishes(ledger, boot).of("GPU-1", NOW + laterMs).snooze !== null).toBe(paused);
    },
  );

  test("a pause ends when somebody resumes it, the switch stays as it is", () => {
    const wishes = new DeviceWishes(store(), "boot");
    wishes.setEnabled("GPU-1", false, NOW);
    wishes.pause("GPU-1", "hour", NOW);
    wishes.resume("GPU-1", NOW);
    expect(wishes.of("GPU-1", NOW)).toEqual({ ...FREE_WISH, enabled: false });
  });

  test("what can't be read counts as nothing said", () => {
    for (const text of ["", "no json", '{"GPU-1":{"enabled":"yes"}}'])
      expect(new DeviceWishes(store({ "presence.wishes": text }), "boot").of("GPU-1", NOW)).toEqual(
        FREE_WISH,
      );
  });
});

describe("which run of the computer this is", () => {
  test("Linux says so", () => {
    const file = join(tempFolder(), "boot_id");
    writeFileSync(file, "4c1b0e\n");
    expect(readBoot(file)).toBe("4c1b0e");
  });

  test("elsewhere it is told by its begin, and a clock that was set by a minute is no other run", () => {
    const boot = readBoot("/nonexistent");
    expect(boot).toMatch(/^since:\d+$/);
    const moved = (seconds: number) => `since:${Number(boot.slice(6)) + seconds}`;
    const ledger = store();
    new DeviceWishes(ledger, boot).pause("GPU-1", "restart", NOW);
    expect(new DeviceWishes(ledger, moved(60)).of("GPU-1", NOW).snooze).not.toBeNull();
    expect(new DeviceWishes(ledger, moved(3600)).of("GPU-1", NOW).snooze).toBeNull();
  });
});

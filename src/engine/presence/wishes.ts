/** What the person said of each device: on or off, paused for a while, how hot it may get. It survives every restart. */
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { z } from "zod";
import type { PauseLength } from "../../shared/contract/devices.ts";
import { HOUR, MINUTE, SECOND } from "../../shared/durations.ts";
import { type DeviceWish, FREE_WISH } from "./judge.ts";

const SETTING = "presence.wishes";

const WishesSchema = z.record(
  z.string(),
  z.object({
    enabled: z.boolean(),
    snooze: z.object({ until: z.number().nullable(), boot: z.string().nullable() }).nullable(),
    temperatureC: z.number().nullable(),
  }),
);

/** The ledger's settings, as far as they are used. */
export interface SettingStore {
  setting(key: string): string | null;
  setSetting(key: string, value: string): void;
}

export class DeviceWishes {
  readonly #store: SettingStore;
  readonly #boot: string;
  #wishes: Readonly<Record<string, DeviceWish>>;

  /** `boot` names this run of the computer. */
  constructor(store: SettingStore, boot: string) {
    this.#store = store;
    this.#boot = boot;
    const kept = WishesSchema.safeParse(parseOrNull(store.setting(SETTING)));
    this.#wishes = kept.success ? kept.data : {};
  }

  /** With a pause that is over taken for none. */
  of(device: string, now: number): DeviceWish {
    const wish = this.#wishes[device];
    if (wish === undefined) return FREE_WISH;
    return wish.snooze !== null && this.#isOver(wish.snooze, now) ? { ...wish, snooze: null } : wish;
  }

  setEnabled(device: string, enabled: boolean, now: number): void {
    this.#change(device, { enabled }, now);
  }

  setTemperature(device: string, temperatureC: number | null, now: number): void {
    this.#change(device, { temperatureC }, now);
  }

  pause(device: string, length: PauseLength, now: number): void {
    const until = length === "hour" ? now + HOUR : typeof length === "number" ? now + length : null;
    const boot = length === "restart" ? this.#boot : null;
    this.#change(device, { snooze: { until, boot } }, now);
  }

  resume(device: string, now: number): void {
    this.#change(device, { snooze: null }, now);
  }

  #isOver({ until, boot }: NonNullable<DeviceWish["snooze"]>, now: number): boolean {
    return (until !== null && until <= now) || (boot !== null && !isSameBoot(boot, this.#boot));
  }

  #change(device: string, change: Partial<DeviceWish>, now: number): void {
    this.#wishes = { ...this.#wishes, [device]: { ...this.of(device, now), ...change } };
    this.#store.setSetting(SETTING, JSON.stringify(this.#wishes));
  }
}

/** Linux names each run of the kernel; elsewhere it is known by when it began. */
export function readBoot(file = "/proc/sys/kernel/random/boot_id"): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return `since:${Math.round((Date.now() - uptime() * SECOND) / SECOND)}`;
  }
}

/** The begin is reckoned from the clock, which may be set meanwhile: a few minutes make no other run. */
function isSameBoot(a: string, b: string): boolean {
  if (a === b) return true;
  const [one, other] = [a, b].map((text) => (text.startsWith("since:") ? Number(text.slice(6)) : Number.NaN));
  return Math.abs((one ?? Number.NaN) - (other ?? Number.NaN)) * SECOND < 5 * MINUTE;
}

function parseOrNull(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

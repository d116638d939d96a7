/**
 * What the devices draw while they work, measured: the power a driver tells, times the time that jobs ran between two
 * readings, shared among the markets by the time their jobs ran. Work while nobody tells the power is counted as
 * unmeasured time, never as nothing.
 */
import type { JobState, MarketId } from "../../shared/contract/views.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import type { EnergyTable, EnergyUsed } from "../ledger/energy.ts";
import { SLOT_MS } from "../ledger/migrations/005-scale.ts";

/** Readings further apart say nothing about the time between them. */
const READING_HOLDS = 10 * SECOND;
/** What is collected is written this often, and when a slot is over: a crash loses no more. */
const WRITE_EVERY = MINUTE;
/** More between two readings is a machine that slept. */
const LONGEST_GAP = 2 * MINUTE;

/** The machine as a whole, beside its devices: for it only the time counts. */
const MACHINE = "";
const NONE: EnergyUsed = { joules: 0, measuredMs: 0, unmeasuredMs: 0 };

export interface WorkEnergyDeps {
  readonly energy: EnergyTable;
  /** Unix ms. */
  readonly now: () => number;
}

export interface JobMove {
  readonly row: number;
  readonly market: MarketId;
  readonly state: JobState;
  readonly device: string | null;
}

/** Work on one device since its last reading. */
interface Work {
  /** Jobs that run, by lease. */
  readonly running: Map<number, MarketId>;
  /** Time a market's jobs ran, ms, each of several at once with its share. */
  readonly served: Map<MarketId, number>;
  /** Up to when `served` is counted. */
  countedTo: number;
  lastReading: { readonly at: number; readonly watts: number | null } | null;
}

/** What is to be written for one market and slot. */
interface Unwritten {
  readonly market: MarketId;
  readonly at: number;
  readonly devices: Map<string, EnergyUsed>;
  machineMs: number;
}

export class WorkEnergy {
  readonly #deps: WorkEnergyDeps;
  readonly #work = new Map<string, Work>();
  readonly #unwritten = new Map<string, Unwritten>();
  #writtenAt: number;

  constructor(deps: WorkEnergyDeps) {
    this.#deps = deps;
    this.#writtenAt = deps.now();
  }

  /** A job came to run on a device, or runs no more. */
  noteJob({ row, market, state, device }: JobMove): void {
    if (device === null) return;
    for (const place of [device, MACHINE]) {
      const work = this.#workOf(place);
      this.#count(work);
      if (state === "running") work.running.set(row, market);
      else work.running.delete(row);
    }
  }

  /** The readings of all devices at this moment; watts null: not told. */
  noteReadings(readings: ReadonlyMap<string, number | null>): void {
    const at = this.#deps.now();
    for (const [device, watts] of readings) this.#settle(device, watts, at);
    this.#settle(MACHINE, null, at);
    if (at - this.#writtenAt >= WRITE_EVERY || slotOf(at) !== slotOf(this.#writtenAt)) this.flush();
  }

  /** Writes what was collected. */
  flush(): void {
    this.#writtenAt = this.#deps.now();
    if (this.#unwritten.size === 0) return;
    this.#deps.energy.add([...this.#unwritten.values()]);
    this.#unwritten.clear();
  }

  #workOf(place: string): Work {
    const known = this.#work.get(place);
    if (known !== undefined) return known;
    const fresh: Work = {
      running: new Map(),
      served: new Map(),
      countedTo: this.#deps.now(),
      lastReading: null,
    };
    this.#work.set(place, fresh);
    return fresh;
  }

  /** Brings `served` up to now. */
  #count(work: Work): void {
    const now = this.#deps.now();
    // A clock that was set back, or a machine that slept: neither is work.
    const passed = Math.min(Math.max(0, now - work.countedTo), LONGEST_GAP);
    work.countedTo = now;
    const share = work.running.size === 0 ? 0 : passed / work.running.size;
    if (share === 0) return;
    for (const market of work.running.values())
      work.served.set(market, (work.served.get(market) ?? 0) + share);
  }

  /** The time between the last reading and this one is over. */
  #settle(device: string, watts: number | null, at: number): void {
    const work = this.#workOf(device);
    this.#count(work);
    const power = powerBetween(work.lastReading, { at, watts });
    work.lastReading = { at, watts };
    for (const [market, ms] of work.served) {
      const note = this.#noteOf(market, at);
      if (device === MACHINE) note.machineMs += ms;
      else note.devices.set(device, sum(note.devices.get(device) ?? NONE, used(power, ms)));
    }
    work.served.clear();
  }

  #noteOf(market: MarketId, at: number): Unwritten {
    const key = `${market} ${slotOf(at)}`;
    const known = this.#unwritten.get(key);
    if (known !== undefined) return known;
    const fresh: Unwritten = { market, at, devices: new Map(), machineMs: 0 };
    this.#unwritten.set(key, fresh);
    return fresh;
  }
}

/** `ms` of work at `power`; null: nobody told it. */
const used = (power: number | null, ms: number): EnergyUsed =>
  power === null
    ? { ...NONE, unmeasuredMs: ms }
    : { joules: (power * ms) / SECOND, measuredMs: ms, unmeasuredMs: 0 };

const sum = (a: EnergyUsed, b: EnergyUsed): EnergyUsed => ({
  joules: a.joules + b.joules,
  measuredMs: a.measuredMs + b.measuredMs,
  unmeasuredMs: a.unmeasuredMs + b.unmeasuredMs,
});

const slotOf = (at: number): number => Math.floor(at / SLOT_MS);

/** The mean of two readings close to each other; of two far apart the later one; null: nobody told. */
function powerBetween(
  before: { at: number; watts: number | null } | null,
  after: { at: number; watts: number | null },
): number | null {
  const earlier = before !== null && after.at - before.at <= READING_HOLDS ? before.watts : null;
  if (after.watts === null) return earlier;
  return earlier === null ? after.watts : (earlier + after.watts) / 2;
}

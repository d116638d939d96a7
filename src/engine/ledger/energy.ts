/** What the devices drew while they worked, in the same slots as the money they brought (migrations/005-scale.ts). */

import type { MarketId } from "../../shared/contract/views.ts";
import { HOUR, SECOND } from "../../shared/durations.ts";
import type { Database } from "./database.ts";
import { ALL_TIME, SLOT_MS } from "./migrations/005-scale.ts";

export interface EnergyUsed {
  readonly joules: number;
  /** Worked while the power was read. */
  readonly measuredMs: number;
  /** Worked while nobody told the power. */
  readonly unmeasuredMs: number;
}

export interface EnergyNote {
  readonly market: MarketId;
  /** When, unix ms. */
  readonly at: number;
  readonly devices: ReadonlyMap<string, EnergyUsed>;
  /** Time that any device worked, ms. */
  readonly machineMs: number;
}

/** Of a span of time. */
export interface EnergySums {
  readonly devices: EnergyUsed;
  /** Time that any device worked, ms: what the rest of the machine ran for. */
  readonly machineMs: number;
}

interface SumsRecord {
  joules: number;
  measured: number;
  unmeasured: number;
  machine: number;
}

const SUMS = `SELECT coalesce(sum(joules), 0) AS joules, coalesce(sum(measured_ms), 0) AS measured,
    coalesce(sum(unmeasured_ms), 0) AS unmeasured, coalesce(sum(machine_ms), 0) AS machine
  FROM energy_slots WHERE market = ?`;
const ADD = `joules = joules + excluded.joules, measured_ms = measured_ms + excluded.measured_ms,
  unmeasured_ms = unmeasured_ms + excluded.unmeasured_ms`;

export class EnergyTable {
  readonly #db: Database;
  readonly #statements;

  constructor(db: Database) {
    this.#db = db;
    this.#statements = {
      add: db.prepare<[string, number, number, number, number, number]>(
        `INSERT INTO energy_slots (market, slot, joules, measured_ms, unmeasured_ms, machine_ms)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET ${ADD}, machine_ms = machine_ms + excluded.machine_ms`,
      ),
      addToDevice: db.prepare<[string, number, number, number]>(
        `INSERT INTO energy_devices (device, joules, measured_ms, unmeasured_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET ${ADD}`,
      ),
      between: db.prepare<[string, number, number], SumsRecord>(`${SUMS} AND slot >= ? AND slot < ?`),
      allTime: db.prepare<[string, number], SumsRecord>(`${SUMS} AND slot = ?`),
      ofDevice: db.prepare<[string], { joules: number; measured: number }>(
        "SELECT joules, measured_ms AS measured FROM energy_devices WHERE device = ?",
      ),
    };
  }

  add(notes: readonly EnergyNote[]): void {
    const { add, addToDevice } = this.#statements;
    this.#db.transaction(() => {
      for (const { market, at, devices, machineMs } of notes) {
        const all = { joules: 0, measured: 0, unmeasured: 0 };
        for (const [device, { joules, measuredMs, unmeasuredMs }] of devices) {
          const [measured, unmeasured] = [Math.round(measuredMs), Math.round(unmeasuredMs)];
          addToDevice.run(device, joules, measured, unmeasured);
          all.joules += joules;
          all.measured += measured;
          all.unmeasured += unmeasured;
        }
        for (const slot of [Math.floor(at / SLOT_MS), ALL_TIME])
          add.run(market, slot, all.joules, all.measured, all.unmeasured, Math.round(machineMs));
      }
    })();
  }

  /** From `from` on and before `until`, unix ms on a quarter of an hour. */
  between(market: MarketId, from: number, until: number): EnergySums {
    const [first, end] = [Math.floor(from / SLOT_MS), Math.ceil(until / SLOT_MS)];
    return toSums(this.#statements.between.get(market, first, end));
  }

  allTime(market: MarketId): EnergySums {
    return toSums(this.#statements.allTime.get(market, ALL_TIME));
  }

  /** On average while it worked here and its power was read; null: it never was. */
  wattsOf(device: string): number | null {
    const found = this.#statements.ofDevice.get(device);
    return found === undefined || found.measured < SECOND ? null : found.joules / (found.measured / SECOND);
  }
}

/** Joules as watt-hours. */
export const wattHours = (joules: number): number => joules / (HOUR / SECOND);

function toSums(record: SumsRecord | undefined): EnergySums {
  const { joules = 0, measured = 0, unmeasured = 0, machine = 0 } = record ?? {};
  return { devices: { joules, measuredMs: measured, unmeasuredMs: unmeasured }, machineMs: machine };
}

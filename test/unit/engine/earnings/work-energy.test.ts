import { describe, expect, it, onTestFinished } from "vitest";
import { WorkEnergy } from "../../../../src/engine/earnings/work-energy.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const START = 1_790_000_500_000;

async function meter() {
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  let now = START;
  const work = new WorkEnergy({ energy: ledger.energy, now: () => now });
  const at = (seconds: number) => {
    now = START + seconds * SECOND;
  };
  const job = (row: number, market: "aicf" | "aitbc", state: "running" | "computed", device = "GPU-1") =>
    work.noteJob({ row, market, state, device });
  const read = (watts: number | null, device = "GPU-1") => work.noteReadings(new Map([[device, watts]]));
  const sums = (market: "aicf" | "aitbc" = "aicf") => {
    work.flush();
    return ledger.energy.allTime(market);
  };
  return { work, at, job, read, sums, ledger };
}

describe("energy of work", () => {
  it("is the power between two readings, for the time that jobs ran", async () => {
    const { at, job, read, sums } = await meter();
    read(100);
    at(0.5);
    job(1, "aicf", "running");
    at(0.75);
    job(1, "aicf", "computed");
    at(1);
    read(200);
    expect(sums()).toEqual({
      devices: { joules: 150 * 0.25, measuredMs: 250, unmeasuredMs: 0 },
      machineMs: 250,
    });
  });

  it("is shared by the markets whose jobs ran at once", async () => {
    const { at, job, read, sums } = await meter();
    read(100);
    job(1, "aicf", "running");
    at(1);
    job(2, "aitbc", "running");
    at(2);
    read(100);
    expect(sums("aicf").devices).toMatchObject({ joules: 150, measuredMs: 1500 });
    expect(sums("aitbc").devices).toMatchObject({ joules: 50, measuredMs: 500 });
  });

  it("is unmeasured time where nobody tells the power, and never nothing", async () => {
    const { at, job, read, sums, ledger } = await meter();
    read(null);
    job(1, "aicf", "running");
    at(3);
    read(null);
    expect(sums().devices).toEqual({ joules: 0, measuredMs: 0, unmeasuredMs: 3000 });
    expect(ledger.energy.wattsOf("GPU-1")).toBeNull();
  });

  it("counts a machine that slept, or a clock that was set back, as no work", async () => {
    const { at, job, read, sums } = await meter();
    read(100);
    job(1, "aicf", "running");
    at(8 * (HOUR / SECOND));
    read(100);
    expect(sums().machineMs).toBeLessThanOrEqual(2 * MINUTE);
    at(0);
    read(100);
    expect(sums().machineMs).toBeLessThanOrEqual(2 * MINUTE);
  });

  it("counts nothing while no job runs", async () => {
    const { at, read, sums } = await meter();
    read(40);
    at(60);
    read(40);
    expect(sums()).toEqual({ devices: { joules: 0, measuredMs: 0, unmeasuredMs: 0 }, machineMs: 0 });
  });

  it("lies in the slot in which it was drawn, and on each device", async () => {
    const { at, job, read, sums, ledger } = await meter();
    read(100);
    job(1, "aicf", "running");
    for (let second = 1; second <= 30 * 60; second += 5) {
      at(second);
      read(100);
    }
    sums();
    const quarter = 15 * MINUTE;
    const begin = Math.floor(START / quarter) * quarter;
    const parts = [0, 1, 2].map((index) =>
      ledger.energy.between("aicf", begin + index * quarter, begin + (index + 1) * quarter),
    );
    const joules = parts.map(({ devices }) => devices.joules);
    expect(joules.every((part) => part > 0)).toBe(true);
    expect(joules.reduce((sum, part) => sum + part, 0)).toBeCloseTo(
      ledger.energy.allTime("aicf").devices.joules,
    );
    expect(ledger.energy.wattsOf("GPU-1")).toBeCloseTo(100);
  });
});

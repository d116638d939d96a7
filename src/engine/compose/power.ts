/** What the devices draw and what that costs: measured with every reading, for prices, earnings and metrics. */
import { WorkEnergy } from "../earnings/work-energy.ts";
import { EnergyMeter } from "../metrics/energy-meter.ts";
import type { Electricity } from "../pricing/floor.ts";
import { LoadPower } from "../pricing/load-power.ts";
import { energyPriceAt } from "../settings/energy-price.ts";
import type { Foundation } from "./foundation.ts";
import type { Work } from "./work.ts";

export interface Power {
  /** Watts of a device at work. */
  readonly load: LoadPower;
  /** By job. */
  readonly work: WorkEnergy;
  /** By device, since this start. */
  readonly meter: EnergyMeter;
  /** Its price now; null: not known. */
  readonly electricity: () => Electricity | null;
  /** The watcher has read anew. */
  noteReadings(): void;
}

export function composePower({ ledger, settings, watcher, now }: Foundation, { fleet }: Work): Power {
  const load = new LoadPower();
  const work = new WorkEnergy({ energy: ledger.energy, now });
  const meter = new EnergyMeter();
  return {
    load,
    work,
    meter,
    electricity: () => energyPriceAt(settings, now()),
    noteReadings() {
      work.noteReadings(new Map(watcher.detection.devices.map(({ id }) => [id, watcher.latest(id).powerW])));
      for (const { runtime, worker } of fleet.members) {
        const { id } = runtime.device;
        const telemetry = watcher.latest(id);
        const { runningJobs, backend } = worker.view(telemetry);
        // A GPU whose jobs run on the processor does not show what it draws at work.
        load.note(id, telemetry.powerW, runningJobs > 0 && backend !== "cpu");
      }
    },
  };
}

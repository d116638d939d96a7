import { expect, it } from "vitest";
import { PowerSave } from "../../../src/main/power-save.ts";
import { aicf, cpu, earning, idle } from "../../e2e/ui/states.ts";

const NOW = 1_800_000_000_000;

it("keeps the machine awake exactly while something was promised or runs", () => {
  const log: string[] = [];
  let next = 0;
  const power = new PowerSave({
    start: (type) => {
      log.push(`start ${type}`);
      return next++;
    },
    stop: (id) => log.push(`stop ${id}`),
  });

  power.update(null);
  power.update(idle(NOW));
  expect(power.active).toBe(false);
  power.update(earning(NOW));
  power.update({ devices: [cpu({ runningJobs: 1 })], markets: [] });
  power.update({ devices: [], markets: [aicf(NOW, { leasesHeld: 1 })] });
  expect(power.active).toBe(true);
  power.update(idle(NOW));
  power.update(earning(NOW));
  power.update(null);
  // One blocker at a time, the one for the app alone: the screen may go dark. Number 0 is a blocker too.
  expect(log).toEqual(["start prevent-app-suspension", "stop 0", "start prevent-app-suspension", "stop 1"]);
});

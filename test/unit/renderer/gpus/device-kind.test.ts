import { describe, expect, it } from "vitest";
import { hasTemperature, shownSignals, shownSteps } from "../../../../src/renderer/gpus/device-kind.ts";

const CPU = { kind: "cpu" } as const;
const GPU = { kind: "gpu" } as const;

describe("what is shown of a device", () => {
  it("leaves out of a processor's test what processors don't tell, and keeps it of a GPU's", () => {
    const steps = [
      { name: "answer", ok: true },
      { name: "memory", ok: null },
      { name: "temperature", ok: false },
    ] as const;
    expect(shownSteps(CPU, steps).map(({ name }) => name)).toEqual(["answer", "temperature"]);
    expect(shownSteps(GPU, steps)).toHaveLength(3);
  });

  it("leaves out of a processor's signals those that can't be told of it", () => {
    const signals = [
      { name: "battery", state: "allows" },
      { name: "person", state: "unknown" },
      { name: "switch", state: "blocks" },
    ] as const;
    expect(shownSignals(CPU, signals).map(({ state }) => state)).toEqual(["allows", "blocks"]);
    expect(shownSignals(GPU, signals)).toHaveLength(3);
  });

  it("does not call a rule for GPUs off on a processor, where it may well be on in the settings", () => {
    const signals = [
      { name: "schedule", state: "off" },
      { name: "otherProgram", state: "off" },
      { name: "busy", state: "off" },
      { name: "temperature", state: "off" },
    ] as const;
    expect(shownSignals(CPU, signals).map(({ name }) => name)).toEqual(["schedule"]);
    expect(shownSignals(GPU, signals)).toHaveLength(4);
    // A limit of its own counts on a processor too.
    expect(shownSignals(CPU, [{ name: "temperature", state: "allows" }])).toHaveLength(1);
  });

  it("offers a temperature limit where there is a temperature, or one was set before", () => {
    const none = { temperatureC: null, temperatureLimit: { own: null, general: 80 } };
    expect(hasTemperature({ ...CPU, ...none })).toBe(false);
    expect(hasTemperature({ ...GPU, ...none })).toBe(true);
    expect(hasTemperature({ ...CPU, ...none, temperatureC: 61 })).toBe(true);
    expect(hasTemperature({ ...CPU, ...none, temperatureLimit: { own: 70, general: null } })).toBe(true);
  });
});

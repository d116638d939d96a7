import { describe, expect, it } from "vitest";
import { concern, listed, type Sort, type SortColumn } from "../../../../src/renderer/fleet/machine-list.ts";
import { machineLook } from "../../../../src/renderer/fleet/machine-look.ts";
import type { FleetMachine } from "../../../../src/shared/contract/fleet.ts";
import { gpuCount, nearestLimit } from "../../../../src/shared/fleet.ts";
import { aGpu, aMachine } from "../../../support/scripted-fleet.ts";

const silent = (name: string): FleetMachine =>
  aMachine(name, { error: { code: "WORKER_SILENT", message: "x does not answer", actor: "machine" } });
const near = {
  market: "aicf",
  name: "traps",
  value: 0.67,
  limit: 0.66,
  distance: 0.01,
  unit: "ratio",
  state: "warning",
} as const;

const FLEET = [
  aMachine("rack-10", { facts: { gpus: [aGpu("a", { temperatureC: 80 }), aGpu("b", { usable: false })] } }),
  aMachine("rack-9", { facts: { version: "0.9.0", gpus: [aGpu("a", { temperatureC: null })] } }),
  silent("attic"),
  aMachine("rack-1", { facts: { level: "offline", service: [near] } }),
  aMachine("rack-2", { facts: { service: [near], accepted: 3 } }),
];
const EIGHT = [
  aGpu("0"),
  ...Array.from({ length: 7 }, (_, at) => aGpu(`${at + 1}`, { usable: false, leftOut: true })),
];
const names = (machines: readonly FleetMachine[]) => machines.map(({ name }) => name);
const by = (column: SortColumn, up: boolean): Sort => ({ column, up });
const ALL = { text: undefined, show: "all" } as const;

describe("the machines of a list", () => {
  it("are fine where GPUs are left out on purpose, and those are not counted", () => {
    expect(concern(aMachine("rack-8", { facts: { gpus: EIGHT } }))).toBe(3);
    expect(gpuCount(EIGHT)).toBe("1");
    expect(gpuCount([...EIGHT, aGpu("9", { usable: false })])).toBe("1/2");
  });

  it("come with the trouble first, then as people count", () => {
    expect(names(listed(FLEET, ALL, by("state", true)))).toEqual([
      "attic",
      "rack-1",
      "rack-10",
      "rack-2",
      "rack-9",
    ]);
    expect(FLEET.map(concern)).toEqual([1, 3, 0, 1, 2]);
    expect(names(listed(FLEET, ALL, by("name", true)))).toEqual([
      "attic",
      "rack-1",
      "rack-2",
      "rack-9",
      "rack-10",
    ]);
  });

  it("are sorted by any column, what is not known last whichever way", () => {
    expect(names(listed(FLEET, ALL, by("hottest", false))).slice(0, 1)).toEqual(["rack-10"]);
    for (const up of [true, false])
      expect(names(listed(FLEET, ALL, by("hottest", up))).slice(-2)).toEqual(["attic", "rack-9"]);
    expect(names(listed(FLEET, ALL, by("accepted", true)))[0]).toBe("rack-2");
    expect(names(listed(FLEET, ALL, by("version", true)))[0]).toBe("rack-9");
    expect(names(listed(FLEET, ALL, by("service", true))).slice(0, 2)).toEqual(["rack-1", "rack-2"]);
    expect(names(listed(FLEET, ALL, by("ANM", true))).at(-1)).toBe("attic");
  });

  it("are found by every word in name, address, version or GPU", () => {
    const found = (text: string) => names(listed(FLEET, { text, show: "all" }, by("name", true)));
    expect(found("l40s RACK-1")).toEqual(["rack-1", "rack-10"]);
    expect(found("0.9")).toEqual(["rack-9"]);
    expect(found("nobody")).toEqual([]);
  });

  it("are only those to look at, or only the silent ones, where that is asked for", () => {
    expect(names(listed(FLEET, { text: undefined, show: "trouble" }, by("name", true)))).toEqual([
      "attic",
      "rack-1",
      "rack-2",
      "rack-10",
    ]);
    expect(names(listed(FLEET, { text: undefined, show: "unreached" }, by("name", true)))).toEqual(["attic"]);
  });

  it("of another version were reached: they are looked at, and not among the silent ones", () => {
    const other: FleetMachine = { ...silent("rack-3"), otherVersion: "9.0.0" };
    expect(concern(other)).toBe(1);
    expect(machineLook(other)).toMatchObject({ word: "Other version", tone: "warn" });
    expect(
      names(listed([...FLEET, other], { text: undefined, show: "unreached" }, by("name", true))),
    ).toEqual(["attic"]);
    expect(names(listed([...FLEET, other], { text: "9.0.0", show: "all" }, by("name", true)))).toEqual([
      "rack-3",
    ]);
  });

  it("are thousands in a moment", () => {
    const many = Array.from({ length: 5000 }, (_, index) => aMachine(`rack-${(index * 7919) % 5000}`));
    expect(listed(many, { text: "rack l40s", show: "all" }, by("name", true))).toHaveLength(5000);
  });
});

it("the measure nearest to its limit is the one that is crossed, else the one with the least of its limit left", () => {
  const measure = (
    name: "qos" | "traps" | "latency-p95",
    distance: number | null,
    limit: number,
    state: "good" | "warning" | "breached" | "unknown",
  ) => ({ market: "aicf", name, value: 0, limit, distance, unit: "ratio", state }) as const;
  expect(nearestLimit([])).toBeNull();
  expect(nearestLimit([measure("qos", null, 0.9, "unknown")])).toBeNull();
  const good = [measure("qos", 0.08, 0.9, "good"), measure("latency-p95", 2100, 3000, "good")];
  expect(nearestLimit(good)?.name).toBe("qos");
  expect(nearestLimit([...good, measure("traps", -0.01, 0.66, "breached")])?.name).toBe("traps");
});

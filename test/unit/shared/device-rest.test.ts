import { describe, expect, it } from "vitest";
import type { OfferView } from "../../../src/shared/contract/offers.ts";
import { isSnoozed, rentedBy } from "../../../src/shared/device-rest.ts";
import { gpu } from "../../e2e/ui/states.ts";

const offer = (device: string, state: OfferView["state"]) => ({ device, state }) as OfferView;

describe("a device that is let rest", () => {
  it("is rented while its booking waits or runs, and by nobody else's", () => {
    const offers = [offer("a", "listed"), offer("b", "booked"), offer("c", "in-use")];
    expect(rentedBy(offers, "a")).toBeUndefined();
    expect(rentedBy(offers, "b")).toBe(offers[1]);
    expect(rentedBy(offers, "c")).toBe(offers[2]);
    expect(rentedBy([], "b")).toBeUndefined();
  });

  it("is its person's to wake whenever they are among the reasons", () => {
    const paused = { by: "program", text: "", subject: null, until: null, resumesByItself: true } as const;
    expect(isSnoozed(gpu())).toBe(false);
    expect(isSnoozed(gpu({ paused: { ...paused, signals: ["program"] } }))).toBe(false);
    expect(isSnoozed(gpu({ paused: { ...paused, signals: ["program", "snooze"] } }))).toBe(true);
  });
});

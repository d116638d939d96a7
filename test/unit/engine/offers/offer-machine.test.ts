import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  nextOfferState,
  OFFER_MACHINE,
  type OfferEvent,
} from "../../../../src/engine/offers/offer-machine.ts";
import { OfferStateSchema } from "../../../../src/shared/contract/offers.ts";

const EVENTS: OfferEvent[] = [
  "publish",
  "list",
  "retry",
  "refuse",
  "book",
  "use",
  "release",
  "vanish",
  "withdraw",
  "plan",
];
/** Every edge there is, as a person would draw it; whatever is not here is a bug. */
const EDGES = `
planned publish publishing
planned list listed
planned withdraw withdrawn
publishing list listed
publishing retry planned
publishing refuse refused
listed book booked
listed use in-use
listed vanish planned
listed withdraw withdrawn
booked use in-use
booked release listed
booked vanish planned
in-use book booked
in-use release listed
in-use vanish planned
withdrawn plan planned
refused plan planned
refused list listed
refused withdraw withdrawn`
  .trim()
  .split("\n")
  .map((line) => line.split(" ") as [keyof typeof OFFER_MACHINE, OfferEvent, string]);

describe("the offer machine", () => {
  test.each(EDGES)("%s, %s → %s", (from, event, to) => {
    expect(nextOfferState(from, event)).toBe(to);
  });

  test("has no other edge", () => {
    for (const from of OfferStateSchema.options) {
      for (const event of EVENTS) {
        if (EDGES.some(([state, each]) => state === from && each === event)) continue;
        expect(() => nextOfferState(from, event), `${from} ${event}`).toThrow(/can't/);
      }
    }
  });

  test("never withdraws a rented GPU, whatever happened before", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 }), (events) => {
        let state: keyof typeof OFFER_MACHINE = "planned";
        for (const event of events) {
          if (!Object.hasOwn(OFFER_MACHINE[state], event)) continue;
          const next = nextOfferState(state, event);
          if (next === "withdrawn") expect(["booked", "in-use"]).not.toContain(state);
          state = next;
        }
      }),
    );
  });
});

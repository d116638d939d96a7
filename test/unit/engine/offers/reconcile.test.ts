/** From what is listed and what is wanted to what is done: case by case, and for every combination something sane. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Listing, OfferStatus } from "../../../../src/engine/market/port.ts";
import type { Fitness } from "../../../../src/engine/offers/fitness.ts";
import { nextOfferState } from "../../../../src/engine/offers/offer-machine.ts";
import { type Look, reconcile } from "../../../../src/engine/offers/reconcile.ts";
import { OfferStateSchema } from "../../../../src/shared/contract/offers.ts";
import { money } from "../../../../src/shared/money.ts";

const ait = (amount: number) => money("AIT", BigInt(amount) * 900_000_000n);
const ALL = { reprice: true, withdraw: true, status: true };
const NONE = { reprice: false, withdraw: false, status: false };

function look(
  overrides: Partial<Look["offer"]> = {},
  listing: Partial<Listing> | null = {},
  more: Partial<Look> = {},
): Look {
  return {
    offer: { state: "listed", wanted: true, price: ait(20), held: false, ...overrides },
    listing: listing && {
      offerId: "o",
      model: "RTX 4090",
      price: ait(20),
      status: "open",
      word: "available",
      revived: false,
      ...listing,
    },
    abilities: ALL,
    rentedElsewhere: false,
    fitness: "fit",
    ...more,
  };
}

describe("the market lists what we want", () => {
  test("nothing is done", () => {
    expect(reconcile(look())).toEqual({ events: [], action: null, drift: null });
  });
  test.each(["planned", "publishing", "refused"] as const)(
    "a %s offer that is there already is listed",
    (state) => {
      expect(reconcile(look({ state }))).toEqual({ events: ["list"], action: null, drift: null });
    },
  );
});

describe("the market lists something else", () => {
  test("nothing any more: it is published again, with a word about it", () => {
    expect(reconcile(look({}, null))).toEqual({
      events: ["vanish"],
      action: { kind: "publish" },
      drift: expect.objectContaining({ text: expect.stringMatching(/no longer lists/) }),
    });
  });
  test("nothing after a try: it is tried again", () => {
    expect(reconcile(look({ state: "publishing" }, null))).toMatchObject({
      events: ["retry"],
      action: { kind: "publish" },
    });
  });
  test.each([ait(1), null])("another price: it is changed, or it is said that it can't be", (price) => {
    expect(reconcile(look({}, { price })).action).toEqual({ kind: "reprice" });
    const fixed = reconcile(look({}, { price }, { abilities: NONE }));
    expect(fixed).toMatchObject({
      action: null,
      drift: expect.objectContaining({ text: expect.stringMatching(/lets nobody change it/) }),
    });
  });
  test("offline: it is opened", () => {
    expect(reconcile(look({}, { status: "withdrawn", word: "offline" }))).toMatchObject({
      action: { kind: "set-status", status: "open", hold: false },
      drift: expect.objectContaining({ text: expect.stringMatching(/offline/) }),
    });
  });
});

describe("rented", () => {
  test("booked, used, released: the state follows", () => {
    expect(reconcile(look({}, { status: "booked" })).events).toEqual(["book"]);
    expect(reconcile(look({ state: "booked" }, { status: "in-use" })).events).toEqual(["use"]);
    expect(reconcile(look({ state: "in-use" }, { status: "open" })).events).toEqual(["release"]);
  });
  test("its price waits for the end of the booking", () => {
    expect(reconcile(look({ state: "booked", price: ait(30) }, { status: "booked" }))).toMatchObject({
      action: null,
      drift: expect.objectContaining({ text: expect.stringMatching(/when the booking ends/) }),
    });
  });
  test.each(["booked", "in-use"] as const)(
    "%s and revived by a heartbeat: it is taken off again",
    (state) => {
      expect(reconcile(look({ state }, { word: "online", revived: true }))).toEqual({
        events: [],
        action: { kind: "set-status", status: state, hold: false },
        drift: expect.objectContaining({ text: expect.stringMatching(/heartbeat/) }),
      });
    },
  );
  test("on another board: kept off this one, and opened when that is over", () => {
    expect(reconcile(look({}, {}, { rentedElsewhere: true })).action).toEqual({
      kind: "set-status",
      status: "booked",
      hold: true,
    });
    expect(
      reconcile(look({ state: "booked", held: true }, { status: "booked" }, { rentedElsewhere: true }))
        .action,
    ).toBeNull();
    expect(reconcile(look({ state: "booked", held: true }, { status: "booked" })).action).toEqual({
      kind: "set-status",
      status: "open",
      hold: false,
    });
    expect(reconcile(look({}, {}, { rentedElsewhere: true, abilities: NONE }))).toMatchObject({
      action: null,
      drift: expect.objectContaining({ text: expect.stringMatching(/can't be told/) }),
    });
  });
});

describe("no longer wanted", () => {
  test("taken back, after its booking when it has one", () => {
    expect(reconcile(look({ wanted: false })).action).toEqual({ kind: "withdraw", forNow: false });
    expect(reconcile(look({ wanted: false, state: "booked" }, { status: "booked" }))).toMatchObject({
      action: null,
      drift: expect.objectContaining({ text: expect.stringMatching(/when its booking ends/) }),
    });
    expect(reconcile(look({ wanted: false }, null)).events).toEqual(["vanish", "withdraw"]);
  });
  test("and back on the market, put there by a heartbeat: taken back again", () => {
    expect(reconcile(look({ wanted: false, state: "withdrawn" }, { word: "online" })).action).toEqual({
      kind: "withdraw",
      forNow: false,
    });
  });
});

describe("a GPU without a passed self-test", () => {
  test("is not published, and is when it passed", () => {
    for (const fitness of ["later", "unfit"] as const)
      expect(reconcile(look({ state: "planned" }, null, { fitness }))).toEqual({
        events: [],
        action: null,
        drift: null,
      });
    expect(reconcile(look({ state: "planned" }, null)).action).toEqual({ kind: "publish" });
  });
  test("is taken off the market once it is clear that it does not pass, and stays wanted", () => {
    expect(reconcile(look({}, {}, { fitness: "later" })).action).toBeNull();
    expect(reconcile(look({}, {}, { fitness: "unfit" }))).toMatchObject({
      action: { kind: "withdraw", forNow: true },
      drift: expect.objectContaining({ text: expect.stringMatching(/no passed self-test/) }),
    });
    expect(reconcile(look({}, {}, { fitness: "unfit", abilities: NONE }))).toMatchObject({
      action: null,
      drift: expect.objectContaining({ text: expect.stringMatching(/lets nobody take an offer back/) }),
    });
  });
  test("and rented is left to its renter", () => {
    expect(
      reconcile(look({ state: "booked" }, { status: "booked" }, { fitness: "unfit" })).action,
    ).toBeNull();
  });
});

test("whatever is found, the events are legal and a rented GPU is never withdrawn", () => {
  const status = fc.constantFrom<OfferStatus>("open", "booked", "in-use", "withdrawn");
  const fitness = fc.constantFrom<Fitness>("fit", "later", "unfit");
  const abilities = fc.record({ reprice: fc.boolean(), withdraw: fc.boolean(), status: fc.boolean() });
  const listing = fc.record({ status, revived: fc.boolean(), price: fc.constantFrom(ait(20), ait(1), null) });
  const offer = fc.record({
    state: fc.constantFrom(...OfferStateSchema.options),
    wanted: fc.boolean(),
    held: fc.boolean(),
  });
  fc.assert(
    fc.property(
      offer,
      fc.option(listing),
      abilities,
      fc.boolean(),
      fitness,
      (given, found, can, rentedElsewhere, fit) => {
        const { events, action } = reconcile(
          look(given, found, { abilities: can, rentedElsewhere, fitness: fit }),
        );
        const state = events.reduce(nextOfferState, given.state);
        if (action?.kind === "withdraw")
          expect(!given.held && (state === "booked" || state === "in-use")).toBe(false);
        if (action?.kind === "publish") expect([state, fit]).toEqual(["planned", "fit"]);
        if (action?.kind === "reprice") expect([state, can.reprice]).toEqual(["listed", true]);
      },
    ),
    { numRuns: 2000 },
  );
});

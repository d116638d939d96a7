import { afterEach, describe, expect, test } from "vitest";
import { standingOf } from "../../../../../src/engine/market/aicf/standing.ts";
import { ProviderDetailSchema } from "../../../../../src/engine/market/aicf/wire.ts";
import { hear } from "../../../../../src/shared/words/hear.ts";
import { setLanguage } from "../../../../../src/shared/words/words.ts";

afterEach(() => setLanguage("en"));

const standing = (change: Record<string, unknown>) =>
  standingOf(
    ProviderDetailSchema.parse({
      id: "prov_1",
      health: 0.432,
      stake: { total: "500000000", effective: "500000000", minimum: "2000000000", pending_release: [] },
      ...change,
    }),
    { toLocal: (at) => at },
    1_000_000,
  );

const reasonOf = (code: string) => {
  const [reason] = standing({ ineligible_reasons: [code] }).reasons;
  if (reason === undefined) throw new Error(`no reason for ${code}`);
  return reason;
};

describe("why a provider is given no work", () => {
  test("is told with its numbers and its remedy", () => {
    expect(reasonOf("insufficient_stake")).toMatchObject({
      text: "The stake that counts is 0.50 ANM, the market wants 2.00 ANM",
      help: "Stake 1.50 ANM more: bellows aicf stake --amount 1500000000.",
    });
    expect(reasonOf("health_low").text).toBe("The market finds this provider's health too low (0.43 of 1)");
    expect(reasonOf("some_new_rule").text).toBe('The market says "some new rule"');
  });

  test.each([
    "insufficient_stake",
    "no_heartbeat",
    "unresponsive",
    "health_low",
    "capability_missing",
    "denied",
    "not_allowlisted",
    "region_denied",
    "region_mismatch",
    "jailed",
    "inactive",
    "paused",
    "some_new_rule",
  ])("%s is told in German too", (code) => {
    const { text, said, help, helpSaid } = reasonOf(code);
    setLanguage("de");
    expect(hear(text, said)).not.toBe(text);
    expect(hear(help, helpSaid)).not.toBe(help);
  });
});

test("a fine names its cause, its job and its block", () => {
  const slash = { amount: "1000", height: 12_345, at_ms: null };
  const { slashes } = standing({
    slashes: [
      { ...slash, reason: "traps", job_id: "0xabc" },
      { ...slash, reason: "of its own", height: null, job_id: null },
    ],
  });
  expect(slashes.map(({ text }) => text)).toEqual([
    "Too many trap jobs were answered wrongly, job 0xabc, block 12345",
    "The market's reason: of its own",
  ]);
  setLanguage("de");
  expect(slashes.map(({ text, said }) => hear(text, said))).toEqual([
    "Zu viele Fallen wurden falsch beantwortet, Auftrag 0xabc, Block 12345",
    "Grund des Marktes: of its own",
  ]);
});

describe("a provider that has just begun", () => {
  const LOW = { health: 0.5, health_state: "DEGRADED" };
  const UNHEARD = { health: 0, health_state: "UNRESPONSIVE", ineligible_reasons: ["no_heartbeat"] };
  const heard = (beats: number | undefined, change: Record<string, unknown>) =>
    standingOf(
      ProviderDetailSchema.parse({
        id: "prov_1",
        stake: { total: "2000000000", effective: "2000000000", minimum: "2000000000", pending_release: [] },
        ...change,
      }),
      { toLocal: (at) => at },
      1_000_000,
      null,
      beats,
    );

  test("is new, and not degraded, until its second heartbeat", () => {
    expect(heard(0, UNHEARD)).toMatchObject({ state: "new", reasons: [] });
    expect(heard(1, LOW).state).toBe("new");
    expect(heard(2, LOW).state).toBe("degraded");
    expect(heard(2, UNHEARD)).toMatchObject({ state: "ineligible", reasons: [{ code: "no_heartbeat" }] });
  });

  test("is what the market says, where that is better or has another cause", () => {
    expect(heard(0, { health: 0.9, health_state: "HEALTHY" }).state).toBe("eligible");
    expect(heard(0, { ...UNHEARD, jailed_until_ms: 2_000_000 }).state).toBe("jailed");
    const poor = { ...UNHEARD, ineligible_reasons: ["no_heartbeat", "insufficient_stake"] };
    expect(heard(0, poor)).toMatchObject({ state: "ineligible", reasons: [{}, {}] });
  });

  test("is degraded to whoever only looks at it and beats no heart", () => {
    expect(heard(undefined, LOW).state).toBe("degraded");
  });
});

import { describe, expect, it } from "vitest";
import { MIN_STAKE_AI_NANO, UNBONDING_BLOCKS } from "../../../../src/devnet/aicf/constants.ts";
import { JAIL_BLOCKS } from "../../../../src/devnet/aicf/penalties.ts";
import { accountHandlers } from "../../../../src/engine/market/account-handlers.ts";
import { PUBLISHED_TERMS } from "../../../../src/engine/market/adapters.ts";
import type { MarketSession } from "../../../../src/engine/market/session.ts";
import { MarketTermsSchema } from "../../../../src/shared/contract/terms.ts";
import { SECOND } from "../../../../src/shared/durations.ts";
import { aStanding } from "../../../support/scripted-account.ts";

const BLOCK = 12 * SECOND;
const sessionThatHeard = (minimum: string) =>
  ({
    adapter: { id: "aicf" },
    standing: aStanding(0, {
      stake: { ...aStanding(0).stake, minimum: { currency: "ANM", minor: minimum } },
    }),
  }) as unknown as MarketSession;

const termsOf = async (sessions: MarketSession[], market: string) => {
  const { terms } = await accountHandlers(sessions)["provider.terms"]({});
  return terms.find((each) => each.market === market);
};

describe("what a market asks of a provider", () => {
  it("is known of each market, before any is configured", async () => {
    for (const terms of PUBLISHED_TERMS) expect(MarketTermsSchema.parse(terms)).toEqual(terms);
    expect((await termsOf([], "aitbc"))?.stake).toBeNull();
    expect(await termsOf([], "aicf")).toEqual({
      market: "aicf",
      stake: {
        minimum: { currency: "ANM", minor: String(MIN_STAKE_AI_NANO) },
        from: "published",
        backAfterMs: UNBONDING_BLOCKS * BLOCK,
      },
      losses: [
        { measure: "traps", limit: 0.66, bps: 1000 },
        { measure: "qos", limit: 0.95, bps: 500 },
        { measure: "availability", limit: 0.98, bps: 250 },
      ],
      jail: { penalties: 3, spanMs: 3_600_000, lengthMs: JAIL_BLOCKS * BLOCK },
    });
  });

  it("is the market's own word as soon as it has spoken", async () => {
    expect((await termsOf([sessionThatHeard("250000000000")], "aicf"))?.stake).toMatchObject({
      minimum: { currency: "ANM", minor: "250000000000" },
      from: "market",
    });
  });
});

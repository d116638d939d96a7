/** What a person does at the counter is answered by what was done, not by the look after it. */
import { describe, expect, it, vi } from "vitest";
import { accountHandlers } from "../../../../src/engine/market/account-handlers.ts";
import type { MarketAccount } from "../../../../src/engine/market/port.ts";
import type { MarketSession } from "../../../../src/engine/market/session.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { toMoneyValue } from "../../../../src/shared/money.ts";
import { fee } from "../../../support/leases.ts";

const staked = { market: "aicf", stake: { total: toMoneyValue(fee(5n)) } };
const report = { market: "aicf", providerId: "p", total: toMoneyValue(fee(8n)), payouts: [] };

function handlers(refresh: () => Promise<void>) {
  const stake = vi.fn(async () => staked);
  const session = {
    adapter: { id: "aicf", currency: "ANM", account: { stake, claim: async () => report } },
    refreshStanding: refresh,
    noteError: vi.fn(),
    noteClaimed: vi.fn(),
  };
  const sessions = [session as unknown as MarketSession & { adapter: { account: MarketAccount } }];
  return { ...accountHandlers(sessions), session, stake };
}
const failing = (thrown: unknown) => () => Promise.reject(thrown);
const stakeOf = { market: "aicf", amountMinor: "5" } as const;

describe("a stake that is made", () => {
  it("is no failure because the market can't be asked about it just then", async () => {
    const refused = new AppError({ code: "NOT_AUTHORIZED", message: "no", actor: "user" });
    const { session, stake, ...account } = handlers(failing(refused));
    expect(await account["provider.stake"](stakeOf)).toEqual({ standing: staked });
    expect(stake).toHaveBeenCalledTimes(1);
    expect(session.noteError).toHaveBeenCalledWith(refused, "standing");
  });

  it("does not make the market look dead because that look took too long", async () => {
    const { session, ...account } = handlers(failing(new DOMException("too long", "TimeoutError")));
    expect(await account["provider.stake"](stakeOf)).toEqual({ standing: staked });
    expect(session.noteError).not.toHaveBeenCalled();
  });
});

it("a claim has the books read at once", async () => {
  const { session, ...account } = handlers(async () => undefined);
  expect(await account["provider.claim"]({ market: "aicf" })).toEqual(report);
  expect(session.noteClaimed).toHaveBeenCalledTimes(1);
});

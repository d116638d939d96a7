/** How often a market is asked what it says of us: seldom while all is well, at once when something may have changed. */
import { expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { MarketAdapter } from "../../../../src/engine/market/port.ts";
import { Restraint } from "../../../../src/engine/market/restraint.ts";
import { StandingWatch } from "../../../../src/engine/market/standing-watch.ts";
import type { ProviderStanding } from "../../../../src/shared/contract/views.ts";
import { MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { aStanding } from "../../../support/scripted-account.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const never = new AbortController().signal;

async function aWatch(standing: Partial<ProviderStanding> = {}) {
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  const market = { now: 100 * MINUTE, asked: 0, standing };
  const account = {
    standing: async () => {
      market.asked += 1;
      return aStanding(market.now, market.standing);
    },
  };
  const link = { restraint: new Restraint(), noteError() {}, noteAnswered() {}, noteOver() {}, tell() {} };
  const adapter = { id: "aicf", name: "AICF", account } as unknown as MarketAdapter;
  const watch = new StandingWatch({ adapter, ledger, now: () => market.now }, link, () => undefined);
  const beat = async (health: string | null = "HEALTHY") => {
    market.now += 15 * SECOND;
    await watch.afterHeartbeat(health, never);
    return market.asked;
  };
  return { market, watch, beat };
}

test("while all is well it is asked with every fourth heartbeat", async () => {
  const { beat } = await aWatch();
  const asked: number[] = [];
  for (let n = 0; n < 9; n++) asked.push(await beat());
  expect(asked).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3]);
});

test("a heartbeat that is answered with another health asks at once", async () => {
  const { beat } = await aWatch();
  expect(await beat()).toBe(1);
  expect(await beat("DEGRADED")).toBe(2);
  expect(await beat("DEGRADED")).toBe(2);
  expect(await beat("HEALTHY")).toBe(3);
});

test.each([
  ["jailed", { state: "jailed" as const }],
  ["new", { state: "new" as const }],
  [
    "given no work",
    { reasons: [{ code: "x", text: "x", help: "x" }] as unknown as ProviderStanding["reasons"] },
  ],
])("who is %s asks with each heartbeat until it is over", async (_, standing) => {
  const { market, beat } = await aWatch(standing);
  for (const asked of [1, 2, 3]) expect(await beat()).toBe(asked);
  market.standing = {};
  expect(await beat()).toBe(4);
  expect(await beat()).toBe(4);
});

test("a clock that was set back asks too", async () => {
  const { market, beat } = await aWatch();
  await beat();
  market.now -= 60 * MINUTE;
  expect(await beat()).toBe(2);
});

test("who was not answered asks again with the next heartbeat", async () => {
  const { market, watch, beat } = await aWatch();
  const { standing } = market;
  Object.defineProperty(market, "standing", {
    configurable: true,
    get: () => {
      throw Object.assign(new Error("no answer"), { retryable: true });
    },
  });
  await beat().catch(() => undefined);
  expect(watch.last).toBeNull();
  Object.defineProperty(market, "standing", { value: standing });
  await beat();
  expect(watch.last).toMatchObject({ state: "eligible" });
});

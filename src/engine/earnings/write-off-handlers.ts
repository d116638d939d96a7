/** What a person does about money that never came: sees how much it is, gives it up, and takes that back. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import { WRITE_OFF_DAYS } from "../../shared/contract/earnings.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { DAY } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { type CurrencyCode, toMoneyValue } from "../../shared/money.ts";
import type { EarningDeps } from "./handlers.ts";

type WriteOffHandlers = Pick<ContractHandlers, "earnings.unpaid" | "earnings.writeOff" | "earnings.takeBack">;

/** `currencyOf` throws UNKNOWN_MARKET. */
export function writeOffHandlers(
  { ledger, onChange, now }: Pick<EarningDeps, "ledger" | "onChange" | "now">,
  currencyOf: (market: MarketId) => CurrencyCode,
): WriteOffHandlers {
  const { earnings, writeOffs } = ledger;
  /** In pieces, so that work goes on between them. */
  const all = async (some: () => number): Promise<number> => {
    let jobs = 0;
    for (let done = some(); done > 0; done = some()) {
      jobs += done;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    if (jobs > 0) onChange?.();
    return jobs;
  };
  return {
    "earnings.unpaid": async ({ market, days }) => {
      const before = writeOffs.boundary(now() - days * DAY);
      const { jobs, unpriced, net } = earnings.pending(market, currencyOf(market), 0, before);
      return { jobs, unpriced, net: toMoneyValue(net), before };
    },
    "earnings.writeOff": async ({ market, before }) => {
      const currency = currencyOf(market);
      const at = now();
      if (before > at - WRITE_OFF_DAYS * DAY) throw tooYoung();
      const { net } = earnings.pending(market, currency, 0, writeOffs.boundary(before));
      const jobs = await all(() => writeOffs.writeOffSome(market, before, at));
      if (jobs > 0)
        ledger.audit("written-off", at, { jobs, expected: toMoneyValue(net), before }, { market });
      return { jobs };
    },
    "earnings.takeBack": async ({ market }) => {
      currencyOf(market);
      const deed = writeOffs.newestDeed(market);
      if (deed === null) return { jobs: 0 };
      const jobs = await all(() => writeOffs.takeBackSome(market, deed));
      ledger.audit("write-off-taken-back", now(), { jobs }, { market });
      return { jobs };
    },
  };
}

function tooYoung(): AppError {
  return new AppError({
    code: "BAD_INPUT",
    message: `Only what was accepted more than ${WRITE_OFF_DAYS} days ago can be written off`,
    actor: "user",
    help: "Markets settle daily, some of them late: wait, and compare the market's own books.",
  });
}

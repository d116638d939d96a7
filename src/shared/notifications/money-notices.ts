/** Notices about money that comes in, waits to be fetched, or is asked for in offers. */
import { DAY, HOUR } from "../durations.ts";
import { say } from "../words/said.ts";
import type { NoticeProvider } from "./notice.ts";
import { sayAmount, sayErrorLine, worded } from "./notice-words.ts";

const isSome = (minor: string) => BigInt(minor) > 0n;

export const firstEarning: NoticeProvider = (before, { state }) => {
  if (before?.state == null || state === null) return [];
  const old = before.state.earnings;
  return state.earnings.flatMap((market) => {
    const was = old.find(({ market: id }) => id === market.market);
    if (was === undefined || isSome(was.settledTotal.minor) || !isSome(market.settledTotal.minor)) return [];
    const name = state.markets.find(({ id }) => id === market.market)?.name ?? market.market.toUpperCase();
    return [
      {
        key: `first-earning ${market.market}`,
        type: "first-earning" as const,
        severity: "good" as const,
        ...worded(
          say("noticeFirstEarning", { market: name }),
          say(state.engine.mode === "demo" ? "noticeFirstEarningDemo" : "noticeFirstEarningText", {
            amount: sayAmount(market.settledTotal),
          }),
        ),
        screen: "earnings" as const,
        lasting: false,
        quietFor: DAY,
      },
    ];
  });
};

export const unclaimed: NoticeProvider = (_before, { state, balances }) =>
  balances
    .filter(({ pending }) => isSome(pending.minor))
    .map((balance) => ({
      key: `unclaimed ${balance.market}`,
      type: "unclaimed",
      severity: "info",
      ...worded(
        say("noticeUnclaimed", { amount: sayAmount(balance.pending) }),
        say("noticeUnclaimedText", {
          market:
            state?.markets.find(({ id }) => id === balance.market)?.name ?? balance.market.toUpperCase(),
        }),
      ),
      screen: "earnings",
      lasting: true,
      quietFor: 7 * DAY,
    }));

export const ledgerRestored: NoticeProvider = (_before, { state }) =>
  (state?.engine.notices ?? []).flatMap((notice) => {
    const title = restoredTitle(notice.code);
    return title === null
      ? []
      : {
          key: `ledger-restored ${notice.code}`,
          type: "ledger-restored",
          severity: "warn",
          ...worded(say(title), sayErrorLine(notice)),
          screen: "activity",
          lasting: true,
          quietFor: HOUR,
        };
  });

function restoredTitle(code: string): "noticeLedgerRestored" | "noticeLedgerWentBack" | null {
  switch (code) {
    case "LEDGER_RESTORED":
      return "noticeLedgerRestored";
    // Nothing was damaged: a version from before the ledger changed runs again.
    case "LEDGER_WENT_BACK":
      return "noticeLedgerWentBack";
    default:
      return null;
  }
}

/** For as long as no copy of the ledger can be made. */
export const snapshotFailed: NoticeProvider = (_before, { state }) =>
  (state?.engine.notices ?? [])
    .filter(({ code }) => code === "SNAPSHOT_FAILED")
    .map((notice) => ({
      key: "snapshot-failed",
      type: "snapshot-failed",
      severity: "warn",
      ...worded(say("noticeSnapshotFailed"), sayErrorLine(notice)),
      screen: "activity",
      lasting: true,
      quietFor: DAY,
    }));

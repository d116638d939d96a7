/** Calls to the markets as series: how many, how long, how often the queue is asked, what failed at which stage. */
import type { MarketId } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import type { Series } from "./families.ts";
import type { GuideSeries } from "./guide-series.ts";
import type { CallName, MarketCall } from "./observed-adapter.ts";

/** The guide's words for the stages (docs: protocols/aicf.md §7), and ours for those it has no word for. */
const STAGE: Readonly<Record<CallName, string>> = {
  probe: "register",
  register: "register",
  heartbeat: "heartbeat",
  acquire: "poll",
  openLeases: "poll",
  renew: "renew",
  submit: "complete",
  fail: "release",
  giveBack: "release",
  credits: "books",
};

export interface CallSeriesDeps {
  readonly series: Pick<Series, "requests" | "requestSeconds">;
  readonly guide: (
    market: MarketId,
  ) => Pick<GuideSeries, "pollInterval" | "renewals" | "errors" | "heartbeats"> | undefined;
  readonly providerId: (market: MarketId) => string | null;
}

export class CallSeries {
  readonly #deps: CallSeriesDeps;
  readonly #lastPoll = new Map<MarketId, number>();

  constructor(deps: CallSeriesDeps) {
    this.#deps = deps;
  }

  note({ market, name, startedAt, tookMs, outcome }: MarketCall): void {
    const { series } = this.#deps;
    series.requests.inc({ market, call: name, outcome });
    if (outcome !== "cancelled") series.requestSeconds.observe({ market, call: name }, tookMs / SECOND);
    const guide = this.#deps.guide(market);
    if (guide === undefined) return;
    if (outcome === "error") guide.errors.inc({ stage: STAGE[name] });
    if (name === "renew" && outcome === "ok") guide.renewals.inc();
    if (name === "heartbeat" && outcome !== "cancelled") {
      const provider_id = this.#deps.providerId(market) ?? "";
      guide.heartbeats.inc({ provider_id, outcome: outcome === "ok" ? "ok" : "fail" });
    }
    if (name === "acquire") {
      const before = this.#lastPoll.get(market);
      if (before !== undefined) guide.pollInterval.set((startedAt - before) / SECOND);
      this.#lastPoll.set(market, startedAt);
    }
  }
}

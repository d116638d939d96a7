/** Who the work is done for: each market with the proofs that it knows us and talks to us. */

import { CircleDashed, CircleStop, CircleX, LoaderCircle, Plug, Store, Unplug } from "lucide-react";
import type { MarketView } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { UNKNOWN } from "../format/reading.ts";
import { coarse } from "../format/time.ts";
import { Age } from "../parts/age.tsx";
import { Card } from "../parts/card.tsx";
import { Digest } from "../parts/digest.tsx";
import { Fact } from "../parts/fact.tsx";
import { Limits } from "../parts/limits.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { type StatusLook, StatusWord } from "../parts/status-word.tsx";
import { useEngine, usePage } from "../state/store.ts";
import { heartbeatFreshness } from "./freshness.ts";

const LOOK: Readonly<Record<MarketView["state"], Omit<StatusLook, "word">>> = {
  connecting: { icon: LoaderCircle, tone: "info" },
  registered: { icon: Plug, tone: "ok" },
  unreachable: { icon: Unplug, tone: "bad" },
  refused: { icon: CircleX, tone: "bad" },
  off: { icon: CircleDashed, tone: "muted" },
};

/** Stopped by the person: nobody speaks with a market then, so an old heartbeat is no trouble and no proof either. */
const STOPPED = { icon: CircleStop, tone: "muted" } as const;

function lookOf({ state }: MarketView, stopped: boolean): StatusLook {
  if (stopped && state === "registered") return { ...STOPPED, word: t("home.markets.state.notInUse") };
  return { ...LOOK[state], word: t(`home.markets.state.${state}`) };
}

export function Markets() {
  const markets = useEngine((state) => state.markets);
  return (
    <Card title={t("home.markets.title")} className="markets">
      {markets.length === 0 ? (
        <div className="card-empty">
          <Store size={22} strokeWidth={1.6} aria-hidden />
          <strong>{t("home.markets.emptyTitle")}</strong>
          {t("home.markets.empty")}
        </div>
      ) : (
        <ul>
          {markets.map((market) => (
            <Market key={market.id} market={market} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Market({ market }: { market: MarketView }) {
  const stopped = useEngine((state) => state.engine.intent === "stopped");
  return (
    <li className="market">
      <div className="market-head">
        <h3 className="market-name" title={market.name}>
          {marketName(market.id)}
        </h3>
        <span className="market-endpoint clip" title={market.endpoint}>
          {market.endpoint.replace(/^https?:\/\//, "")}
        </span>
        <StatusWord look={lookOf(market, stopped)} />
      </div>
      <dl className="facts">
        <Heartbeat market={market} stopped={stopped} />
        <Fact label={t("home.markets.lastPoll")}>
          {market.lastPollAnswer === null ? (
            UNKNOWN
          ) : (
            <>
              {t(`home.markets.poll.${market.lastPollAnswer}`)}, <Age at={market.lastPollAt} />
            </>
          )}
        </Fact>
        <Fact label={t("home.markets.resultAccepted")}>
          <Age at={market.lastAcceptedAt} />
        </Fact>
        <Fact label={t("home.markets.leasesHeld")}>{market.leasesHeld}</Fact>
        <Fact label={t("home.markets.providerId")}>
          <Digest value={market.providerId} what={t("home.markets.providerIdWhat")} />
        </Fact>
      </dl>
      {market.error !== null && <ErrorNote error={market.error} />}
      <Limits limits={market.limits ?? []} />
    </li>
  );
}

function Heartbeat({ market, stopped }: { market: MarketView; stopped: boolean }) {
  const freshness = usePage(({ now }) => (stopped ? "fresh" : heartbeatFreshness(market, now)));
  const tone = freshness === "late" ? "tone-warn" : freshness === "silent" ? "tone-bad" : "";
  return (
    <Fact label={t("home.markets.heartbeat")}>
      <span className={tone === "" ? undefined : `late ${tone}`}>
        <Age at={market.lastHeartbeatAckAt} />
        {(freshness === "late" || freshness === "silent") && `, ${t(`home.markets.${freshness}`)}`}
      </span>
      {stopped ? (
        <span className="quiet"> · {t("home.markets.noneWhileStopped")}</span>
      ) : (
        market.heartbeatIntervalMs !== null && (
          <span className="quiet">
            {" "}
            · {t("home.markets.every", { time: coarse(market.heartbeatIntervalMs) })}
          </span>
        )
      )}
    </Fact>
  );
}

/** Who the work is done for: each market with the proofs that it knows us and talks to us. */
import { CircleDashed, CircleStop, CircleX, LoaderCircle, Plug, Store, Unplug } from "lucide-react";
import type { ReactNode } from "react";
import type { MarketView } from "../../shared/contract/views.ts";
import { marketName } from "../format/market-name.ts";
import { UNKNOWN } from "../format/reading.ts";
import { coarse } from "../format/time.ts";
import { Age } from "../parts/age.tsx";
import { Card } from "../parts/card.tsx";
import { Digest } from "../parts/digest.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { type StatusLook, StatusWord } from "../parts/status-word.tsx";
import { useEngine, usePage } from "../state/store.ts";
import { heartbeatFreshness } from "./freshness.ts";

const LOOK: Readonly<Record<MarketView["state"], StatusLook>> = {
  connecting: { icon: LoaderCircle, word: "connecting", tone: "info" },
  registered: { icon: Plug, word: "connected", tone: "ok" },
  unreachable: { icon: Unplug, word: "not reachable", tone: "bad" },
  refused: { icon: CircleX, word: "refused", tone: "bad" },
  off: { icon: CircleDashed, word: "off", tone: "muted" },
};

/** Stopped by the person: nobody speaks with a market then, so an old heartbeat is no trouble and no proof either. */
const STOPPED: StatusLook = { icon: CircleStop, word: "not in use", tone: "muted" };

const POLL_WORDS = { work: "work", none: "no work", error: "an error" } as const;

export function Markets() {
  const markets = useEngine((state) => state.markets);
  return (
    <Card title="Markets" className="markets">
      {markets.length === 0 ? (
        <div className="card-empty">
          <Store size={22} strokeWidth={1.6} aria-hidden />
          <strong>No market is configured</strong>
          Set an address and a key for AITBC or AICF, then restart.
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
        <StatusWord look={stopped && market.state === "registered" ? STOPPED : LOOK[market.state]} />
      </div>
      <dl className="facts">
        <Heartbeat market={market} stopped={stopped} />
        <Fact label="Last poll">
          {market.lastPollAnswer === null ? (
            UNKNOWN
          ) : (
            <>
              {POLL_WORDS[market.lastPollAnswer]}, <Age at={market.lastPollAt} />
            </>
          )}
        </Fact>
        <Fact label="Result accepted">
          <Age at={market.lastAcceptedAt} />
        </Fact>
        <Fact label="Leases held">{market.leasesHeld}</Fact>
        <Fact label="Provider id">
          <Digest value={market.providerId} what="provider id" />
        </Fact>
      </dl>
      {market.error !== null && <ErrorNote error={market.error} />}
    </li>
  );
}

function Heartbeat({ market, stopped }: { market: MarketView; stopped: boolean }) {
  const freshness = usePage(({ now }) => (stopped ? "fresh" : heartbeatFreshness(market, now)));
  const tone = freshness === "late" ? "tone-warn" : freshness === "silent" ? "tone-bad" : "";
  return (
    <Fact label="Heartbeat">
      <span className={tone === "" ? undefined : `late ${tone}`}>
        <Age at={market.lastHeartbeatAckAt} />
        {tone !== "" && `, ${freshness}`}
      </span>
      {stopped ? (
        <span className="quiet"> · none while stopped</span>
      ) : (
        market.heartbeatIntervalMs !== null && (
          <span className="quiet"> · every {coarse(market.heartbeatIntervalMs)}</span>
        )
      )}
    </Fact>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/**
 * How this provider stands against each market's thresholds, by our own books: before the market acts one can see how
 * far off a limit is, what crossing it would cost, and what is done about it.
 */
import { ShieldQuestion } from "lucide-react";
import type { ServiceLevel } from "../../shared/contract/service-level.ts";
import type { MarketView } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { formatDuration } from "../format/time.ts";
import { Card } from "../parts/card.tsx";
import { LinesSkeleton } from "../parts/lines-skeleton.tsx";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useEngine } from "../state/store.ts";
import { useAnswer } from "../state/use-answer.ts";
import { GuardCard } from "./guard-card.tsx";
import { Heartbeats } from "./heartbeats.tsx";
import { MeasureRow } from "./measure-row.tsx";
import { Penalties } from "./penalties.tsx";
import { ResumeMarket } from "./resume-market.tsx";
import { StandingCard } from "./standing-card.tsx";
import "./reliability.css";

/** The guard looks every five seconds; what it found is soon here. */
const LOOK_AGAIN = 2 * SECOND;

export function Reliability() {
  const markets = useEngine((state) => state.markets);
  return (
    <div className="screen">
      <h1>{t("reliability.title")}</h1>
      {markets.length === 0 && (
        <Card title={t("reliability.level.title")}>
          <div className="card-empty">
            <ShieldQuestion size={22} strokeWidth={1.6} aria-hidden />
            <strong>{t("reliability.empty.noMarket")}</strong>
            {t("reliability.empty.noMarketText")}
          </div>
        </Card>
      )}
      {/* Markets that measure something stand first. */}
      {[...markets]
        .sort((a, b) => Number(b.serviceWarnings !== undefined) - Number(a.serviceWarnings !== undefined))
        .map((market) => (
          <MarketService key={market.id} market={market} several={markets.length > 1} />
        ))}
    </div>
  );
}

function MarketService({ market, several }: { market: MarketView; several: boolean }) {
  const { answer, error } = useAnswer("service.level", { market: market.id }, LOOK_AGAIN);
  const level = answer?.level ?? null;
  const name = marketName(market.id);
  const paused = market.paused !== undefined && (
    <Note
      tone="bad"
      help={t("engine.noticeMarketPausedText", { lost: market.paused.lost })}
      actions={<ResumeMarket market={market.id} />}
    >
      {asSentence(t("engine.noticeMarketPaused", { market: name }))}
    </Note>
  );
  if (answer !== null && level === null) {
    return (
      <Card title={name}>
        {paused}
        <div className="card-empty">
          <ShieldQuestion size={22} strokeWidth={1.6} aria-hidden />
          <strong>{t("reliability.empty.noRules", { market: name })}</strong>
          {t("reliability.empty.noRulesText")}
        </div>
      </Card>
    );
  }
  const isWaiting = answer === null && error === null;
  return (
    <div className="service">
      {several && !isWaiting && <h2 className="service-market">{name}</h2>}
      {paused}
      {error !== null && <ErrorNote error={error} alert />}
      {/* Two markets that are waited for are two regions: each has its own name. */}
      {isWaiting && <Waiting title={several ? name : t("reliability.level.title")} />}
      {level !== null && <Level market={market} level={level} />}
    </div>
  );
}

function Level({ market, level }: { market: MarketView; level: ServiceLevel }) {
  const { window, measures } = level;
  return (
    <div className="service-grid">
      <div className="service-column">
        <Card
          title={t("reliability.level.title")}
          aside={t("reliability.level.window", {
            span: formatDuration(window.to - window.from),
            jobs: t("reliability.level.jobs", { count: window.jobs }),
          })}
          className="level-card"
        >
          <ul className="measures">
            {measures.map((measure) => (
              <MeasureRow key={measure.name} measure={measure} />
            ))}
          </ul>
          <p className="quiet level-foot">{capital(t("reliability.level.measured"))}.</p>
        </Card>
        <GuardCard level={level} />
      </div>
      <div className="service-column">
        <StandingCard market={market} />
        <Heartbeats market={market} level={level} />
        <Penalties standing={market.standing ?? null} />
      </div>
    </div>
  );
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function Waiting({ title }: { title: string }) {
  return (
    <Card title={title}>
      <LinesSkeleton label={t("reliability.empty.waiting")} widths={[84, 92, 76, 88]} />
    </Card>
  );
}

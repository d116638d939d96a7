/** The market's own word about this provider: may it be given work, and if not, why and what helps. */
import { Ban, CircleCheck, CircleHelp, LockKeyhole, Sprout, TrendingDown } from "lucide-react";
import type { MarketView, ProviderStanding } from "../../shared/contract/views.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber } from "../format/reading.ts";
import { formatMoment } from "../format/time.ts";
import { Age } from "../parts/age.tsx";
import { Card } from "../parts/card.tsx";
import { Note } from "../parts/note.tsx";
import type { Tone } from "../parts/tone.ts";
import { screenHref } from "../state/route.ts";

const LOOK = {
  new: { icon: Sprout, tone: "info" },
  eligible: { icon: CircleCheck, tone: "ok" },
  degraded: { icon: TrendingDown, tone: "warn" },
  jailed: { icon: LockKeyhole, tone: "bad" },
  ineligible: { icon: Ban, tone: "warn" },
} as const satisfies Record<ProviderStanding["state"], { icon: unknown; tone: Tone }>;

export function StandingCard({ market }: { market: MarketView }) {
  const standing = market.standing ?? null;
  const { icon: Icon, tone } = standing === null ? { icon: CircleHelp, tone: "muted" } : LOOK[standing.state];
  return (
    <Card
      title={t("reliability.standing.title")}
      aside={
        standing !== null && (
          <>
            {t("reliability.standing.asOf")} <Age at={standing.at} />
          </>
        )
      }
      className="standing-card"
    >
      <div className={`standing-head tone-${tone}`}>
        <Icon size={20} aria-hidden />
        <strong>{stateWords(standing)}</strong>
        {standing !== null && standing.state !== "new" && (
          <span className="quiet figures">
            {t("reliability.health.score")} {showNumber(standing.health.score, 2)}
            {standing.health.word !== null && ` · ${healthWord(standing.health.word)}`}
          </span>
        )}
      </div>
      {standing?.state === "new" && <p className="quiet">{t("reliability.standing.newText")}</p>}
      {standing?.state === "jailed" && <p className="quiet">{t("reliability.standing.jailedSince")}</p>}
      {standing?.reasons.map((reason) => (
        <Note key={reason.code} tone="warn" help={asSentence(hear(reason.help, reason.helpSaid))}>
          {asSentence(hear(reason.text, reason.said))}
        </Note>
      ))}
      <p>
        <a className="link" href={screenHref("identity")}>
          {t("nav.identity")}
        </a>
      </p>
    </Card>
  );
}

/** A market may have words that this page does not know: then its own is shown. */
function healthWord(word: string): string {
  switch (word) {
    case "HEALTHY":
      return t("reliability.health.healthy");
    case "DEGRADED":
      return t("reliability.health.degraded");
    case "UNRESPONSIVE":
      return t("reliability.health.unresponsive");
    case "JAILED":
      return t("reliability.health.jailed");
    default:
      return word.toLowerCase();
  }
}

function stateWords(standing: ProviderStanding | null): string {
  if (standing === null) return t("reliability.standing.unknown");
  if (standing.state !== "jailed") return t(`reliability.standing.${standing.state}`);
  const until = standing.jailedUntil;
  return t("reliability.standing.jailed", { time: until === null ? "–" : formatMoment(until) });
}

/** What the service guard does of its own accord, since when and because of what; and what it did before. */
import { CirclePause, Eye, Gauge, Hand, PackageX, ShieldCheck } from "lucide-react";
import type { GuardAction, GuardChange, ServiceLevel } from "../../shared/contract/service-level.ts";
import { t } from "../../shared/words/words.ts";
import { formatMoment } from "../format/time.ts";
import { Age } from "../parts/age.tsx";
import { Card } from "../parts/card.tsx";
import { screenHref } from "../state/route.ts";
import { useEngine } from "../state/store.ts";

const ICONS = {
  warn: Eye,
  "lower-concurrency": Gauge,
  "finish-only": Hand,
  "pause-model": PackageX,
  "pause-market": CirclePause,
} as const satisfies Record<GuardAction["kind"], unknown>;

const TAKES_NOTHING: ReadonlySet<GuardAction["kind"]> = new Set(["finish-only", "pause-market"]);
const LOG_SHOWN = 8;

export function GuardCard({ level }: { level: ServiceLevel }) {
  const { actions, log } = level;
  return (
    <Card title={t("reliability.guard.title")} aside={t("reliability.guard.aside")} className="guard-card">
      {actions.length === 0 ? (
        <p className="guard-calm tone-ok">
          <ShieldCheck size={16} aria-hidden />
          <span>
            <strong>{t("reliability.guard.calm")}</strong>
            <span className="quiet">{t("reliability.guard.calmText")}</span>
          </span>
        </p>
      ) : (
        <ul className="guard-list">
          {actions.map((action) => (
            <Action
              key={`${action.kind} ${action.measure ?? ""} ${action.model ?? ""} ${action.device ?? ""}`}
              action={action}
            />
          ))}
        </ul>
      )}
      <h3 className="guard-before">{t("reliability.guard.log")}</h3>
      {log.length === 0 ? (
        <p className="quiet guard-none">{t("reliability.guard.logEmpty")}</p>
      ) : (
        <ul className="guard-log">
          {log.slice(0, LOG_SHOWN).map((change, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two changes may be alike in everything, and none is ever moved.
            <Change key={index} change={change} />
          ))}
        </ul>
      )}
      <p className="guard-none">
        <a className="link" href={screenHref("activity")}>
          {t("reliability.guard.activity")}
        </a>
      </p>
    </Card>
  );
}

function Action({ action }: { action: GuardAction }) {
  const Icon = ICONS[action.kind];
  return (
    <li className={`guard-action ${TAKES_NOTHING.has(action.kind) ? "tone-bad" : "tone-warn"}`}>
      <Icon size={16} aria-hidden />
      <div>
        <div>
          <Words said={action} />
          <span className="quiet">
            {" · "}
            {t("reliability.guard.since")} <Age at={action.since} />
          </span>
        </div>
        <div className="quiet">{because(action)}</div>
      </div>
    </li>
  );
}

function Change({ change }: { change: GuardChange }) {
  return (
    <li>
      <time dateTime={new Date(change.at).toISOString()}>{formatMoment(change.at)}</time>
      <span>
        <Words said={change} />, {t(`reliability.guard.${change.change}`)}
      </span>
      <span className="quiet">{because(change)}</span>
    </li>
  );
}

type Said = Pick<GuardAction, "kind" | "measure" | "model" | "device" | "lost" | "text">;

function Words({ said: { kind, model, device } }: { said: Said }) {
  const name = useEngine(({ devices }) => devices.find(({ id }) => id === device)?.name ?? device ?? "");
  return kind === "pause-model"
    ? t("reliability.guard.pause-model", { model: model ?? "", device: name })
    : t(`reliability.guard.${kind}`);
}

/** The measure's own name; a failed self-test has none, and says in the engine's words what it found. */
function because({ measure, lost, text }: Said): string {
  if (lost !== undefined) return t("reliability.guard.lost", { count: lost });
  return measure === null
    ? text
    : t("reliability.guard.because", { measure: t(`reliability.measure.${measure}`) });
}

/** The headline: one sentence of state, its proof, why it is so, and the verbs that change it. */

import { CircleStop, Hourglass, Pause, Play, X } from "lucide-react";
import { useState } from "react";
import type { HeadlineLevel, RunIntent } from "../../shared/contract/views.ts";
import { isSnoozed } from "../../shared/device-rest.ts";
import { unreachable } from "../../shared/errors.ts";
import type { en } from "../../shared/words/en/en.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { Age } from "../parts/age.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { useVerb, type Verb, type VerbRunner } from "../state/bridge-context.ts";
import { screenHref } from "../state/route.ts";
import { useEngine, usePage } from "../state/store.ts";
import { useCommand } from "../state/use-command.ts";
import { HEADLINE_LOOK } from "./headline-look.ts";
import { Orb } from "./orb.tsx";
import { StopDialog } from "./stop-dialog.tsx";

export function Hero() {
  const headline = useEngine((state) => state.headline);
  const intent = useEngine((state) => state.engine.intent);
  const perSecond = useEngine((state) => state.throughput.perSecond);
  const stale = usePage((page) => page.stale);
  const verbs = useVerb();
  return (
    <section className="card hero" aria-labelledby="headline">
      <Orb level={headline.level} perSecond={perSecond} />
      <div className="hero-words">
        <h1 className="hero-sentence" id="headline">
          {stale && <span className="quiet">{t("home.lastKnown")}</span>}
          {hear(headline.sentence, headline.said)}
        </h1>
        <Proof />
        {headline.reasons.length > 0 && (
          <ul className={`reasons tone-${HEADLINE_LOOK[headline.level].tone}`}>
            {headline.reasons.map((reason) => (
              <li key={reason.text}>
                {asSentence(hear(reason.text, reason.said))}
                {reason.help !== undefined && reason.help !== "" && (
                  <span className="quiet"> {hear(reason.help, reason.helpSaid)}</span>
                )}
                {reason.screen !== undefined && (
                  <>
                    {" "}
                    <a className="link link-inline" href={screenHref(reason.screen)}>
                      {t(`nav.${reason.screen}`)}
                    </a>
                  </>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
      <Verbs intent={intent} verbs={verbs} disabled={stale} />
      {verbs.error !== null && (
        <div className="hero-error">
          <ErrorNote
            error={verbs.error}
            alert
            actions={
              <button
                type="button"
                className="icon-button"
                aria-label={t("home.hideError")}
                onClick={verbs.clearError}
              >
                <X size={15} aria-hidden />
              </button>
            }
          />
        </div>
      )}
      <Spoken level={headline.level} sentence={stale ? "" : hear(headline.sentence, headline.said)} />
    </section>
  );
}

function Proof() {
  const { lastAcceptedAt, lastAcceptedMarket, lastHeartbeatAckAt } = useEngine((state) => state.headline);
  return (
    <p className="hero-proof">
      {lastAcceptedAt === null ? (
        <span>{t("home.noResultYet")}</span>
      ) : (
        <span>
          {t("home.resultAccepted")} <Age at={lastAcceptedAt} className="strong" />
          {lastAcceptedMarket !== null &&
            ` ${t("home.onMarket", { market: marketName(lastAcceptedMarket) })}`}
        </span>
      )}
      <span aria-hidden> · </span>
      {lastHeartbeatAckAt === null ? (
        <span>{t("home.noHeartbeatYet")}</span>
      ) : (
        <span>
          {t("home.heartbeatAcknowledged")} <Age at={lastHeartbeatAckAt} className="strong" />
        </span>
      )}
    </p>
  );
}

type VerbWord = keyof typeof en.home.verbs;

interface VerbLook {
  verb: Verb;
  label: VerbWord;
  hint: VerbWord;
  primary?: boolean;
  /** Too long to share a row in a narrow window. */
  long?: boolean;
}

const START: VerbLook = {
  verb: "run.start",
  label: "start",
  hint: "startHint",
  primary: true,
};
const GO_ON: VerbLook = { verb: "run.start", label: "start", hint: "goOnHint" };
const PAUSE: VerbLook = {
  verb: "run.pause",
  label: "pause",
  hint: "pauseHint",
};
const FINISH: VerbLook = {
  verb: "run.finish",
  label: "finish",
  hint: "finishHint",
  long: true,
};
const STOP: VerbLook = {
  verb: "run.stop",
  label: "stop",
  hint: "stopHint",
};
const ICONS = {
  "run.start": Play,
  "run.pause": Pause,
  "run.finish": Hourglass,
  "run.stop": CircleStop,
} as const;

/** What makes sense now: a verb that would change nothing is not offered. */
function verbsFor(intent: RunIntent | "resting"): readonly VerbLook[] {
  switch (intent) {
    case "resting":
      return [STOP];
    case "running":
      return [PAUSE, FINISH, STOP];
    case "finishing":
      return [PAUSE, GO_ON, STOP];
    case "paused":
      return [START, STOP];
    case "stopped":
      return [START];
    default:
      return unreachable(intent);
  }
}

function Verbs({ intent, verbs, disabled }: { intent: RunIntent; verbs: VerbRunner; disabled: boolean }) {
  const held = useEngine((state) => state.markets.reduce((sum, { leasesHeld }) => sum + leasesHeld, 0));
  // Every device rests and at least one because its person said so: to go on is the only thing to choose from.
  const resting = useEngine(
    ({ headline, engine, devices }) =>
      engine.intent === "running" && headline.level === "paused" && devices.some(isSnoozed),
  );
  const [asking, setAsking] = useState(false);
  const choose = (verb: Verb) => {
    if (verb === "run.stop" && held > 0) setAsking(true);
    else verbs.run(verb);
  };
  return (
    <fieldset className="hero-verbs" aria-label={t("home.work")}>
      {resting && <ResumeAll disabled={disabled} />}
      {verbsFor(resting ? "resting" : intent).map(({ verb, label, hint, primary, long }) => {
        const Icon = ICONS[verb as keyof typeof ICONS];
        return (
          <button
            key={verb}
            type="button"
            className={["button", primary && "button-primary", long && "verb-long"].filter(Boolean).join(" ")}
            title={t(`home.verbs.${hint}`)}
            disabled={disabled || verbs.pending !== null}
            aria-busy={verbs.pending === verb}
            onClick={() => choose(verb)}
          >
            <Icon size={14} aria-hidden />
            {t(`home.verbs.${label}`)}
          </button>
        );
      })}
      <StopDialog
        open={asking}
        held={held}
        onStop={() => verbs.run("run.stop")}
        onFinish={() => verbs.run("run.finish")}
        onClose={() => setAsking(false)}
      />
    </fieldset>
  );
}

/** Ends the pauses of all devices. */
function ResumeAll({ disabled }: { disabled: boolean }) {
  const command = useCommand();
  return (
    <button
      type="button"
      className="button button-primary"
      title={t("home.verbs.resumeHint")}
      disabled={disabled || command.pending !== null}
      aria-busy={command.pending !== null}
      onClick={() => void command.run("devices.resume", {})}
    >
      <Play size={14} aria-hidden />
      {t("home.verbs.resume")}
    </button>
  );
}

/** The same sentence for who can't see it, spoken when it changes and not before the last one is done. */
function Spoken({ level, sentence }: { level: HeadlineLevel; sentence: string }) {
  return (
    <p className="visually-hidden" role="status">
      {level === "error" ? t("home.errorSpoken", { sentence }) : sentence}
    </p>
  );
}

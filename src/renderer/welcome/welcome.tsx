/** The first run: five steps, each of which can be left and comes back where it was left. */
import { Check } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import type { SettingsView } from "../../shared/contract/settings.ts";
import { unreachable } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { ErrorNote } from "../parts/note.tsx";
import { screenHref } from "../state/route.ts";
import { IntroStep } from "./intro-step.tsx";
import { KeyStep } from "./key-step.tsx";
import { MachineStep } from "./machine-step.tsx";
import { chosenMarkets } from "./market-choice.ts";
import { MarketsStep } from "./markets-step.tsx";
import { ReadyStep } from "./ready-step.tsx";
import { isStep, nextStep, previousStep, STEPS, type Step } from "./steps.ts";
import { type SetUp, useSetUp } from "./use-set-up.ts";
import "./welcome.css";

export function Welcome() {
  const setUp = useSetUp();
  const at = setUp.settings?.values["app.first_run"].value;
  if (setUp.settings === null)
    return setUp.error === null ? (
      <p className="quiet" role="status" />
    ) : (
      <ErrorNote error={setUp.error} alert />
    );
  return <Steps setUp={setUp} step={isStep(at) ? at : "intro"} />;
}

function Steps({ setUp, step }: { setUp: SetUp; step: Step }) {
  const real = chosenMarkets(setUp.settings as SettingsView).length > 0;
  // The demo has a key already.
  const steps = STEPS.filter((each) => real || each !== "key" || step === "key");
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  // Who goes on by keyboard or ear starts at the new step's heading.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the step is why.
  useEffect(() => {
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [step]);
  const go = (to: Step) => void setUp.save({ "app.first_run": to });
  const leave = async () => {
    if (await setUp.save({ "app.first_run": "later" })) window.location.hash = screenHref("home");
  };
  return (
    <div className="welcome">
      <StepList at={step} steps={steps} />
      <section className="card welcome-card" aria-labelledby="welcome-heading">
        <p className="welcome-count">
          {t("welcome.stepOf", { n: steps.indexOf(step) + 1, total: steps.length })}
        </p>
        <h1 id="welcome-heading" ref={heading} tabIndex={-1}>
          {t(`welcome.${step}.heading`)}
        </h1>
        <Body step={step} setUp={setUp} />
        {setUp.error !== null && <ErrorNote error={setUp.error} alert />}
        {step !== "ready" && (
          <Foot onBack={step === "intro" ? null : () => go(previousStep(step))} onLater={() => void leave()}>
            {step !== "markets" && (
              <button type="button" className="button button-strong" onClick={() => go(nextStep(step))}>
                {t("welcome.next")}
              </button>
            )}
          </Foot>
        )}
      </section>
    </div>
  );
}

function Body({ step, setUp }: { step: Step; setUp: SetUp }) {
  switch (step) {
    case "intro":
      return <IntroStep />;
    case "machine":
      return <MachineStep />;
    case "markets":
      return <MarketsStep setUp={setUp} />;
    case "key":
      return <KeyStep setUp={setUp} />;
    case "ready":
      return <ReadyStep setUp={setUp} />;
    default:
      return unreachable(step);
  }
}

function StepList({ at, steps }: { at: Step; steps: readonly Step[] }) {
  const current = steps.indexOf(at);
  return (
    <nav className="welcome-steps" aria-label={t("welcome.steps")}>
      <ol>
        {steps.map((step, place) => (
          <li
            key={step}
            aria-current={step === at ? "step" : undefined}
            className={place < current ? "past" : ""}
          >
            <span className="welcome-mark" aria-hidden>
              {place < current ? <Check size={13} strokeWidth={2.4} /> : place + 1}
            </span>
            {t(`welcome.step.${step}`)}
            {place < current && <span className="visually-hidden">, {t("welcome.done")}</span>}
          </li>
        ))}
      </ol>
    </nav>
  );
}

export function Foot(props: { onBack: (() => void) | null; onLater: () => void; children?: ReactNode }) {
  const { onBack, onLater, children } = props;
  return (
    <div className="welcome-foot">
      <button type="button" className="button button-plain" title={t("welcome.laterHint")} onClick={onLater}>
        {t("welcome.later")}
      </button>
      {onBack !== null && (
        <button type="button" className="button" onClick={onBack}>
          {t("welcome.back")}
        </button>
      )}
      {children}
    </div>
  );
}

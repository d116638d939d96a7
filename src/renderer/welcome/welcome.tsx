/** The first run: five steps, each of which can be left and comes back where it was left. */
import { Check } from "lucide-react";
import { useEffect, useRef } from "react";
import { unreachable } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { ErrorNote } from "../parts/note.tsx";
import { screenHref } from "../state/route.ts";
import type { StepProps, Walk } from "./foot.tsx";
import { IntroStep } from "./intro-step.tsx";
import { KeyStep } from "./key-step.tsx";
import { MachineStep } from "./machine-step.tsx";
import { MarketsStep } from "./markets-step.tsx";
import { ReadyStep } from "./ready-step.tsx";
import { previousStep, STEPS, type Step, stepOf } from "./steps.ts";
import { useSetUp } from "./use-set-up.ts";
import "./welcome.css";

export function Welcome() {
  const setUp = useSetUp();
  const step = stepOf(setUp.settings.values["app.first_run"].value);
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(step);
  // Who goes on by keyboard or ear starts at the new step's heading; it is above whatever was scrolled to.
  useEffect(() => {
    if (shown.current === step) return;
    shown.current = step;
    heading.current?.focus();
    heading.current?.scrollIntoView({ block: "center" });
  }, [step]);

  const go = (to: Step) => void setUp.save({ "app.first_run": to });
  const walk: Walk = {
    go,
    back: step === "intro" ? null : () => go(previousStep(step)),
    later: () =>
      void setUp.save({ "app.first_run": step }).then((kept) => {
        if (kept) window.location.hash = screenHref("home");
      }),
  };
  return (
    <div className="welcome">
      <StepList at={step} />
      <section className="card welcome-card" aria-labelledby="welcome-heading">
        <p className="welcome-count">
          {t("welcome.stepOf", { n: STEPS.indexOf(step) + 1, total: STEPS.length })}
        </p>
        <h1 id="welcome-heading" ref={heading} tabIndex={-1}>
          {t(`welcome.${step}.heading`)}
        </h1>
        {setUp.error !== null && <ErrorNote error={setUp.error} alert />}
        <Body step={step} setUp={setUp} walk={walk} />
      </section>
    </div>
  );
}

function Body({ step, ...props }: StepProps & { step: Step }) {
  switch (step) {
    case "intro":
      return <IntroStep {...props} />;
    case "machine":
      return <MachineStep {...props} />;
    case "markets":
      return <MarketsStep {...props} />;
    case "key":
      return <KeyStep {...props} />;
    case "ready":
      return <ReadyStep {...props} />;
    default:
      return unreachable(step);
  }
}

function StepList({ at }: { at: Step }) {
  const current = STEPS.indexOf(at);
  return (
    <nav className="welcome-steps" aria-label={t("welcome.steps")}>
      <ol>
        {STEPS.map((step, place) => (
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

/** The foot of every step: leave, back, and the step's own way on. It stays in sight however long the step is. */
import type { ReactNode } from "react";
import { t } from "../../shared/words/words.ts";
import type { Step } from "./steps.ts";
import type { SetUp } from "./use-set-up.ts";

/** How a step is left. */
export interface Walk {
  readonly go: (to: Step) => void;
  /** null: this is the first. */
  readonly back: (() => void) | null;
  /** The step is kept; Home leads back to it. */
  readonly later: () => void;
}

export interface StepProps {
  readonly setUp: SetUp;
  readonly walk: Walk;
}

export function Foot({ walk, children }: { walk: Walk; children: ReactNode }) {
  const { back, later } = walk;
  return (
    <div className="welcome-foot">
      <button type="button" className="button button-plain" title={t("welcome.laterHint")} onClick={later}>
        {t("welcome.later")}
      </button>
      {back !== null && (
        <button type="button" className="button" onClick={back}>
          {t("welcome.back")}
        </button>
      )}
      {children}
    </div>
  );
}

export function Continue({ onClick }: { onClick: () => void }) {
  return (
    <button type="button" className="button button-strong" onClick={onClick}>
      {t("welcome.next")}
    </button>
  );
}

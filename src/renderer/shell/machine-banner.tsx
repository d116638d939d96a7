/** The data folder comes from another machine: the question that only a person can answer, above every screen. */
import { HardDrive } from "lucide-react";
import { useState } from "react";
import type { MoveAnswer } from "../../shared/contract/machine.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";

export function MachineBanner() {
  const isAsked = usePage(({ engine, stale }) => engine?.engine.fromOtherMachine === true && !stale);
  const bridge = useBridge();
  const [pending, setPending] = useState<MoveAnswer | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  if (!isAsked) return null;
  const answer = (as: MoveAnswer) => {
    setPending(as);
    setError(null);
    // The engine starts again with it, and the page then hears that nothing is asked any more.
    bridge
      .invoke("machine.settle", { as })
      .catch((thrown: unknown) => setError(toErrorValue(thrown)))
      .finally(() => setPending(null));
  };
  const button = (as: MoveAnswer, label: string) => (
    <button
      type="button"
      className="button notice-button"
      disabled={pending !== null}
      aria-busy={pending === as}
      onClick={() => answer(as)}
    >
      {label}
    </button>
  );
  return (
    <>
      <Note
        tone="warn"
        icon={HardDrive}
        alert
        help={t("app.machine.help")}
        actions={
          <>
            {button("copied", t("app.machine.copied"))}
            {button("moved", t("app.machine.moved"))}
          </>
        }
      >
        <strong className="notice-title">{t("app.machine.title")}</strong>
      </Note>
      {error !== null && <ErrorNote error={error} alert />}
    </>
  );
}

/** What the GPU's self-test came to, which decides whether it is listed, and a button to run it again. */

import { CircleCheck, CircleX, Hourglass, LoaderCircle, type LucideIcon } from "lucide-react";
import { useState } from "react";
import type { ListingTest } from "../../shared/contract/offers.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { ErrorNote } from "../parts/note.tsx";
import type { Tone } from "../parts/tone.ts";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";

const LOOK: Readonly<Record<ListingTest["state"], { icon: LucideIcon; tone: Tone }>> = {
  passed: { icon: CircleCheck, tone: "ok" },
  due: { icon: Hourglass, tone: "warn" },
  running: { icon: LoaderCircle, tone: "info" },
  failed: { icon: CircleX, tone: "bad" },
  impossible: { icon: CircleX, tone: "bad" },
};

export function SelfTestLine({ device, test }: { device: string; test: ListingTest }) {
  const bridge = useBridge();
  const stale = usePage((page) => page.stale);
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ErrorValue | null>(null);
  const { icon: Icon, tone } = LOOK[test.state];
  const running = pending || test.state === "running";
  const run = () => {
    setPending(true);
    setError(null);
    bridge
      .invoke("selftest.run", { device })
      .catch((thrown: unknown) => setError(toErrorValue(thrown)))
      .finally(() => setPending(false));
  };
  return (
    <div className="self-test-line">
      <h3 className="offer-market-title">{t("offers.test.title")}</h3>
      <div className={`self-test-words tone-${tone}`}>
        <Icon size={14} aria-hidden className="note-icon" />
        <div>
          {asSentence(hear(test.text, test.said))}
          {test.help !== null && <span className="quiet"> {hear(test.help, test.helpSaid)}</span>}
        </div>
      </div>
      {test.state !== "passed" && (
        <button
          type="button"
          className="button"
          disabled={stale || running}
          aria-busy={running}
          onClick={run}
        >
          {running ? t("offers.test.running") : t("offers.test.run")}
        </button>
      )}
      {error !== null && <ErrorNote error={error} alert />}
    </div>
  );
}

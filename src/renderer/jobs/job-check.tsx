/** Is this job's receipt worth its name? Checked here and now, on wish by computing the result again. */
import { CircleCheck, CircleX, ShieldCheck } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { JobVerified } from "../../shared/contract/verify.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { hear } from "../../shared/words/hear.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber, showTiny } from "../format/reading.ts";
import { ErrorNote } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";

export function JobCheck({ leaseId, mayRecompute }: { leaseId: string; mayRecompute: boolean }) {
  const bridge = useBridge();
  const [pending, setPending] = useState(false);
  const [answer, setAnswer] = useState<JobVerified | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const check = (recompute: boolean) => {
    setPending(true);
    setError(null);
    bridge
      .invoke("jobs.verify", { leaseId, recompute })
      .then(setAnswer, (thrown: unknown) => setError(toErrorValue(thrown)))
      .finally(() => setPending(false));
  };
  // The sheet ends here, so what comes below the buttons would come out of sight.
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (answer !== null || error !== null) end.current?.scrollIntoView({ block: "nearest" });
  }, [answer, error]);
  return (
    <>
      <div className="check-actions">
        <button type="button" className="button" disabled={pending} onClick={() => check(false)}>
          <ShieldCheck size={14} aria-hidden />
          {t(pending ? "jobs.panel.checking" : "jobs.panel.checkReceipt")}
        </button>
        {mayRecompute && (
          <button
            type="button"
            className="button"
            disabled={pending}
            title={t("jobs.panel.recomputeHint")}
            onClick={() => check(true)}
          >
            {t("jobs.panel.recompute")}
          </button>
        )}
      </div>
      <div role="status">{answer !== null && !pending && <Verdict answer={answer} />}</div>
      {error !== null && <ErrorNote error={error} alert />}
      <div ref={end} className="check-end" />
    </>
  );
}

function Verdict({ answer: { verified, checks, recomputed } }: { answer: JobVerified }) {
  const Icon = verified ? CircleCheck : CircleX;
  return (
    <>
      <p className={`check-verdict tone-${verified ? "ok" : "bad"}`}>
        <Icon size={15} aria-hidden />
        {t(verified ? "jobs.panel.verified" : "jobs.panel.notVerified")}
      </p>
      <ul className="check-list">
        {checks.map(({ name, ok, detail, said }) => (
          <li key={name} className={`tone-${ok ? "ok" : "bad"}`}>
            {ok ? <CircleCheck size={13} aria-hidden /> : <CircleX size={13} aria-hidden />}
            <span>{hear(detail, said)}</span>
          </li>
        ))}
      </ul>
      {recomputed !== null && <p className="receipt-hint">{recomputedWords(recomputed)}</p>}
    </>
  );
}

function recomputedWords({
  device,
  identical,
  cosine,
  maxAbs,
}: NonNullable<JobVerified["recomputed"]>): string {
  if (identical) return t("jobs.panel.identical", { device });
  return t("jobs.panel.close", {
    device,
    cosine: showNumber(cosine, 6),
    difference: showTiny(maxAbs),
  });
}

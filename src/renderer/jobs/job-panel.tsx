/** One job's whole story, in a sheet at the side: timeline, digests, pay, receipt, and what went wrong. */
import { X } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import type { JobDetail, JobState } from "../../shared/contract/views.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { jobName, unitsText } from "../../shared/words/job-words.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { UNKNOWN } from "../format/reading.ts";
import { formatClock, formatMoment, formatStep } from "../format/time.ts";
import { Amount } from "../parts/amount.tsx";
import { Digest } from "../parts/digest.tsx";
import { Fact } from "../parts/fact.tsx";
import { LinesSkeleton } from "../parts/lines-skeleton.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import { JobCheck } from "./job-check.tsx";
import { jobLook, jobMeaning } from "./job-look.ts";
import { JobOutput } from "./job-output.tsx";
import { JobReceipt } from "./job-receipt.tsx";
import { SheetSection } from "./sheet-section.tsx";

/** The sheet and the way to open it. */
export function useJobPanel(): { open: (leaseId: string) => void; panel: ReactNode } {
  const [leaseId, setLeaseId] = useState<string | null>(null);
  const close = useCallback(() => setLeaseId(null), []);
  return {
    open: setLeaseId,
    panel: leaseId === null ? null : <JobPanel leaseId={leaseId} onClose={close} />,
  };
}

/** A modal dialog: the browser keeps the focus inside, closes it on Escape and gives the focus back to the row. */
function JobPanel({ leaseId, onClose }: { leaseId: string; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { detail, error } = useJobDetail(leaseId);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the click is on the backdrop; the keyboard has Escape and the button.
    <dialog
      ref={dialog}
      className="sheet"
      aria-labelledby="job-title"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current.close();
      }}
    >
      <div className="sheet-inner">
        <header className="sheet-head">
          <div className="sheet-title">
            <h2 id="job-title">{detail === null ? t("jobs.panel.job") : jobName(detail)}</h2>
            <p className="quiet clip" title={leaseId}>
              {detail === null
                ? leaseId
                : [unitsText(detail), marketName(detail.market)].filter(Boolean).join(" · ")}
            </p>
          </div>
          {detail !== null && <StatusWord look={jobLook(detail.state)} title={jobMeaning(detail.state)} />}
          <button
            type="button"
            className="icon-button"
            aria-label={t("controls.close")}
            onClick={() => dialog.current?.close()}
          >
            <X size={17} aria-hidden />
          </button>
        </header>
        {error !== null && <ErrorNote error={error} alert />}
        {detail === null && error === null && <SheetSkeleton />}
        {detail !== null && <Detail job={detail} />}
      </div>
    </dialog>
  );
}

/** Read when the sheet opens, and again whenever the live list shows the job in another state. */
function useJobDetail(leaseId: string): { detail: JobDetail | null; error: ErrorValue | null } {
  const bridge = useBridge();
  const liveState = usePage(({ engine }) => engine?.recentJobs.find((job) => job.leaseId === leaseId)?.state);
  const [detail, setDetail] = useState<JobDetail | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the live state is the reason to read again.
  useEffect(() => {
    let current = true;
    bridge.invoke("jobs.get", { leaseId }).then(
      (job) => {
        if (!current) return;
        setDetail(job);
        setError(null);
      },
      (thrown: unknown) => current && setError(toErrorValue(thrown)),
    );
    return () => {
      current = false;
    };
  }, [bridge, leaseId, liveState]);
  return { detail, error };
}

function Detail({ job }: { job: JobDetail }) {
  const devices = usePage(({ engine }) => engine?.devices);
  const device = devices?.find(({ id }) => id === job.device)?.name ?? job.device;
  return (
    <>
      {job.error !== null && <ErrorNote error={job.error} />}
      <SheetSection title={t("jobs.panel.timeline")}>
        <Timeline steps={job.timeline} />
      </SheetSection>
      <SheetSection title={t("jobs.panel.pay")}>
        <dl className="sheet-facts">
          <Fact label={t("jobs.panel.offered")}>
            {job.fee === null ? UNKNOWN : <Amount value={job.fee} />}
          </Fact>
          <Fact label={t("jobs.panel.earned")}>
            {job.earned === null ? (
              <>
                {UNKNOWN}
                {job.state === "accepted" && <span className="quiet"> {t("jobs.panel.whenSettled")}</span>}
                {job.state === "settled" && <span className="quiet"> {t("jobs.paidUntold")}</span>}
              </>
            ) : (
              <Amount value={job.earned} />
            )}
          </Fact>
        </dl>
      </SheetSection>
      <SheetSection title={t("jobs.panel.result")}>
        <dl className="sheet-facts">
          <Fact label={t("jobs.panel.device")}>{device ?? UNKNOWN}</Fact>
          <Fact label={t("jobs.panel.attempts")}>{job.attempts}</Fact>
          <Fact label={t("jobs.panel.output")}>
            {t(job.outputKept ? "jobs.panel.outputKept" : "jobs.panel.outputGone")}
          </Fact>
        </dl>
        {job.outputKept && <JobOutput job={job} />}
        <Hash label={t("jobs.panel.resultHash")} value={job.digest} what={t("jobs.digest")} />
        <Hash label={t("jobs.panel.inputHash")} value={job.inputSha3} what={t("jobs.inputHash")} />
      </SheetSection>
      <SheetSection title={t("jobs.panel.names")}>
        <dl className="sheet-facts">
          <Fact label={t("jobs.panel.lease")}>
            <Digest value={job.leaseId} what={t("jobs.leaseId")} whole />
          </Fact>
          <Fact label={t("jobs.panel.job")}>
            <Digest value={job.jobId} what={t("jobs.jobId")} whole />
          </Fact>
        </dl>
      </SheetSection>
      <JobReceipt job={job} />
      {job.receipt !== null && (
        <SheetSection title={t("jobs.panel.check")}>
          <JobCheck leaseId={job.leaseId} mayRecompute={job.outputKept} />
        </SheetSection>
      )}
    </>
  );
}

function Hash({ label, value, what }: { label: string; value: string | null; what: string }) {
  return (
    <div className="hash">
      <div className="hash-label">{label}</div>
      <Digest value={value} what={what} whole />
    </div>
  );
}

function Timeline({ steps }: { steps: JobDetail["timeline"] }) {
  return (
    <ol className="timeline">
      {steps.map((step, index) => {
        const before = steps[index - 1];
        return (
          <li key={`${step.state} ${step.at}`} className={`tone-${jobLook(step.state).tone}`}>
            <StepIcon state={step.state} />
            <span className="timeline-word" title={jobMeaning(step.state)}>
              {jobLook(step.state).word}
            </span>
            <span className="timeline-step">
              {before !== undefined && `+ ${formatStep(step.at - before.at)}`}
            </span>
            <time dateTime={new Date(step.at).toISOString()} title={formatMoment(step.at)}>
              {formatClock(step.at)}
            </time>
            {step.note !== null && (
              <span className="timeline-note" lang="en">
                {step.note}
              </span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function StepIcon({ state }: { state: JobState }) {
  const { icon: Icon } = jobLook(state);
  return <Icon size={14} aria-hidden />;
}

function SheetSkeleton() {
  return <LinesSkeleton label={t("jobs.panel.reading")} widths={[60, 92, 84, 70, 88]} />;
}

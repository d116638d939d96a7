/** The cells of one job, as every table of jobs shows them, and the heads above. */

import { memo } from "react";
import type { JobRow } from "../../shared/contract/views.ts";
import { hearError } from "../../shared/words/hear-error.ts";
import { jobName, unitsText } from "../../shared/words/job-words.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { marketName } from "../format/market-name.ts";
import { UNKNOWN } from "../format/reading.ts";
import { Age } from "../parts/age.tsx";
import { Amount } from "../parts/amount.tsx";
import { Digest } from "../parts/digest.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { jobLook, jobMeaning } from "./job-look.ts";
import "./jobs.css";

export const JOB_COLUMNS = 8;
/** Job, lease, digest, offer and pay: a job that came to nothing says in their place why. */
const COLUMNS_OF_A_REASON = 5;

export function JobHeads() {
  return (
    <tr>
      <th scope="col">{t("jobs.column.state")}</th>
      <th scope="col">{t("jobs.column.market")}</th>
      <th scope="col" className="col-job">
        {t("jobs.column.job")}
      </th>
      <th scope="col" className="col-wide">
        {t("jobs.column.lease")}
      </th>
      <th scope="col" className="col-digest">
        {t("jobs.column.digest")}
      </th>
      <th scope="col" className="col-number col-wide" title={t("jobs.column.offeredHint")}>
        {t("jobs.column.offered")}
      </th>
      <th scope="col" className="col-number" title={t("jobs.column.earnedHint")}>
        {t("jobs.column.earned")}
      </th>
      <th scope="col" className="col-number" title={t("jobs.column.ageHint")}>
        {t("jobs.column.age")}
      </th>
    </tr>
  );
}

interface JobCellsProps {
  job: JobRow;
  onOpen: (leaseId: string) => void;
  /** The reason of a failure stands in the job's own line. */
  oneLine?: boolean;
  /** Reachable by Tab; absent: yes. */
  tabIndex?: number;
}

/** Drawn again only when its own job changes: a long list is scrolled through these. */
export const JobCells = memo(function JobCells({ job, onOpen, oneLine = false, tabIndex }: JobCellsProps) {
  const units = unitsText(job);
  const reason = job.error !== null && job.earned === null ? asSentence(hearError(job.error).sentence) : null;
  return (
    <>
      <td>
        <StatusWord look={jobLook(job.state)} title={jobMeaning(job.state)} />
      </td>
      <td className="quiet">{marketName(job.market)}</td>
      <td className="col-job" colSpan={reason === null ? 1 : COLUMNS_OF_A_REASON}>
        <button
          type="button"
          className={`row-open ${oneLine ? "row-one-line clip" : ""}`}
          tabIndex={tabIndex}
          onClick={() => onOpen(job.leaseId)}
        >
          <span className="row-line clip">
            {jobName(job)}
            {units !== null && <span className="quiet"> · {units}</span>}
          </span>
          {reason !== null && (
            <span className="row-line row-reason clip" title={reason}>
              {reason}
            </span>
          )}
        </button>
      </td>
      {reason === null && (
        <>
          <td className="col-wide">
            <Digest value={job.leaseId} what={t("jobs.leaseId")} inRow />
          </td>
          <td className="col-digest">
            <Digest value={job.digest} what={t("jobs.digest")} inRow />
          </td>
          <td className="col-number col-wide quiet">
            {job.fee === null ? UNKNOWN : <Amount value={job.fee} />}
          </td>
          <td className="col-number">
            <Pay job={job} />
          </td>
        </>
      )}
      <td className="col-number quiet">
        <Age at={job.leasedAt} bare />
      </td>
    </>
  );
});

/** Only what was credited counts as earned. */
function Pay({ job }: { job: JobRow }) {
  if (job.earned !== null) return <Amount value={job.earned} />;
  return (
    <span className="quiet" title={unpaidWords(job)}>
      {UNKNOWN}
    </span>
  );
}

function unpaidWords({ state, fee }: JobRow): string {
  if (state === "settled") return t("jobs.paidUntold");
  return fee === null
    ? t("jobs.notCredited")
    : t("jobs.notCreditedOffered", { offered: `${amountText(fee)} ${fee.currency}` });
}

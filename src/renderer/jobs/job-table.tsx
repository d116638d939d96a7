/** Jobs as a table: each row opens by click or Enter, the arrow keys go from row to row. */
import type { KeyboardEvent } from "react";
import type { JobRow } from "../../shared/contract/views.ts";
import { amountText } from "../format/amount.ts";
import { marketName } from "../format/market-name.ts";
import { UNKNOWN } from "../format/reading.ts";
import { asSentence } from "../format/sentence.ts";
import { Age } from "../parts/age.tsx";
import { Amount } from "../parts/amount.tsx";
import { Digest } from "../parts/digest.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { JOB_LOOK, JOB_MEANING } from "./job-look.ts";
import { unitsText } from "./job-words.ts";
import "./jobs.css";

interface JobTableProps {
  caption: string;
  jobs: readonly JobRow[];
  onOpen: (leaseId: string) => void;
}

export function JobTable({ caption, jobs, onOpen }: JobTableProps) {
  return (
    <div className="job-table-frame">
      <table className="job-table">
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Market</th>
            <th scope="col" className="col-job">
              Job
            </th>
            <th scope="col" className="col-wide">
              Lease
            </th>
            <th scope="col" className="col-digest">
              Digest
            </th>
            <th scope="col" className="col-number col-wide" title="Before the market's fees">
              Offered
            </th>
            <th scope="col" className="col-number" title="Net, as credited by the market">
              Earned
            </th>
            <th scope="col" className="col-number" title="Since the market granted the lease">
              Age
            </th>
          </tr>
        </thead>
        <tbody onKeyDown={moveByArrows}>
          {jobs.map((job) => (
            <JobRowView key={`${job.market} ${job.leaseId}`} job={job} onOpen={onOpen} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Job, lease, digest, offer and pay: a job that came to nothing says in their place why. */
const COLUMNS_OF_A_REASON = 5;

function JobRowView({ job, onOpen }: { job: JobRow; onOpen: (leaseId: string) => void }) {
  const units = unitsText(job);
  const reason = job.error !== null && job.earned === null ? asSentence(job.error.message) : null;
  return (
    <tr>
      <td>
        <StatusWord look={JOB_LOOK[job.state]} title={JOB_MEANING[job.state]} />
      </td>
      <td className="quiet">{marketName(job.market)}</td>
      <td className="col-job" colSpan={reason === null ? 1 : COLUMNS_OF_A_REASON}>
        <button type="button" className="row-open" onClick={() => onOpen(job.leaseId)}>
          <span className="row-line clip">
            {job.model}
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
            <Digest value={job.leaseId} what="lease id" />
          </td>
          <td className="col-digest">
            <Digest value={job.digest} what="digest" />
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
    </tr>
  );
}

/** Only what was credited counts as earned. */
function Pay({ job: { earned, fee } }: { job: JobRow }) {
  if (earned !== null) return <Amount value={earned} />;
  const offered = fee === null ? "" : `; offered ${amountText(fee)} ${fee.currency}`;
  return (
    <span className="quiet" title={`Not credited yet${offered}`}>
      {UNKNOWN}
    </span>
  );
}

function moveByArrows(event: KeyboardEvent<HTMLTableSectionElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>(".row-open")];
  const row = (event.target as HTMLElement).closest("tr")?.querySelector<HTMLElement>(".row-open");
  const next = row ? rows[rows.indexOf(row) + step] : undefined;
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

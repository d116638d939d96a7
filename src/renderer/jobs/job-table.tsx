/** Jobs as a table: each row opens by click or Enter, the arrow keys go from row to row. */
import type { KeyboardEvent } from "react";
import type { JobRow } from "../../shared/contract/views.ts";
import { UNKNOWN } from "../format/reading.ts";
import { Age } from "../parts/age.tsx";
import { Amount } from "../parts/amount.tsx";
import { Digest } from "../parts/digest.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { JOB_LOOK } from "./job-look.ts";
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
            <th scope="col">Job</th>
            <th scope="col" className="col-market">
              Market
            </th>
            <th scope="col" className="col-digest">
              Digest
            </th>
            <th scope="col" className="col-number">
              Earned
            </th>
            <th scope="col" className="col-number">
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

function JobRowView({ job, onOpen }: { job: JobRow; onOpen: (leaseId: string) => void }) {
  const units = unitsText(job);
  return (
    <tr>
      <td>
        <StatusWord look={JOB_LOOK[job.state]} title={job.error?.message} />
      </td>
      <td className="col-job">
        <button type="button" className="row-open clip" onClick={() => onOpen(job.leaseId)}>
          {job.model}
          {units !== null && <span className="quiet"> · {units}</span>}
          {job.error !== null && <span className="quiet"> · {job.error.message}</span>}
        </button>
      </td>
      <td className="col-market quiet">{job.market.toUpperCase()}</td>
      <td className="col-digest">
        <Digest value={job.digest} what="digest" />
      </td>
      <td className="col-number">
        <Pay job={job} />
      </td>
      <td className="col-number quiet">
        <Age at={job.finishedAt ?? job.leasedAt} bare />
      </td>
    </tr>
  );
}

/** What was credited; before that, quietly, what was offered. An offer for work that came to nothing is no pay. */
function Pay({ job }: { job: JobRow }) {
  if (job.earned !== null) return <Amount value={job.earned} />;
  if (job.fee === null || cameToNothing(job)) return <span className="quiet">{UNKNOWN}</span>;
  return (
    <span className="pay-offered" title="Offered; credited when it is settled">
      <Amount value={job.fee} />
    </span>
  );
}

function cameToNothing({ state }: JobRow): boolean {
  return (
    state === "returned" ||
    state === "failed" ||
    state === "expired" ||
    state === "lost" ||
    state === "rejected"
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

/** A few jobs as a table: each row opens by click or Enter, the arrow keys go from row to row. */
import type { KeyboardEvent } from "react";
import type { JobRow } from "../../shared/contract/views.ts";
import { JobCells, JobHeads } from "./job-cells.tsx";

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
          <JobHeads />
        </thead>
        <tbody onKeyDown={moveByArrows}>
          {jobs.map((job) => (
            <tr key={`${job.market} ${job.leaseId}`}>
              <JobCells job={job} onOpen={onOpen} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
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

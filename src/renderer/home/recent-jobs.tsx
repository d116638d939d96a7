/** The newest jobs; each opens into its whole story. */
import { Inbox } from "lucide-react";
import { useJobPanel } from "../jobs/job-panel.tsx";
import { JobTable } from "../jobs/job-table.tsx";
import { Card } from "../parts/card.tsx";
import { screenHref } from "../state/route.ts";
import { useEngine } from "../state/store.ts";

const SHOWN = 16;

export function RecentJobs() {
  const jobs = useEngine((state) => state.recentJobs);
  const { open, panel } = useJobPanel();
  return (
    <Card
      title="Recent jobs"
      className="recent"
      aside={
        jobs.length > 0 && (
          <a className="link" href={screenHref("jobs")}>
            All jobs
          </a>
        )
      }
    >
      {jobs.length === 0 ? (
        <div className="card-empty">
          <Inbox size={22} strokeWidth={1.6} aria-hidden />
          <strong>No jobs yet</strong>
          The first lease appears here the moment a market grants it.
        </div>
      ) : (
        <JobTable caption="Recent jobs, newest first" jobs={jobs.slice(0, SHOWN)} onOpen={open} />
      )}
      {panel}
    </Card>
  );
}

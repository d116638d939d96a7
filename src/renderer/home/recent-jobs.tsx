/** The newest jobs; each opens into its whole story. */
import { Inbox } from "lucide-react";
import type { JobRow } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { useJobPanel } from "../jobs/job-panel.tsx";
import { JobTable } from "../jobs/job-table.tsx";
import { Card } from "../parts/card.tsx";
import { useStillList } from "../parts/use-still-list.ts";
import { screenHref } from "../state/route.ts";
import { useEngine } from "../state/store.ts";

const SHOWN = 16;
const keyOf = ({ market, leaseId }: JobRow) => `${market} ${leaseId}`;

export function RecentJobs() {
  const jobs = useEngine((state) => state.recentJobs);
  const { open, panel } = useJobPanel();
  // The sheet gives the focus back to the row that it was opened from.
  const { lines, waiting, hold } = useStillList(jobs.slice(0, SHOWN), keyOf, panel !== null);
  return (
    <Card
      title={t("home.recent.title")}
      className="recent"
      aside={
        jobs.length > 0 && (
          <>
            {waiting > 0 &&
              `${t("home.recent.waiting", { shown: `${waiting}${waiting < SHOWN ? "" : "+"}` })} · `}
            <a className="link" href={screenHref("jobs")}>
              {t("home.recent.all")}
            </a>
          </>
        )
      }
    >
      {jobs.length === 0 ? (
        <div className="card-empty">
          <Inbox size={22} strokeWidth={1.6} aria-hidden />
          <strong>{t("home.recent.emptyTitle")}</strong>
          {t("home.recent.empty")}
        </div>
      ) : (
        <div {...hold}>
          <JobTable caption={t("home.recent.caption")} jobs={lines} onOpen={open} />
        </div>
      )}
      {panel}
    </Card>
  );
}

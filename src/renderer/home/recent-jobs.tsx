/** The newest jobs; each opens into its whole story. */

import { Inbox } from "lucide-react";
import { t } from "../../shared/words/words.ts";
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
      title={t("home.recent.title")}
      className="recent"
      aside={
        jobs.length > 0 && (
          <a className="link" href={screenHref("jobs")}>
            {t("home.recent.all")}
          </a>
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
        <JobTable caption={t("home.recent.caption")} jobs={jobs.slice(0, SHOWN)} onOpen={open} />
      )}
      {panel}
    </Card>
  );
}

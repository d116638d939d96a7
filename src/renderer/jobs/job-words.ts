/** What a job is about, in a few words. */
import type { JobRow } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber } from "../format/reading.ts";

/** "32 texts"; null when the market did not say how much work it is. */
export function unitsText(job: Pick<JobRow, "kind" | "units">): string | null {
  if (job.units === null) return null;
  const words = { count: job.units, shown: showNumber(job.units) };
  return job.kind === "embed" ? t("jobs.text", words) : t("jobs.unit", words);
}

/** What a job is about, in a few words. */
import type { JobRow } from "../../shared/contract/views.ts";
import { plural } from "../format/reading.ts";

/** "32 texts"; null when the market did not say how much work it is. */
export function unitsText(job: Pick<JobRow, "kind" | "units">): string | null {
  if (job.units === null) return null;
  return plural(job.units, job.kind === "embed" ? "text" : "unit");
}

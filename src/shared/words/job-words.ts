/** What a job is about, in a few words. */
import type { JobRow } from "../contract/views.ts";
import { type WorkKind, WorkKindSchema } from "../work.ts";
import { t } from "./words.ts";

const kindOf = (kind: string): WorkKind | "other" => WorkKindSchema.safeParse(kind).data ?? "other";

/** "32 texts"; null when the market did not say how much work it is. */
export function unitsText({ kind, units }: Pick<JobRow, "kind" | "units">): string | null {
  return units === null ? null : t(`jobs.units.${kindOf(kind)}`, { count: units });
}

/** The model, or what the work is where it needs none. */
export function jobName({ model, kind }: Pick<JobRow, "model" | "kind">): string {
  if (model !== "") return model;
  return t(kind === "vector" ? "jobs.noModel.vector" : "jobs.noModel.other");
}

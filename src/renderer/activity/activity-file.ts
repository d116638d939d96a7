/** An event of the log as a line of a file. */
import type { ActivityEvent } from "../../shared/contract/activity.ts";
import { t } from "../../shared/words/words.ts";
import { eventWords, typeName } from "./activity-look.ts";

export type ActivityFormat = "jsonl" | "csv";

interface Format {
  /** Of the file, as a browser names it. */
  readonly type: string;
  /** What stands before the lines. */
  readonly head: () => string;
  readonly line: (event: ActivityEvent) => string;
}

export const FORMATS: Readonly<Record<ActivityFormat, Format>> = {
  /** Everything that was written down, in English: for programs. */
  jsonl: {
    type: "application/x-ndjson",
    head: () => "",
    line: ({ id: _, said: __, at, detail, ...event }) =>
      `${JSON.stringify({ at: new Date(at).toISOString(), ...event, detail: parsed(detail) })}\n`,
  },
  /** RFC 4180, in words of the page's language beside the stable names. */
  csv: {
    type: "text/csv;charset=utf-8",
    head: () => row(["at", "level", "type", "event", "what", "market", "lease"]),
    line: (event) =>
      row([
        new Date(event.at).toISOString(),
        t(`activity.level.${event.level}`),
        event.type,
        typeName(event.type),
        eventWords(event) ?? "",
        event.market ?? "",
        event.leaseId ?? "",
      ]),
  },
};

const row = (cells: readonly string[]): string => `${cells.map(cell).join(",")}\r\n`;

/** What begins like a formula is told to a spreadsheet as text. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function parsed(detail: string): unknown {
  try {
    return JSON.parse(detail);
  } catch {
    return detail;
  }
}

/** The audit log in words: how much an event matters, and what its detail says in a sentence. */
import { z } from "zod";
import type { ActivityLevel } from "../../shared/contract/activity.ts";

/** What parts that write to the log put into their details, as far as a sentence can be made of it. */
const DetailSchema = z.looseObject({
  message: z.string().optional(),
  summary: z.string().optional(),
  text: z.string().optional(),
  reason: z.string().optional(),
  code: z.string().optional(),
  actor: z.string().optional(),
  ok: z.boolean().optional(),
  from: z.unknown().optional(),
  to: z.unknown().optional(),
  version: z.unknown().optional(),
  mode: z.unknown().optional(),
  recovered: z.unknown().optional(),
  devices: z.unknown().optional(),
});
type Detail = z.infer<typeof DetailSchema>;

const PROBLEMS: ReadonlySet<string> = new Set(["runtime-failed", "snapshot-failed", "receipt-unverified"]);
const NOTICES: ReadonlySet<string> = new Set([
  "ledger-restored",
  "lease-declined",
  "market-error",
  "guard-acted",
]);
/** Fields a sentence does not need: they stand beside it, or mean nothing to a person. */
const SILENT: ReadonlySet<string> = new Set(["code", "actor", "help", "pid", "at"]);
const LONGEST = 400;

export function levelOf(type: string, detail: unknown): ActivityLevel {
  if (PROBLEMS.has(type) || read(detail)?.ok === false) return "problem";
  if (NOTICES.has(type) || type.endsWith("-failed") || type.endsWith("-error")) return "notice";
  return "info";
}

/** `detail` as it was written, JSON; null: there is nothing to add to the event's type. */
export function describeActivity(type: string, detail: string): string | null {
  const parsed = parse(detail);
  const known = read(parsed);
  if (known === null) return null;
  const text = sentence(type, known) ?? facts(known);
  return text === "" ? null : text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function sentence(type: string, detail: Detail): string | null {
  const { message, summary, text, reason } = detail;
  switch (type) {
    case "engine-started":
      return facts({ version: detail.version, mode: detail.mode, ...recovered(detail.recovered) });
    case "intent-changed":
    case "offer-changed":
      return [arrow(detail), facts({ ...detail, from: undefined, to: undefined })]
        .filter((part) => part !== "")
        .join(", ");
    case "devices-changed":
      return devices(detail.devices);
    default:
      return message ?? summary ?? text ?? reason ?? null;
  }
}

const arrow = ({ from, to }: Detail): string =>
  typeof from === "string" && typeof to === "string" ? `${from} → ${to}` : "";

function recovered(counts: unknown): Record<string, unknown> {
  const numbers = z.record(z.string(), z.number()).safeParse(counts);
  if (!numbers.success) return {};
  return Object.fromEntries(Object.entries(numbers.data).filter(([, count]) => count > 0));
}

function devices(list: unknown): string | null {
  const named = z.array(z.looseObject({ name: z.string() })).safeParse(list);
  return named.success ? named.data.map(({ name }) => name).join(", ") : null;
}

/** "board: inventory, device: GPU-1": whatever is short enough to be read. */
function facts(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .filter(([key]) => !SILENT.has(key))
    .flatMap(([key, value]) => {
      if (typeof value === "string" && value !== "") return [`${key}: ${value}`];
      if (typeof value === "number" || typeof value === "boolean") return [`${key}: ${value}`];
      if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string"))
        return [`${key}: ${value.join(", ")}`];
      return [];
    })
    .join(", ");
}

function read(detail: unknown): Detail | null {
  const parsed = DetailSchema.safeParse(detail);
  return parsed.success ? parsed.data : null;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null; // Written by a version that did otherwise: shown as its type alone.
  }
}

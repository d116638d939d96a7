/** The audit log in words: how much an event matters, and what its detail says in a sentence. */
import { z } from "zod";
import type { ActivityLevel, ActivityType } from "../../shared/contract/activity.ts";
import { GuardActionSchema } from "../../shared/contract/service-level.ts";
import { SettingKeySchema } from "../../shared/contract/settings.ts";
import { MINUTE } from "../../shared/durations.ts";
import { CURRENCIES, formatDecimal, fromMoneyValue, MoneyValueSchema } from "../../shared/money.ts";
import { NOTICE_SEVERITIES, type NoticeSeverity } from "../../shared/notifications/notice.ts";
import type { SettingWordKey } from "../../shared/words/en/engine-settings.ts";
import {
  type EngineKey,
  type Said,
  type Sentence,
  type Spoken,
  SpokenSchema,
  say,
  sayError,
  within,
} from "../../shared/words/said.ts";

const LEVELS: Readonly<Record<ActivityType, ActivityLevel>> = {
  "engine-started": "info",
  "engine-stopped": "info",
  "ledger-restored": "notice",
  "snapshot-failed": "problem",
  "intent-changed": "info",
  registered: "info",
  "offer-changed": "info",
  "offer-repriced": "info",
  "receipt-unverified": "problem",
  "stake-changed": "info",
  "lease-adopted": "info",
  "lease-declined": "notice",
  "runtime-failed": "problem",
  "devices-changed": "info",
  "device-paused": "info",
  "device-resumed": "info",
  "self-tested": "info",
  "market-error": "notice",
  "market-recovered": "info",
  "standing-changed": "info",
  "written-off": "notice",
  "write-off-taken-back": "info",
  "guard-acted": "notice",
  "key-used": "info",
  "settings-changed": "info",
  noticed: "info",
};

export function levelOf(type: ActivityType, detail: unknown): ActivityLevel {
  if (type === "noticed") return NOTICE_LEVELS[Noticed.safeParse(detail).data?.severity ?? "info"];
  return z.looseObject({ ok: z.literal(false) }).safeParse(detail).success ? "problem" : LEVELS[type];
}

type Teller = (detail: unknown) => Spoken | null;

/** From a detail of that shape; what an older version wrote otherwise is null. */
function from<T>(schema: z.ZodType<T>, tell: (detail: T) => Spoken | null): Teller {
  return (detail) => {
    const parsed = schema.safeParse(detail);
    return parsed.success ? tell(parsed.data) : null;
  };
}

const anError = from(z.object({ code: z.string(), message: z.string() }), sayError);
const asWritten = from(SpokenSchema, (sentence) => sentence);
const said = (key: EngineKey) => say(key).said;

const INTENTS = {
  running: "intentRunning",
  paused: "intentPaused",
  finishing: "intentFinishing",
  stopped: "intentStopped",
} as const;
const OFFERS = {
  planned: "offerPlanned",
  publishing: "offerPublishing",
  listed: "offerListed",
  booked: "offerBooked",
  "in-use": "offerInUse",
  withdrawn: "offerWithdrawn",
  refused: "offerRefused",
} as const;
const STANDINGS = {
  new: "standingNew",
  eligible: "standingEligible",
  degraded: "standingDegraded",
  jailed: "standingJailed",
  ineligible: "standingIneligible",
} as const;
const STAKES = { stake: "aStake", bond: "aBond" } as const;
const STAKE_CHANGES = { appeared: "stakeAppeared", changed: "stakeChanged", ended: "stakeEnded" } as const;
const MEASURES = {
  health: "measureHealth",
  availability: "measureAvailability",
  "latency-p95": "measureLatency",
  traps: "measureTraps",
  qos: "measureQos",
  jail: "measureJail",
} as const;
const DEEDS = {
  created: "keyCreated",
  unlocked: "keyUnlocked",
  exported: "keyExported",
  "phrase-shown": "keyPhraseShown",
  "backup-checked": "keyBackupChecked",
  restored: "keyRestored",
  rotated: "keyReplaced",
} as const;

/** One of the names of such a table. */
const nameIn = <K extends string>(table: Readonly<Record<K, EngineKey>>) =>
  z.enum(Object.keys(table) as [K, ...K[]]);

const Started = z.object({
  version: z.string(),
  mode: z.enum(["demo", "live"]),
  recovered: z.record(z.string(), z.number()).optional(),
});
const OfferChange = z.object({
  board: z.string(),
  from: nameIn(OFFERS),
  to: nameIn(OFFERS),
  drift: z.union([SpokenSchema, z.string().transform((text): Spoken => ({ text }))]).nullish(),
});
const StakeChange = z.object({
  kind: nameIn(STAKES),
  what: nameIn(STAKE_CHANGES),
  reference: z.string(),
  amount: MoneyValueSchema,
});
const Recovery = z.object({ code: z.string(), message: z.string(), lastedMs: z.number() });
const Devices = z.object({ devices: z.array(z.object({ name: z.string() })) });
const StandingChange = z.object({
  from: nameIn(STANDINGS),
  to: nameIn(STANDINGS),
  reasons: z.array(SpokenSchema),
});
const Acts = z.object({ began: z.array(GuardActionSchema), ended: z.array(GuardActionSchema) });
const Noticed = z.object({
  severity: z.enum(NOTICE_SEVERITIES),
  title: SpokenSchema,
  text: SpokenSchema.nullable(),
});
const NOTICE_LEVELS: Readonly<Record<NoticeSeverity, ActivityLevel>> = {
  good: "info",
  info: "info",
  warn: "notice",
  bad: "problem",
};
const SelfTest = z.object({ summary: z.string(), said: SpokenSchema.shape.said });

const WrittenOff = z.object({ jobs: z.number(), expected: MoneyValueSchema, before: z.number() });

const TELLERS: Readonly<Record<ActivityType, Teller>> = {
  "engine-started": from(Started, ({ version, mode, recovered = {} }) => {
    const values = { version, mode: said(mode === "demo" ? "actDemo" : "actLive") };
    const count = Object.values(recovered).reduce((sum, each) => sum + each, 0);
    return count === 0 ? say("actStarted", values) : say("actStartedAgain", { ...values, count });
  }),
  "engine-stopped": () => say("actStopped"),
  "ledger-restored": anError,
  "snapshot-failed": anError,
  "intent-changed": from(z.object({ from: nameIn(INTENTS), to: nameIn(INTENTS) }), ({ from: before, to }) =>
    say("actIntent", { from: said(INTENTS[before]), to: said(INTENTS[to]) }),
  ),
  registered: from(z.object({ providerId: z.string() }), ({ providerId }) =>
    say("actRegistered", { provider: providerId }),
  ),
  "offer-changed": from(OfferChange, ({ board, from: before, to, drift }) => {
    const values = { board, from: said(OFFERS[before]), to: said(OFFERS[to]) };
    return because(say(before === to ? "actOfferSame" : "actOffer", values), drift ?? null);
  }),
  "offer-repriced": asWritten,
  "receipt-unverified": from(z.object({ message: z.string() }), ({ message }) => ({ text: message })),
  "stake-changed": from(StakeChange, ({ kind, what, reference, amount }) =>
    say("actStake", {
      kind: said(STAKES[kind]),
      what: said(STAKE_CHANGES[what]),
      reference,
      amount: formatDecimal(fromMoneyValue(amount), CURRENCIES[amount.currency].decimals),
      currency: amount.currency,
    }),
  ),
  "lease-adopted": from(z.object({ count: z.number() }), ({ count }) => say("actAdopted", { count })),
  "lease-declined": anError,
  "runtime-failed": anError,
  "devices-changed": from(Devices, ({ devices }) =>
    devices.length === 0
      ? say("actNoDevices")
      : say("actDevices", { devices: devices.map(({ name }) => name).join(", ") }),
  ),
  "device-paused": from(SpokenSchema.extend({ name: z.string() }), ({ name, ...why }) =>
    say("actRests", { device: name, why: within(why) }),
  ),
  "device-resumed": from(z.object({ name: z.string() }), ({ name }) => say("actResumed", { device: name })),
  "self-tested": from(SelfTest, ({ summary, said: by }) => ({ text: summary, said: by })),
  "market-error": anError,
  "market-recovered": from(Recovery, ({ lastedMs, ...error }) => {
    const values = { what: sayError(error).said };
    const count = Math.round(lastedMs / MINUTE);
    return count === 0 ? say("actSoonOver", values) : say("actOver", { ...values, count });
  }),
  "written-off": from(WrittenOff, ({ jobs: count, expected, before }) =>
    say("actWrittenOff", {
      count,
      amount: formatDecimal(fromMoneyValue(expected), CURRENCIES[expected.currency].decimals),
      currency: expected.currency,
      before: new Date(before).toISOString().slice(0, 10),
    }),
  ),
  "write-off-taken-back": from(z.object({ jobs: z.number() }), ({ jobs: count }) =>
    say("actTakenBack", { count }),
  ),
  "standing-changed": from(StandingChange, ({ from: before, to, reasons: [reason] }) =>
    because(say("actStanding", { from: said(STANDINGS[before]), to: said(STANDINGS[to]) }), reason ?? null),
  ),
  "guard-acted": from(Acts, ({ began, ended }) => {
    const parts = [
      ...began.map((action) => say("actBegan", { what: guardWords(action).said })),
      ...ended.map((action) => say("actEnded", { what: guardWords(action).said })),
    ];
    return joined(parts);
  }),
  "key-used": from(z.object({ deed: nameIn(DEEDS) }), ({ deed }) => say(DEEDS[deed])),
  "settings-changed": from(z.object({ changed: z.array(z.string()).min(1) }), ({ changed }) =>
    say("actSettings", { names: listed([...new Set(changed)].map(settingName)) }),
  ),
  noticed: from(Noticed, ({ title, text }) =>
    text === null ? title : say("noticeEvent", { title: within(title), text: within(text) }),
  ),
};

function because(what: Sentence, why: Spoken | null): Sentence {
  return why === null ? what : say("actReason", { what: what.said, why: within(why) });
}

function guardWords({ kind, measure, model, lost }: z.infer<typeof GuardActionSchema>): Sentence {
  const values = { measure: measure === null ? "" : said(MEASURES[measure]) };
  switch (kind) {
    case "warn":
      return say("guardWarns", values);
    case "lower-concurrency":
      return say("guardLowers", values);
    case "finish-only":
      return say("guardFinishes", values);
    case "pause-model":
      return say("guardLeavesOut", { model: model ?? "" });
    case "pause-market":
      return say("guardPausesMarket", { count: lost ?? 0 });
  }
}

function joined([first, ...others]: readonly Sentence[]): Sentence | null {
  if (first === undefined) return null;
  const rest = joined(others);
  return rest === null ? first : say("both", { first: first.said, rest: rest.said });
}

/** One that another version knew is called as its file calls it. */
function settingName(key: string): Said | string {
  const known = SettingKeySchema.safeParse(key);
  return known.success ? say(`setting_${key.replace(".", "_")}` as SettingWordKey).said : key;
}

function listed([first = "", ...others]: readonly (Said | string)[]): Said | string {
  return others.length === 0 ? first : say("list", { first, rest: listed(others) }).said;
}

/** `detail` as it was written, JSON; null: there is nothing to add to the event's name. */
export function describeActivity(type: string, detail: string): Spoken | null {
  const parsed = parse(detail);
  const told = Object.hasOwn(TELLERS, type) ? TELLERS[type as ActivityType](parsed) : null;
  return told ?? facts(parsed);
}

/** Fields that stand beside the sentence, or mean nothing to a person. */
const SILENT: ReadonlySet<string> = new Set(["code", "actor", "help", "pid", "at"]);
const LONGEST = 400;

/** "board: inventory, device: GPU-1": whatever is short enough to be read, of what another version wrote. */
function facts(detail: unknown): Spoken | null {
  const fields = z.record(z.string(), z.unknown()).safeParse(detail);
  if (!fields.success) return null;
  const text = Object.entries(fields.data)
    .filter(([key]) => !SILENT.has(key))
    .flatMap(([key, value]) => {
      if (typeof value === "string" && value !== "") return [`${key}: ${value}`];
      if (typeof value === "number" || typeof value === "boolean") return [`${key}: ${value}`];
      if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string"))
        return [`${key}: ${value.join(", ")}`];
      return [];
    })
    .join(", ");
  return text === "" ? null : { text: text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null; // Written by a version that did otherwise: shown as its type alone.
  }
}

/**
 * The contract: every command and every event between the engine and whoever drives it. One table; the engine
 * implements it, Electron's main relays it, the preload exposes exactly it, the CLI and the loopback API speak it.
 */
import { z } from "zod";
import { ACTIVITY_COMMANDS } from "./activity.ts";
import {
  HistoryAnswer,
  HistoryInput,
  PauseInput,
  ResumeInput,
  SetEnabledInput,
  SetLimitsInput,
} from "./devices.ts";
import { EARNINGS_COMMANDS } from "./earnings.ts";
import { FLEET_COMMANDS } from "./fleet.ts";
import { GPU_PACK_COMMANDS } from "./gpu-pack.ts";
import { IDENTITY_COMMANDS } from "./identity.ts";
import {
  JobChoicesAnswer,
  JobFilterSchema,
  JobOutputAnswer,
  JobOutputInput,
  JobsCountAnswer,
  JobsListAnswer,
  JobsListInput,
} from "./jobs.ts";
import { LLAMA_COMMANDS } from "./llama.ts";
import { MACHINE_COMMANDS } from "./machine.ts";
import {
  ModelAnswer,
  ModelDiskAnswer,
  ModelDownloadAnswer,
  ModelDownloadInput,
  ModelInput,
  ModelViewSchema,
  PruneAnswer,
  PruneInput,
} from "./models.ts";
import { OFFER_COMMANDS } from "./offers.ts";
import { OllamaViewSchema } from "./ollama.ts";
import { PresenceReportSchema } from "./presence.ts";
import { SelfTestReportSchema } from "./self-test.ts";
import { ServiceLevelSchema } from "./service-level.ts";
import {
  DataUseAnswer,
  DiagnosticsAnswer,
  SettingsAnswer,
  SettingsSetInput,
  TestConnectionAnswer,
  TestConnectionInput,
} from "./settings.ts";
import { MarketTermsSchema } from "./terms.ts";
import { JobVerifyAnswer, JobVerifyInput } from "./verify.ts";
import {
  ClaimReportSchema,
  DeltaSchema,
  DeviceViewSchema,
  JobDetailSchema,
  MarketIdSchema,
  ProviderBalanceSchema,
  ProviderStandingSchema,
  RunIntentSchema,
  SnapshotSchema,
} from "./views.ts";

const Nothing = z.strictObject({});
const IntentAnswer = z.strictObject({ intent: RunIntentSchema });

/** Minor units of the market's currency, a positive decimal integer. */
const AmountInput = z.strictObject({
  market: MarketIdSchema,
  amountMinor: z.string().regex(/^[1-9]\d{0,30}$/),
});

const DevicesAnswer = z.strictObject({ devices: z.array(DeviceViewSchema) });
const command = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });

export const COMMANDS = {
  /** The whole state, and the sequence number deltas go on from. */
  "state.snapshot": command(Nothing, SnapshotSchema),
  /** Take work again after pause, finish or stop, and of every market (`market.resume`). */
  "run.start": command(Nothing, IntentAnswer),
  /** Take no more work and give back what has not begun; what runs is ended and submitted. Resumable. */
  "run.pause": command(Nothing, IntentAnswer),
  /**
   * Take no more work, end and submit everything held, then stop. `forAWhile`: then pause, until run.resume or the next
   * start, which go on as it was before; where no work is taken nothing changes.
   */
  "run.finish": command(z.strictObject({ forAWhile: z.boolean().optional() }), IntentAnswer),
  /** Ends a finish for a while. What was said meanwhile holds: then, and where there was none, nothing changes. */
  "run.resume": command(Nothing, IntentAnswer),
  /** As pause, and the runtime processes end at once: running jobs are given back or failed. */
  "run.stop": command(Nothing, IntentAnswer),
  /** A person has looked why leases of this market were lost: its work is taken again. Nothing to do where it is taken. */
  "market.resume": command(z.strictObject({ market: MarketIdSchema }), Nothing),
  "devices.list": command(Nothing, DevicesAnswer),
  /** The person's switch: a device that is off takes no work, whatever else holds. Throws UNKNOWN_DEVICE, as all below. */
  "devices.setEnabled": command(SetEnabledInput, DevicesAnswer),
  /** Rest for a while: what has not begun goes to another device or back, what runs gets 2 s, then the memory is freed. */
  "devices.pause": command(PauseInput, DevicesAnswer),
  /** End the person's pause; what else speaks against work still does. */
  "devices.resume": command(ResumeInput, DevicesAnswer),
  /** The temperature at which this device rests. */
  "devices.setLimits": command(SetLimitsInput, DevicesAnswer),
  /** Look for GPUs from the beginning, as after sleep or a driver change. */
  "devices.redetect": command(Nothing, DevicesAnswer),
  "devices.history": command(HistoryInput, HistoryAnswer),
  /** Somebody looks at readings: they are read every second for the next 10 s. */
  "devices.watch": command(Nothing, Nothing),
  /** What the desktop sees of the person; the newest one counts for a minute. */
  "presence.report": command(PresenceReportSchema, Nothing),
  /** A canned job with a known answer on one device, or on all; takes some seconds each. */
  "selftest.run": command(
    z.strictObject({ device: z.string().min(1).max(200).optional() }),
    z.strictObject({ reports: z.array(SelfTestReportSchema) }),
  ),
  "jobs.list": command(JobsListInput, JobsListAnswer),
  /** How many match. */
  "jobs.count": command(JobFilterSchema, JobsCountAnswer),
  /** The models and devices that jobs have, to filter by. */
  "jobs.choices": command(Nothing, JobChoicesAnswer),
  "jobs.get": command(z.strictObject({ leaseId: z.string().min(1).max(200) }), JobDetailSchema),
  /** What was computed, while it is kept. */
  "jobs.output": command(JobOutputInput, JobOutputAnswer),
  /** Check a result's receipt again, and recompute it where its output is kept. */
  "jobs.verify": command(JobVerifyInput, JobVerifyAnswer),
  /** What every market asks of a provider, whether it is configured here or not. */
  "provider.terms": command(Nothing, z.strictObject({ terms: z.array(MarketTermsSchema) })),
  /** What a market says of this provider now; null where it keeps no such books. */
  "provider.standing": command(
    z.strictObject({ market: MarketIdSchema }),
    z.strictObject({ standing: ProviderStandingSchema.nullable() }),
  ),
  /** Add to the stake, or start to release some of it. Throws NO_ACCOUNT where a market has no stakes. */
  "provider.stake": command(AmountInput, z.strictObject({ standing: ProviderStandingSchema })),
  "provider.unstake": command(AmountInput, z.strictObject({ standing: ProviderStandingSchema })),
  "provider.balance": command(z.strictObject({ market: MarketIdSchema }), ProviderBalanceSchema),
  /** Move what is settled to the balance; jobs are credited in the ledger when the books are next read. */
  "provider.claim": command(z.strictObject({ market: MarketIdSchema }), ClaimReportSchema),
  ...IDENTITY_COMMANDS,
  ...MACHINE_COMMANDS,
  /** Where we stand against the market's service thresholds, by our own books; null where a market has none. */
  "service.level": command(
    z.strictObject({ market: MarketIdSchema }),
    z.strictObject({ level: ServiceLevelSchema.nullable() }),
  ),
  ...OFFER_COMMANDS,
  ...GPU_PACK_COMMANDS,
  ...LLAMA_COMMANDS,
  ...EARNINGS_COMMANDS,
  ...ACTIVITY_COMMANDS,
  ...FLEET_COMMANDS,
  "models.list": command(
    Nothing,
    z.strictObject({
      models: z.array(ModelViewSchema),
      /** An Ollama that may run some of them; absent: none was turned on, or no engine runs to ask it. */
      ollama: OllamaViewSchema.optional(),
    }),
  ),
  /** Fetch what is missing; answers when it is under way. Throws MODEL_NOT_ALLOWED, MODEL_DISK_FULL, MODEL_CAP_REACHED, MODEL_BUSY. */
  "models.download": command(ModelDownloadInput, ModelDownloadAnswer),
  /** Survives a restart; `models.resume` goes on. */
  "models.pause": command(ModelInput, ModelAnswer),
  "models.resume": command(ModelInput, ModelAnswer),
  /** End a download and remove what was fetched of it. */
  "models.cancel": command(ModelInput, ModelAnswer),
  /** Throws MODEL_IN_USE, MODEL_NOT_OURS for one in a folder that is only read. */
  "models.remove": command(ModelInput, ModelAnswer),
  /** Read every file again; the answer's state says what was found. */
  "models.verify": command(ModelInput, ModelAnswer),
  /** May it be offered and run? Throws MODEL_NOT_ALLOWED for what MODEL_ALLOWLIST leaves out. */
  "models.setAllowed": command(ModelInput.extend({ allowed: z.boolean() }), ModelAnswer),
  /** A pinned model is never pruned. */
  "models.setPinned": command(ModelInput.extend({ pinned: z.boolean() }), ModelAnswer),
  /** Remove fetched models, the longest unused first. Throws MODEL_NO_CAP. */
  "models.prune": command(PruneInput, PruneAnswer),
  /** Room taken and left where models are fetched to. */
  "models.disk": command(Nothing, ModelDiskAnswer),
  /** Hide the start-up notices (restored database, …). */
  "notices.dismiss": command(Nothing, Nothing),
  "settings.get": command(Nothing, SettingsAnswer),
  /** All of the patch or none. Throws SETTING_FIXED for what file, environment or flag says, CONFIG_INVALID. */
  "settings.set": command(SettingsSetInput, SettingsAnswer),
  "settings.testConnection": command(TestConnectionInput, TestConnectionAnswer),
  "data.use": command(Nothing, DataUseAnswer),
  /** A report without secrets, to be read before it is saved. */
  "diagnostics.preview": command(Nothing, DiagnosticsAnswer),
  /** End the engine process in order and start it again, with the settings as they are then; `start`: to take work then. */
  "engine.restart": command(z.strictObject({ start: z.boolean().optional() }), Nothing),
  /** End the engine process in order: pause, give back, submit what is computed, close the ledger. */
  "engine.shutdown": command(Nothing, Nothing),
} as const;

export const EVENTS = {
  "state.delta": DeltaSchema,
} as const;

export type CommandName = keyof typeof COMMANDS;
export type CommandInput<C extends CommandName> = z.input<(typeof COMMANDS)[C]["input"]>;
export type CommandParsed<C extends CommandName> = z.output<(typeof COMMANDS)[C]["input"]>;
export type CommandOutput<C extends CommandName> = z.output<(typeof COMMANDS)[C]["output"]>;
export type EventName = keyof typeof EVENTS;
export type EventPayload<E extends EventName> = z.output<(typeof EVENTS)[E]>;

/** The engine's side, derived: one handler per command, no more, no less. */
export type ContractHandlers = {
  readonly [C in CommandName]: (input: CommandParsed<C>) => Promise<CommandOutput<C>>;
};

/** The caller's side, derived. */
export interface ContractClient {
  invoke<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandOutput<C>>;
  on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): () => void;
}

export function isCommandName(name: unknown): name is CommandName {
  return typeof name === "string" && Object.hasOwn(COMMANDS, name);
}

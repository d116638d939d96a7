/**
 * The contract: every command and every event between the engine and whoever drives it. One table; the engine
 * implements it, Electron's main relays it, the preload exposes exactly it, the CLI and the loopback API speak it.
 */
import { z } from "zod";
import { MoneyValueSchema } from "../money.ts";
import {
  ModelAnswer,
  ModelDownloadAnswer,
  ModelDownloadInput,
  ModelInput,
  ModelViewSchema,
  PruneAnswer,
  PruneInput,
} from "./models.ts";
import { OfferViewSchema, PriceQuoteSchema } from "./offers.ts";
import { SelfTestReportSchema } from "./self-test.ts";
import { ServiceLevelSchema } from "./service-level.ts";
import {
  ClaimReportSchema,
  DeltaSchema,
  DeviceViewSchema,
  JobDetailSchema,
  JobRowSchema,
  JobStateSchema,
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

const OffersAnswer = z.strictObject({ offers: z.array(OfferViewSchema) });
const OfferTarget = z.strictObject({
  market: MarketIdSchema,
  /** A GPU's id; absent: all of them. */
  device: z.string().min(1).max(200).optional(),
  board: z.string().min(1).max(60).optional(),
});

const command = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });

export const COMMANDS = {
  /** The whole state, and the sequence number deltas go on from. */
  "state.snapshot": command(Nothing, SnapshotSchema),
  /** Take work again after pause, finish or stop. */
  "run.start": command(Nothing, IntentAnswer),
  /** Take no more work and give back what has not begun; what runs is ended and submitted. Resumable. */
  "run.pause": command(Nothing, IntentAnswer),
  /** Take no more work, end and submit everything held, then stop. */
  "run.finish": command(Nothing, IntentAnswer),
  /** As pause, and the runtime processes end at once: running jobs are given back or failed. */
  "run.stop": command(Nothing, IntentAnswer),
  "devices.list": command(Nothing, z.strictObject({ devices: z.array(DeviceViewSchema) })),
  /** A canned job with a known answer on one device, or on all; takes some seconds each. */
  "selftest.run": command(
    z.strictObject({ device: z.string().min(1).max(200).optional() }),
    z.strictObject({ reports: z.array(SelfTestReportSchema) }),
  ),
  "jobs.list": command(
    z.strictObject({
      limit: z.number().int().min(1).max(1000).default(50),
      /** Rows older than this lease (exclusive), from a previous page's `next`. */
      before: z.string().max(200).optional(),
      market: MarketIdSchema.optional(),
      state: JobStateSchema.optional(),
    }),
    z.strictObject({ jobs: z.array(JobRowSchema), next: z.string().nullable() }),
  ),
  "jobs.get": command(z.strictObject({ leaseId: z.string().min(1).max(200) }), JobDetailSchema),
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
  /** Where we stand against the market's service thresholds, by our own books; null where a market has none. */
  "service.level": command(
    z.strictObject({ market: MarketIdSchema }),
    z.strictObject({ level: ServiceLevelSchema.nullable() }),
  ),
  /** GPUs offered for rent, and what became of each offer. */
  "offers.list": command(Nothing, OffersAnswer),
  /** Offer one GPU (or all) at a price an hour, on one board of a market (or all); again with another price: reprice. */
  "offers.offer": command(OfferTarget.extend({ price: MoneyValueSchema }), OffersAnswer),
  /** Take offers back; a rented GPU's ends with its booking. */
  "offers.withdraw": command(OfferTarget, OffersAnswer),
  /** What GPUs of a model cost an hour; null: nobody knows. */
  "prices.quote": command(
    z.strictObject({ market: MarketIdSchema, model: z.string().min(1).max(200) }),
    z.strictObject({ quote: PriceQuoteSchema.nullable() }),
  ),
  "models.list": command(Nothing, z.strictObject({ models: z.array(ModelViewSchema) })),
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
  /** Hide the start-up notices (restored database, …). */
  "notices.dismiss": command(Nothing, Nothing),
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

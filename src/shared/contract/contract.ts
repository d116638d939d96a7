/**
 * The contract: every command and every event between the engine and whoever drives it. One table; the engine
 * implements it, Electron's main relays it, the preload exposes exactly it, the CLI and the loopback API speak it.
 */
import { z } from "zod";
import {
  DeltaSchema,
  DeviceViewSchema,
  JobDetailSchema,
  JobRowSchema,
  JobStateSchema,
  MarketIdSchema,
  RunIntentSchema,
  SnapshotSchema,
} from "./views.ts";

const Nothing = z.strictObject({});
const IntentAnswer = z.strictObject({ intent: RunIntentSchema });

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

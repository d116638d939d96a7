/**
 * The window's end of the contract: what the preload puts on `window.bellows`, and what main says about the engine
 * process itself. Errors cross as values, because Electron keeps nothing of a thrown error but its message.
 */
import { z } from "zod";
import { type ErrorValue, ErrorValueSchema } from "../errors.ts";
import { SpokenSchema } from "../words/said.ts";
import type {
  AppCommandInput,
  AppCommandName,
  AppCommandOutput,
  AppEventName,
  AppEventPayload,
} from "./app.ts";
import type { CommandInput, CommandName, CommandOutput, EventName, EventPayload } from "./contract.ts";

const Since = z.number().int().nonnegative();

/**
 * Is there an engine to talk to? Times are unix ms.
 * restarting: it ended or stopped answering and is started again by itself (`error` is what it said last).
 * failed: it is not started again until somebody acts.
 * `doing`: what a start that takes long is at.
 */
export const EngineStatusSchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("starting"), since: Since, doing: SpokenSchema.optional() }),
  z.object({ state: z.literal("up"), since: Since }),
  z.object({
    state: z.literal("restarting"),
    since: Since,
    error: ErrorValueSchema.nullable(),
    doing: SpokenSchema.optional(),
  }),
  z.object({ state: z.literal("failed"), since: Since, error: ErrorValueSchema }),
  z.object({ state: z.literal("stopping"), since: Since }),
]);
export type EngineStatus = z.infer<typeof EngineStatusSchema>;

export type Outcome<T> =
  | { readonly ok: true; readonly output: T }
  | { readonly ok: false; readonly error: ErrorValue };

/** `window.bellows`, whole. */
export interface PreloadBridge {
  /** Never rejects for what the engine answered; the payload is not validated yet. */
  invoke<C extends CommandName>(command: C, input: CommandInput<C>): Promise<Outcome<CommandOutput<C>>>;
  /** Returns the unsubscribe function. */
  on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): () => void;
  /** Called with the present status first, then on every change. Returns the unsubscribe function. */
  onEngineStatus(listener: (status: EngineStatus) => void): () => void;
  /** What belongs to the desktop app itself. */
  readonly app: {
    invoke<C extends AppCommandName>(
      command: C,
      input: AppCommandInput<C>,
    ): Promise<Outcome<AppCommandOutput<C>>>;
    on<E extends AppEventName>(event: E, listener: (payload: AppEventPayload<E>) => void): () => void;
  };
  readonly platform: string;
  readonly version: string;
}

/**
 * The contract over any message channel: a request has an id, its answer carries the same id, an event has none.
 * Used over Electron's MessagePort, a child process's IPC and a WebSocket alike; each end validates what enters it.
 */
import { z } from "zod";
import { AppError, ErrorValueSchema, toErrorValue } from "../errors.ts";
import {
  COMMANDS,
  type CommandName,
  type ContractClient,
  type ContractHandlers,
  EVENTS,
  type EventName,
  type EventPayload,
  isCommandName,
} from "./contract.ts";

/** One end of a duplex channel of structured-cloneable (or JSON) messages. */
export interface Channel {
  post(message: unknown): void;
  /** Returns the unsubscribe function. */
  onMessage(listener: (message: unknown) => void): () => void;
  onClose(listener: () => void): () => void;
}

const RequestSchema = z.object({
  kind: z.literal("request"),
  id: z.number().int(),
  command: z.string(),
  input: z.unknown(),
});
const AnswerSchema = z.discriminatedUnion("ok", [
  z.object({ kind: z.literal("answer"), id: z.number().int(), ok: z.literal(true), output: z.unknown() }),
  z.object({
    kind: z.literal("answer"),
    id: z.number().int(),
    ok: z.literal(false),
    error: ErrorValueSchema,
  }),
]);
const EventMessageSchema = z.object({ kind: z.literal("event"), event: z.string(), payload: z.unknown() });

/** Validate the input, run the handler, validate the output: the one way a command is carried out. */
export async function dispatch(handlers: ContractHandlers, name: unknown, input: unknown): Promise<unknown> {
  if (!isCommandName(name)) {
    throw new AppError({
      code: "UNKNOWN_COMMAND",
      message: `There is no command "${String(name).slice(0, 80)}"`,
      actor: "user",
    });
  }
  const parsed = COMMANDS[name].input.safeParse(input ?? {});
  if (!parsed.success) {
    throw new AppError({
      code: "BAD_INPUT",
      message: `${name}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`,
      actor: "user",
    });
  }
  const handler = handlers[name] as (input: unknown) => Promise<unknown>;
  const output = COMMANDS[name].output.safeParse(await handler(parsed.data));
  if (!output.success) {
    throw new AppError({
      code: "BAD_OUTPUT",
      message: `${name}: ${z.prettifyError(output.error)}`,
      actor: "bug",
    });
  }
  return output.data;
}

/** Serve `handlers` on a channel until it closes. Returns the way to send events through it. */
export function serveContract(handlers: ContractHandlers, channel: Channel) {
  const stop = channel.onMessage((message) => {
    const request = RequestSchema.safeParse(message);
    if (!request.success) return; // Other traffic may share the channel.
    const { id, command, input } = request.data;
    dispatch(handlers, command, input).then(
      (output) => channel.post({ kind: "answer", id, ok: true, output }),
      (thrown) => channel.post({ kind: "answer", id, ok: false, error: toErrorValue(thrown) }),
    );
  });
  return {
    emit<E extends EventName>(event: E, payload: EventPayload<E>): void {
      channel.post({ kind: "event", event, payload });
    },
    stop,
  };
}

/** The caller's end. Pending calls are rejected with ENGINE_GONE when the channel closes. */
export function connectContract(channel: Channel): ContractClient & { close(): void } {
  let nextId = 1;
  let closed = false;
  const pending = new Map<
    number,
    { command: CommandName; resolve: (v: never) => void; reject: (e: unknown) => void }
  >();
  const listeners = new Map<EventName, Set<(payload: never) => void>>();

  const stopMessages = channel.onMessage((message) => {
    const answer = AnswerSchema.safeParse(message);
    if (answer.success) {
      const call = pending.get(answer.data.id);
      if (!call) return;
      pending.delete(answer.data.id);
      if (!answer.data.ok) return call.reject(AppError.fromValue(answer.data.error));
      const output = COMMANDS[call.command].output.safeParse(answer.data.output);
      if (output.success) call.resolve(output.data as never);
      else
        call.reject(
          new AppError({
            code: "BAD_OUTPUT",
            message: `${call.command}: ${z.prettifyError(output.error)}`,
            actor: "bug",
          }),
        );
      return;
    }
    const event = EventMessageSchema.safeParse(message);
    if (!event.success || !Object.hasOwn(EVENTS, event.data.event)) return;
    const name = event.data.event as EventName;
    const payload = EVENTS[name].safeParse(event.data.payload);
    if (!payload.success) return;
    for (const listener of listeners.get(name) ?? []) listener(payload.data as never);
  });

  const close = () => {
    if (closed) return;
    closed = true;
    stopMessages();
    stopClose();
    for (const call of pending.values()) call.reject(engineGone());
    pending.clear();
  };
  const stopClose = channel.onClose(close);

  return {
    invoke(command, input) {
      if (closed) return Promise.reject(engineGone());
      const id = nextId++;
      return new Promise((resolve, reject) => {
        pending.set(id, { command, resolve, reject });
        channel.post({ kind: "request", id, command, input });
      });
    },
    on(event, listener) {
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set);
      set.add(listener as (payload: never) => void);
      return () => set.delete(listener as (payload: never) => void);
    },
    close,
  };
}

export function engineGone(): AppError {
  return new AppError({
    code: "ENGINE_GONE",
    message: "The engine is not running right now",
    actor: "machine",
    help: "It is restarted by itself; if it stays away, open the log in the data folder.",
    retryable: true,
  });
}

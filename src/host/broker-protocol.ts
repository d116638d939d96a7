/**
 * How an engine inside an Electron utilityProcess gets child processes: only Electron's main can fork them, so the
 * engine asks over its own parentPort, and main hands both ends of a fresh MessageChannelMain out.
 *
 *   engine ──spawn {id, spec}──────────────▶ main     main: utilityProcess.fork, new MessageChannelMain
 *   engine ◀──port {id} + ports[0]────────── main     at once after the fork: the engine's end of the child's channel
 *                          child ◀──port + ports[0]── main     always the child's first message, before any other
 *   engine ◀──started {id, pid}───────────── main     at the child's "spawn" event
 *   engine ◀──stderr {id, text}───────────── main     as it is written, any chunking
 *   engine ──kill {id, signal}─────────────▶ main     SIGTERM: child.kill(); SIGKILL: process.kill(pid, "SIGKILL")
 *   engine ◀──exited {id, code, signal}───── main     exactly once per spawn, last; after it the id means nothing
 *
 * From then on engine and child talk over the handed port alone; main sees none of it. When a fork fails, main
 * answers `stderr` with the cause and `exited` with code null. When the engine's process ends, main ends (SIGKILL)
 * every child it brokered for it. Other messages share the parentPort, so each one carries kind "broker".
 */
import { z } from "zod";

const SpawnId = z.number().int().nonnegative();
const Signal = z.enum(["SIGTERM", "SIGKILL"]);

export const BrokerSpecSchema = z.object({
  name: z.string().min(1),
  /** Absolute path; main forks nothing outside its own dist folder. */
  entry: z.string().min(1),
  args: z.array(z.string()),
  /** Added to main's environment; null removes a name. */
  env: z.record(z.string(), z.string().nullable()),
});
export type BrokerSpec = z.infer<typeof BrokerSpecSchema>;

/** Engine → main. */
export const BrokerRequestSchema = z.discriminatedUnion("type", [
  z.object({ kind: z.literal("broker"), type: z.literal("spawn"), id: SpawnId, spec: BrokerSpecSchema }),
  z.object({ kind: z.literal("broker"), type: z.literal("kill"), id: SpawnId, signal: Signal }),
]);
export type BrokerRequest = z.infer<typeof BrokerRequestSchema>;

/** Main → engine. `port` comes with exactly one MessagePortMain in the message's ports. */
export const BrokerEventSchema = z.discriminatedUnion("type", [
  z.object({ kind: z.literal("broker"), type: z.literal("port"), id: SpawnId }),
  z.object({
    kind: z.literal("broker"),
    type: z.literal("started"),
    id: SpawnId,
    pid: z.number().int().positive(),
  }),
  z.object({ kind: z.literal("broker"), type: z.literal("stderr"), id: SpawnId, text: z.string() }),
  z.object({
    kind: z.literal("broker"),
    type: z.literal("exited"),
    id: SpawnId,
    code: z.number().int().nullable(),
    signal: z.string().nullable(),
  }),
]);
export type BrokerEvent = z.infer<typeof BrokerEventSchema>;

/** Main → child: its first message, with one MessagePortMain; from then on that port is its parent channel. */
export const BrokeredPortSchema = z.object({ kind: z.literal("broker"), type: z.literal("port") });
export type BrokeredPort = z.infer<typeof BrokeredPortSchema>;

/** Does this message belong to the broker (and so to nobody else on the same port)? */
export function isBrokerMessage(message: unknown): boolean {
  return typeof message === "object" && message !== null && "kind" in message && message.kind === "broker";
}

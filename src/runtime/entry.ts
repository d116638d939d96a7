/**
 * The runtime process: owns one device, answers its parent, and is gone when its parent is.
 * It writes one JSON line to stderr for what ends it, and nothing else of its own.
 */
import { z } from "zod";
import { openParentChannel } from "../host/parent-channel.ts";
import type { ParentChannel } from "../host/process-host.ts";
import { AppError, toErrorValue } from "../shared/errors.ts";
import { type FromRuntime, ToRuntimeSchema } from "../shared/runtime/protocol.ts";
import { loadLibraryFrom } from "./backends/library.ts";

/** Set by the engine where the GPU pack is installed: the folder of the native files to load. */
const LIBRARY_FOLDER = "BELLOWS_ONNXRUNTIME_DIR";

const channel = openParentChannel();
if (channel) serve(channel);
else {
  logFatal(
    new AppError({
      code: "NO_PARENT",
      message: "The runtime is started by the engine, not by hand",
      actor: "user",
    }),
  );
  process.exitCode = 2;
}

function serve(channel: ParentChannel): void {
  const post = (message: FromRuntime) => channel.post(message);
  const runtime = openRuntime(post);
  let dying = false;
  const die = async (thrown: unknown) => {
    if (dying) return;
    dying = true;
    logFatal(thrown);
    post({ type: "fatal", error: toErrorValue(thrown) });
    await channel.flush();
    process.exit(1);
  };

  let turn = Promise.resolve();
  channel.onMessage((raw) => {
    turn = turn.then(async () => {
      const message = ToRuntimeSchema.safeParse(raw);
      if (!message.success) throw badMessage(message.error);
      if (message.data.type !== "shutdown") return (await runtime).handle(message.data);
      await channel.flush();
      process.exit(0);
    });
    turn.catch(die);
  });
  channel.onClose(() => process.exit(0));
  process.on("uncaughtException", (error) => void die(error));
  process.on("unhandledRejection", (reason) => void die(reason));
  // Ctrl-C and a terminal's end reach the whole group; the engine decides when this process ends, SIGTERM ends it at once.
  for (const name of ["SIGINT", "SIGHUP"] as const) process.on(name, () => undefined);
}

/** Imported late: which copy of ONNX Runtime is loaded has to be settled before. */
async function openRuntime(post: (message: FromRuntime) => void) {
  const folder = process.env[LIBRARY_FOLDER];
  if (folder !== undefined) loadLibraryFrom(folder);
  const { Runtime } = await import("./runtime.ts");
  return new Runtime(post);
}

function badMessage(error: z.ZodError): AppError {
  const details = z.prettifyError(error).replaceAll("\n", " ").slice(0, 300);
  return new AppError({
    code: "BAD_MESSAGE",
    message: `The engine sent a message the runtime can't read: ${details}`,
    actor: "bug",
  });
}

function logFatal(thrown: unknown): void {
  process.stderr.write(`${JSON.stringify({ level: "fatal", ...toErrorValue(thrown) })}\n`);
}

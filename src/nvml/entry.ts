/**
 * The NVML helper: a process that holds the driver's library open and answers with a reading of all GPUs. It has no
 * state worth keeping: whoever started it kills it when it hangs and starts another when it crashed.
 */
import { openParentChannel } from "../host/parent-channel.ts";
import type { ParentChannel } from "../host/process-host.ts";
import { unreachable } from "../shared/errors.ts";
import { type FromNvml, type ToNvml, ToNvmlSchema } from "../shared/gpu/nvml-protocol.ts";
import { NvmlLibrary, nvmlFiles } from "./library.ts";
import { NvmlGone, readTable } from "./reader.ts";
import { NVML_SUCCESS, nvmlWords } from "./return-codes.ts";

const channel = openParentChannel();
if (channel) serve(channel);
else {
  process.stderr.write("Error: this is a part of Bellows; the engine starts it.\n");
  process.exitCode = 2;
}

function serve(channel: ParentChannel): void {
  let nvml: NvmlLibrary | null = null;
  const end = () => {
    nvml?.call("nvmlShutdown");
    process.exit(0);
  };
  const answer = (message: ToNvml): FromNvml | null => {
    switch (message.type) {
      case "open": {
        const opened = open(message.libraries);
        if (opened instanceof NvmlLibrary) {
          nvml = opened;
          return { type: "opened", library: opened.file };
        }
        return opened;
      }
      case "read":
        return nvml ? read(nvml) : { type: "unavailable", reason: "NVML was not opened", code: null };
      case "shutdown":
        return null;
      default:
        return unreachable(message);
    }
  };
  channel.onMessage((raw) => {
    const said = answer(ToNvmlSchema.parse(raw));
    if (said === null) end();
    else channel.post(said);
  });
  channel.onClose(end);
  // Ctrl-C reaches the whole process group; the engine decides when this process ends. SIGTERM is left to the system,
  // which ends a process that is stuck in the driver as well.
  for (const name of ["SIGINT", "SIGHUP"] as const) process.on(name, () => undefined);
}

function open(libraries: readonly string[]): NvmlLibrary | Extract<FromNvml, { type: "unavailable" }> {
  const files = libraries.length > 0 ? libraries : nvmlFiles(process.platform, process.env);
  let nvml: NvmlLibrary;
  try {
    nvml = NvmlLibrary.load(files);
  } catch (thrown) {
    const why = thrown instanceof Error && thrown.message !== "" ? thrown.message : "none for this system";
    return { type: "unavailable", reason: `NVML's library could not be loaded: ${why}`, code: null };
  }
  const code = nvml.call("nvmlInit_v2");
  if (code === NVML_SUCCESS) return nvml;
  return { type: "unavailable", reason: `NVML could not begin: ${nvmlWords(code)}`, code };
}

function read(nvml: NvmlLibrary): FromNvml {
  try {
    return { type: "table", table: readTable(nvml) };
  } catch (thrown) {
    if (!(thrown instanceof NvmlGone)) throw thrown;
    return { type: "unavailable", reason: `NVML stopped answering (${thrown.message})`, code: thrown.code };
  }
}

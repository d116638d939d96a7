/** Who forks the app's processes: Electron itself, or a Node of the developer's. */
import type { AppPaths } from "../engine/config/paths.ts";
import { ENGINE_NODE_OPTIONS, ENGINE_V8_OPTIONS } from "../host/engine-node.ts";
import { ForkProcessHost } from "../host/fork-host.ts";
import type { ProcessHost } from "../host/process-host.ts";
import { log } from "./log.ts";
import { UtilityProcessHost } from "./utility-host.ts";

/** A developer's Node runs the engine where Electron's own is too old for the ledger (below version 42). */
export function openProcessHost({ entries }: AppPaths): ProcessHost {
  const node = process.env.BELLOWS_ENGINE_NODE;
  const onStderr = (name: string, line: string) => log(`${name}: ${line}`);
  return node
    ? new ForkProcessHost({ execPath: node, execArgv: ENGINE_NODE_OPTIONS, onStderr })
    : new UtilityProcessHost({
        brokeredEntries: [entries.runtime, entries.nvml],
        v8Options: ENGINE_V8_OPTIONS,
        onStderr,
      });
}

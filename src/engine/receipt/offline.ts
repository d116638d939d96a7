/** A past job checked without an engine: its ledger is only read, and a runtime is started for as long as it takes. */
import { join } from "node:path";
import { PidNotingHost } from "../../host/pid-file.ts";
import type { ProcessHost } from "../../host/process-host.ts";
import type { EngineConfig } from "../../shared/config.ts";
import type { CommandParsed } from "../../shared/contract/contract.ts";
import type { JobVerified } from "../../shared/contract/verify.ts";
import { openDevices } from "../device/open-devices.ts";
import { openLedgerToRead } from "../ledger/read-only.ts";
import { openModels } from "../models/open-models.ts";
import { type Ollama, openOllama } from "../ollama/open-ollama.ts";
import { openRuntime } from "../runtime-client/open-runtime.ts";
import { Unfinished } from "../unfinished.ts";
import { verifyHandlers } from "./job-verifier.ts";

export interface OfflineCheck {
  readonly config: EngineConfig;
  readonly host: ProcessHost;
  readonly nvmlEntry: string;
  readonly wish: CommandParsed<"jobs.verify">;
}

/** On the first usable device. null: there is no ledger in `config.dataFolder`. Throws as verifyHandlers. */
export async function verifyOffline(check: OfflineCheck, signal: AbortSignal): Promise<JobVerified | null> {
  const { config, nvmlEntry, wish } = check;
  const ledger = await openLedgerToRead(config.dataFolder);
  if (ledger === null) return null;
  const host = new PidNotingHost(check.host, join(config.dataFolder, "run"));
  await using opened = new Unfinished();
  opened.also(() => ledger.close());
  const closing = new AbortController();
  let ollama: Ollama | null = null;
  const [{ store: models }, { watcher }] = await Promise.all([
    openModels(config, { elsewhere: (model) => ollama?.library.modelFor(model) ?? null }),
    openDevices({
      wanted: config.gpuBackend,
      host,
      nvmlEntry,
      attention: () => ({ watched: false, working: true, waiting: false }),
      unfinished: opened,
    }),
  ]);
  const watching = watcher.run(closing.signal);
  opened.also(() => {
    closing.abort(new DOMException("The check is over", "AbortError"));
    return watching;
  });
  const { devices } = watcher.detection;
  ollama = openOllama(config, {
    models: () => models.catalogue.models,
    devices: () => devices.slice(0, 1),
    mayWork: () => true,
  });
  await ollama?.library.look(signal);
  const runtimes = devices.slice(0, 1).map((device) => {
    const own = openRuntime(config, {
      device,
      devices: 1,
      host,
      freeMemoryMb: () => watcher.latest(device.id).gpu?.memoryFreeMb ?? null,
    });
    return ollama?.share(own) ?? own;
  });
  const { leases, results } = ledger;
  try {
    const handlers = verifyHandlers({ leases, results, models, runtimes: () => runtimes, signal });
    return await handlers["jobs.verify"](wish);
  } finally {
    await Promise.all(runtimes.map((runtime) => runtime.stop()));
  }
}

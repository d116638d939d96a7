/** A self-test without an engine: devices, models and a runtime of its own, for as long as it takes. */
import { join } from "node:path";
import { PidNotingHost } from "../../host/pid-file.ts";
import type { ProcessHost } from "../../host/process-host.ts";
import type { EngineConfig } from "../../shared/config.ts";
import type { SelfTestReport } from "../../shared/contract/self-test.ts";
import { openDevices } from "../device/open-devices.ts";
import { freeMemoryOf } from "../device/telemetry.ts";
import { GpuPackDesk } from "../gpu-pack/desk.ts";
import { Ledger } from "../ledger/ledger.ts";
import { openModels } from "../models/open-models.ts";
import { type Ollama, openOllama } from "../ollama/open-ollama.ts";
import { openRuntime } from "../runtime-client/open-runtime.ts";
import { Unfinished } from "../unfinished.ts";
import { readReferences } from "./reference.ts";
import { SelfTester } from "./self-tester.ts";

export interface OfflineTest {
  readonly config: EngineConfig;
  readonly host: ProcessHost;
  readonly nvmlEntry: string;
  /** Absent: all. */
  readonly deviceId: string | undefined;
}

/** Results are kept in the ledger of `config.dataFolder`. Throws as SelfTester.run, and LEDGER_… */
export async function testOffline(test: OfflineTest, signal: AbortSignal): Promise<SelfTestReport[]> {
  const { config, nvmlEntry, deviceId } = test;
  const host = new PidNotingHost(test.host, join(config.dataFolder, "run"));
  const ledger = await Ledger.open(config.dataFolder);
  await using opened = new Unfinished();
  opened.also(() => ledger.close());
  const closing = new AbortController();
  let ollama: Ollama | null = null;
  const [references, { store: models }, { watcher }] = await Promise.all([
    readReferences(config.resourcesFolder),
    openModels(config, { elsewhere: (model) => ollama?.library.modelFor(model) ?? null }),
    openDevices({
      wanted: config.gpuBackend,
      visible: config.visibleGpus,
      host,
      nvmlEntry,
      attention: () => ({ watched: true, working: true, waiting: false }),
      unfinished: opened,
    }),
  ]);
  const gpuPack = new GpuPackDesk({ ...config, hasGpu: () => true, now: Date.now });
  await gpuPack.look();
  const watching = watcher.run(closing.signal);
  opened.also(() => {
    closing.abort(new DOMException("The test is over", "AbortError"));
    return watching;
  });
  const { devices } = watcher.detection;
  ollama = openOllama(config, {
    models: () => models.catalogue.models,
    devices: () => devices,
    mayWork: () => true,
  });
  await ollama?.library.look(signal);
  const runtimes = devices.map((device) => {
    const own = openRuntime(config, {
      device,
      devices: devices.length,
      host,
      freeMemoryMb: () => freeMemoryOf(device, watcher.latest(device.id)),
      seatOf: (pid) => watcher.seatOf(pid, device),
    });
    return ollama?.share(own) ?? own;
  });
  const tester = new SelfTester({
    runtimes: () => runtimes,
    references,
    models,
    textModel: (id) => (ollama?.library.device?.id === id ? models.firstInOllama() : null),
    ledger,
    gpuPack: () => gpuPack.identity,
    telemetry: async (id) => {
      await watcher.refresh();
      return watcher.latest(id);
    },
    isReserved: () => false,
    pauseOf: () => null,
    mayTest: () => false,
    onResult: () => undefined,
    now: Date.now,
  });
  try {
    return await tester.run(deviceId, signal);
  } finally {
    await Promise.all(runtimes.map((runtime) => runtime.stop()));
  }
}

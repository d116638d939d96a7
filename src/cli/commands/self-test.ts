/** `bellows self-test`: does each device compute the right answer, how fast, how hot? */
import path from "node:path";
import { prepareDataFolder } from "../../engine/config/data-folder.ts";
import { engineConfig, readSettings } from "../../engine/config/from-environment.ts";
import type { SettingName } from "../../engine/config/settings.ts";
import { ForkProcessHost } from "../../host/fork-host.ts";
import type { SelfTestReport, SelfTestStep } from "../../shared/contract/self-test.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { findEngine, type Where } from "../engine-client.ts";
import { table } from "../format.ts";
import { listenForStop } from "../signals.ts";

/** What a test without an engine reads of the settings; what is wrong with a market's is nothing to fail for. */
const OWN_SETTINGS: readonly SettingName[] = [
  "dataFolder",
  "gpuBackend",
  "visibleGpus",
  "modelFolders",
  "modelAllowList",
  "diskCacheFolder",
  "cudaFolders",
  "mps",
  "ollama",
  "ollamaHost",
  "ollamaDevice",
];

export interface SelfTestOptions {
  readonly device: string | undefined;
  readonly json: boolean;
}

/** Resolves with whether every device passed. */
export async function selfTest(
  context: CliContext,
  where: Where,
  options: SelfTestOptions,
): Promise<boolean> {
  const reports = (await testByEngine(where, options.device)) ?? (await testHere(where, options.device));
  if (options.json) context.terminal.json(reports);
  else for (const line of reports.flatMap(reportLines)) context.terminal.print(line);
  return reports.every((report) => report.ok);
}

/** null: no engine runs. */
async function testByEngine(where: Where, device: string | undefined): Promise<SelfTestReport[] | null> {
  try {
    const engine = await findEngine(where);
    return (await engine.invoke("selftest.run", device === undefined ? {} : { device })).reports;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "ENGINE_NOT_RUNNING") return null;
    throw thrown;
  }
}

async function testHere(where: Where, deviceId: string | undefined): Promise<SelfTestReport[]> {
  const { paths } = where;
  const settings = readSettings(where, OWN_SETTINGS);
  const dataFolder = path.join(settings.dataFolder ?? paths.defaultDataFolder, "live");
  prepareDataFolder(dataFolder);
  const config = engineConfig(settings, paths, {
    mode: "live",
    dataFolder,
    markets: { aitbc: null, aicf: null },
    startAs: "as-left",
  });
  // Loaded only here: it brings SQLite, which the way through an engine does not need.
  const { testOffline } = await import("../../engine/self-test/offline.ts");
  using signals = listenForStop(() => undefined);
  const test = { config, host: new ForkProcessHost(), nvmlEntry: paths.entries.nvml, deviceId };
  return testOffline(test, signals.asked);
}

export function reportLines({ device, ok, summary, steps }: SelfTestReport): string[] {
  const [, ...rows] = table<SelfTestStep>(
    [
      { title: "", value: (step) => (step.ok === null ? "unknown" : step.ok ? "ok" : "FAILED") },
      { title: "", value: (step) => step.name },
      { title: "", value: (step) => step.detail },
    ],
    steps,
  );
  return [
    `${device.name} (${device.id})`,
    ...rows.map((row) => `  ${row}`),
    `  ${ok ? "Passed" : "Failed"}: ${summary}.`,
  ];
}

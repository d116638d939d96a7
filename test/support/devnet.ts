/** The embedded markets for a test: in this process, on free ports, with a folder of their own and no demand. */
import { fileURLToPath } from "node:url";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { readDevnetLog } from "../../src/devnet/log.ts";
import type { DevnetConfig, DevnetReady } from "../../src/shared/config.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { onTestFinished } from "./side-by-side.ts";
import { tempFolder } from "./temp-folder.ts";

export const MINER_API_KEY = "miner-key-for-tests-0123456789";
export const CHAIN_ID = 1337;

export interface TestDevnet {
  readonly ready: DevnetReady;
  readonly log: () => ReturnType<typeof readDevnetLog>;
}

/** Epochs are settled only by `POST /v1/epochs/settle` unless `epochMs` says otherwise. */
export async function devnet(overrides: Partial<DevnetConfig> = {}): Promise<TestDevnet> {
  const running = await startDevnet({
    dataFolder: tempFolder(),
    resourcesFolder: fileURLToPath(new URL("../../resources", import.meta.url)),
    ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
    minerApiKey: MINER_API_KEY,
    chainId: CHAIN_ID,
    epochMs: 60 * MINUTE,
    demand: null,
    ...overrides,
  });
  onTestFinished(() => running.close());
  return { ready: running.ready, log: () => readDevnetLog(running.ready.logFile) };
}

export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

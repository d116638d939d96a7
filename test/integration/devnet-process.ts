/** The real devnet process, started as its parents start it, and ended whatever the test does. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  type DevnetConfig,
  type DevnetReady,
  DevnetReadySchema,
  FatalSchema,
} from "../../src/shared/config.ts";
import { HOUR, SECOND } from "../../src/shared/durations.ts";
import type { ErrorValue } from "../../src/shared/errors.ts";
import { onTestFinished } from "../support/side-by-side.ts";

const ENTRY = fileURLToPath(new URL("../../src/devnet/entry.ts", import.meta.url));
const RESOURCES = fileURLToPath(new URL("../../resources", import.meta.url));

export const MINER_KEY = "miner-key-one-0123456789";
export const CHAIN_ID = 1337;

export function devnetConfig(dataFolder: string, over: Partial<DevnetConfig> = {}): DevnetConfig {
  return {
    dataFolder,
    resourcesFolder: RESOURCES,
    ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
    minerApiKey: MINER_KEY,
    chainId: CHAIN_ID,
    epochMs: HOUR,
    demand: null,
    ...over,
  };
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface DevnetProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  stderr(): string;
}

export function forkDevnet(config: DevnetConfig): DevnetProcess {
  const child = fork(ENTRY, [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    execArgv: [],
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = new Promise<Exit>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exited;
  });
  child.send({ kind: "configure", config });
  return { child, exited, stderr: () => stderr };
}

export type Answer = { readonly ready: DevnetReady } | { readonly fatal: ErrorValue };

/** What the process says first. */
export function firstAnswer({ child, exited, stderr }: DevnetProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the devnet said nothing: ${stderr()}`)), 20 * SECOND);
    child.on("message", (message) => {
      const ready = DevnetReadySchema.safeParse(message);
      const fatal = FatalSchema.safeParse(message);
      if (!ready.success && !fatal.success) return;
      clearTimeout(timer);
      resolve(ready.success ? { ready: ready.data } : { fatal: fatal.data?.error as ErrorValue });
    });
    void exited.then(({ code, signal }) => {
      clearTimeout(timer);
      reject(new Error(`the devnet ended with ${code ?? signal}: ${stderr()}`));
    });
  });
}

export async function runDevnet(config: DevnetConfig): Promise<DevnetProcess & { ready: DevnetReady }> {
  const process = forkDevnet(config);
  const answer = await firstAnswer(process);
  if ("fatal" in answer) throw new Error(answer.fatal.message);
  return { ...process, ready: answer.ready };
}

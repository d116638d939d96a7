/** Engines as processes of their own, each with its ledger and key, at one market in a process of its own. */
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DevnetLogLine } from "../../src/devnet/log.ts";
import { loadConfig } from "../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { PASSPHRASE_VARIABLE } from "../../src/engine/identity/identity.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import type { ManagedProcess } from "../../src/host/process-host.ts";
import {
  type DevnetConfig,
  type DevnetReady,
  DevnetReadySchema,
  type EngineConfig,
  EngineReadySchema,
  FatalSchema,
} from "../../src/shared/config.ts";
import type { ContractClient } from "../../src/shared/contract/contract.ts";
import { connectContract } from "../../src/shared/contract/rpc.ts";
import type { JobRow } from "../../src/shared/contract/views.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { CHAIN_ID, MINER_API_KEY } from "./devnet.ts";
import { GrowingLog } from "./growing-log.ts";
import { catalogueEntry } from "./model-home.ts";
import type { Machine } from "./name-spaces.ts";
import { expect, onTestFinished } from "./side-by-side.ts";
import { tempFolder } from "./temp-folder.ts";

const PACED = fileURLToPath(new URL("../fixtures/runtime/paced.ts", import.meta.url));
export const PACED_MODEL = "paced";
const START_WITHIN = 2 * MINUTE;

/** A market that can be killed and started again on its ports. */
export class FleetMarket {
  readonly #config: DevnetConfig;
  #process: ManagedProcess | null = null;
  #ready: DevnetReady | null = null;
  #log: GrowingLog | null = null;

  private constructor(config: DevnetConfig) {
    this.#config = config;
  }

  static async start(overrides: Partial<DevnetConfig> = {}): Promise<FleetMarket> {
    const market = new FleetMarket({
      dataFolder: tempFolder(),
      resourcesFolder: locatePaths().resourcesFolder,
      ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
      minerApiKey: MINER_API_KEY,
      chainId: CHAIN_ID,
      epochMs: 5_000,
      demand: null,
      ...overrides,
    });
    onTestFinished(() => market.kill());
    await market.run();
    return market;
  }

  get ready(): DevnetReady {
    if (this.#ready === null) throw new Error("The market did not start yet");
    return this.#ready;
  }

  /** Every line so far. */
  log(): readonly DevnetLogLine[] {
    this.#log ??= new GrowingLog(this.ready.logFile);
    return this.#log.lines();
  }

  async run(): Promise<void> {
    const child = new ForkProcessHost().spawn({ name: "devnet", entry: locatePaths().entries.devnet });
    this.#process = child;
    const before = this.#ready;
    const port = (url: string | undefined) => (url === undefined ? 0 : Number(new URL(url).port));
    const ports = {
      coordinator: port(before?.coordinatorUrl),
      chainRpc: port(before?.chainRpcUrl),
      queue: port(before?.queueUrl),
      node: port(before?.nodeUrl),
    };
    child.post({ kind: "configure", config: { ...this.#config, ports } });
    this.#ready = await answerOf(child, DevnetReadySchema);
  }

  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
  }

  /** It takes connections and answers none. */
  freeze(): void {
    const pid = this.#process?.pid;
    if (pid !== undefined) process.kill(pid, "SIGSTOP");
  }
}

export interface WorkerOptions {
  readonly queueUrl: string;
  readonly nodeUrl: string;
  /** Milliseconds its runtime takes for each job. */
  readonly msPerJob: number;
  readonly concurrency: number;
  /** A line for each text that a runtime of the fleet computes. */
  readonly journal: string;
  /** Where it runs; absent: here. */
  readonly machine?: Machine;
}

export class FleetWorker {
  readonly name: string;
  readonly #config: EngineConfig;
  readonly #options: WorkerOptions;
  #process: ManagedProcess | null = null;
  #client: (ContractClient & { close(): void }) | null = null;

  private constructor(name: string, config: EngineConfig, options: WorkerOptions) {
    this.name = name;
    this.#config = config;
    this.#options = options;
  }

  static async start(name: string, resourcesFolder: string, options: WorkerOptions): Promise<FleetWorker> {
    const env = {
      AICF_QUEUE_URL: options.queueUrl,
      RPC_URL: options.nodeUrl,
      CHAIN_ID: String(CHAIN_ID),
      GPU_BACKEND: "cpu",
      MAX_CONCURRENCY: String(options.concurrency),
      BATCH_SIZE: "1",
      BELLOWS_AUTO_STAKE: "100",
      BELLOWS_STAKE_WITHOUT_BACKUP: "1",
      BELLOWS_DATA_DIR: tempFolder(),
      [PASSPHRASE_VARIABLE]: "correct horse battery staple",
    };
    const worker = new FleetWorker(
      name,
      {
        ...loadConfig({ env, flags: {}, paths: locatePaths() }),
        // Its key is made without the seconds that a passphrase takes, fifty times.
        mode: "demo",
        resourcesFolder,
        modelFolders: [join(resourcesFolder, "models")],
        runtimeEntry: PACED,
        control: null,
      },
      options,
    );
    onTestFinished(() => worker.kill());
    await worker.run();
    return worker;
  }

  async run(): Promise<void> {
    const [command, ...args] = this.#options.machine?.exec ?? [process.execPath];
    const host = new ForkProcessHost(
      this.#options.machine === undefined ? {} : { execPath: command, execArgv: [...args, process.execPath] },
    );
    const child = host.spawn({
      name: this.name,
      entry: locatePaths().entries.engine,
      env: { PACED_MS_PER_JOB: String(this.#options.msPerJob), PACED_JOURNAL: this.#options.journal },
    });
    this.#process = child;
    this.#client = connectContract(child);
    child.post({ kind: "configure", config: this.#config });
    await answerOf(child, EngineReadySchema);
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get dataFolder(): string {
    return this.#config.dataFolder;
  }

  get client(): ContractClient {
    if (this.#client === null) throw new Error(`${this.name} does not run`);
    return this.#client;
  }

  async state() {
    return (await this.client.invoke("state.snapshot", {})).state;
  }

  /** As a power cut does it. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
    this.#client?.close();
  }

  /** As `bellows serve` ends on SIGTERM: takes nothing more, finishes what it holds (so many), and only then goes. */
  async drain(): Promise<number> {
    const { markets: before } = await this.state();
    await this.client.invoke("run.finish", {});
    const held = async () => {
      const { engine, markets } = await this.state();
      return `${engine.intent}, ${markets[0]?.leasesHeld} held`;
    };
    await expect.poll(held, { timeout: MINUTE, interval: 50, message: this.name }).toBe("stopped, 0 held");
    await this.stop();
    return before[0]?.leasesHeld ?? 0;
  }

  async stop(): Promise<void> {
    this.#process?.kill("SIGTERM");
    await this.#process?.exited;
    this.#client?.close();
  }

  async jobs(): Promise<JobRow[]> {
    const jobs: JobRow[] = [];
    for (let before: string | undefined; ; ) {
      const page = await this.client.invoke("jobs.list", { limit: 1000, ...(before ? { before } : {}) });
      jobs.push(...page.jobs);
      if (page.next === null) return jobs;
      before = page.next;
    }
  }
}

/** A catalogue of one model of a few bytes: the runtime here reads none. */
export function pacedResources(): string {
  const folder = tempFolder();
  const files = { g: randomBytes(16), t: randomBytes(16) };
  const nowhere = [{ kind: "https", base: "https://models.invalid/" }];
  const entry = catalogueEntry(PACED_MODEL, files, nowhere);
  const home = join(folder, "models", PACED_MODEL);
  mkdirSync(home, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(home, name), bytes);
  writeFileSync(join(folder, "models", "catalogue.json"), JSON.stringify({ version: 1, models: [entry] }));
  const own = locatePaths().resourcesFolder;
  copyFileSync(join(own, "models", "self-test.json"), join(folder, "models", "self-test.json"));
  copyFileSync(join(own, "gpu-pack.json"), join(folder, "gpu-pack.json"));
  return folder;
}

/** The first message of that shape; rejects with what the process says when it can't go on. */
function answerOf<T>(
  child: ManagedProcess,
  schema: { safeParse(message: unknown): { success: boolean; data?: T } },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${child.name} does not start`)), START_WITHIN);
    const stop = child.onMessage((message) => {
      const fatal = FatalSchema.safeParse(message);
      if (fatal.success) fail(fatal.data.error.message);
      const answer = schema.safeParse(message);
      if (!answer.success || answer.data === undefined) return;
      clearTimeout(timer);
      stop();
      resolve(answer.data);
    });
    const fail = (why: string) => {
      clearTimeout(timer);
      stop();
      reject(new Error(`${child.name}: ${why}`));
    };
    void child.exited.then(({ code, signal }) => fail(`ended with ${code ?? signal}: ${child.stderrTail()}`));
  });
}

/** `bellows devnet`: both markets alone, on their usual ports, for trying `bellows serve` or another client. */
import { randomBytes, randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { QuirkSchema } from "../../devnet/aitbc/quirks.ts";
import { prepareDataFolder } from "../../engine/config/data-folder.ts";
import { openOnce } from "../../engine/config/installation.ts";
import * as read from "../../engine/config/parsers.ts";
import { ForkProcessHost } from "../../host/fork-host.ts";
import { Supervisor } from "../../host/supervisor.ts";
import { type DevnetConfig, type DevnetReady, DevnetReadySchema, type End } from "../../shared/config.ts";
import { DAY, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { withoutSecrets } from "../../shared/secret-variables.ts";
import type { CliContext } from "../context.ts";
import { dataFolderOf } from "../engine-client.ts";
import { listenForStop } from "../signals.ts";
import { readFlag } from "../usage.ts";

const DIALECTS = ["guide", "today", "coordinator"] as const;
const DEVNET_CHAIN_ID = 1;
const MAX_QUEUED = 32;
const STOP_WITHIN_MS = 5 * SECOND;
/** No secret: the key it opens owns play money, in a data folder of its own. */
const PLAY_PASSPHRASE = "play-money-only";

const DevnetKeysSchema = z.object({
  minerApiKey: z.string().min(16),
  wallet: z.string(),
  seed: z.number().int(),
});

/** Text as typed; commander fills in the defaults. */
export interface DevnetOptions {
  readonly data?: string | undefined;
  readonly coordinatorPort: string;
  readonly chainPort: string;
  readonly queuePort: string;
  readonly nodePort: string;
  readonly epoch: string;
  readonly aitbcDialect: string;
  readonly gpuPort: string;
  readonly quirksOff?: string | undefined;
  readonly demand: string;
  readonly json: boolean;
}

export async function devnet(context: CliContext, options: DevnetOptions): Promise<void> {
  const { terminal, paths } = context;
  const configFor = prepare(context, options);
  let ready: DevnetReady | undefined;
  const supervisor = new Supervisor({
    host: new ForkProcessHost(),
    spec: () => ({ name: "devnet", entry: paths.entries.devnet, env: withoutSecrets() }),
    configure: (child) => child.post({ kind: "configure", config: configFor(ready) }),
    isReady: (message) => {
      const parsed = DevnetReadySchema.safeParse(message);
      if (parsed.success) ready = parsed.data;
      return parsed.success;
    },
    askToStop: (child) => child.post({ kind: "end" } satisfies End),
    timings: { stopWithin: STOP_WITHIN_MS },
  });
  using signals = listenForStop(() => supervisor.child?.kill("SIGKILL"));
  try {
    supervisor.start();
    await supervisor.whenUp(signals.asked);
    if (ready === undefined)
      throw new AppError({
        code: "DEVNET_SILENT",
        message: "The devnet did not say where it is",
        actor: "bug",
      });
    const names = environmentFor(ready, configFor(ready));
    if (options.json) terminal.json({ ...names, logFile: ready.logFile });
    else {
      terminal.print("Both markets run here, with play money. To earn on them, in another terminal");
      terminal.print("(with a key and a data folder of their own, apart from those for real money):");
      terminal.print();
      for (const setting of Object.entries(names)) terminal.print(assignment(setting));
      terminal.print(`${nameOfCommand(paths)} serve`);
      terminal.print();
      terminal.print(`Everything they are told is logged to ${ready.logFile}`);
    }
    const failed = new Promise<never>((_, reject) => {
      supervisor.onState(({ state, reason }) => {
        if (state === "restarting") terminal.note(`The devnet is started again: ${reason}.`);
        if (state === "failed")
          reject(
            new AppError({ code: "DEVNET_FAILED", message: reason ?? "The devnet ended", actor: "machine" }),
          );
      });
    });
    await Promise.race([signals.whenAsked, failed]);
  } catch (thrown) {
    if (!signals.asked.aborted) throw thrown;
  } finally {
    await supervisor.stop();
  }
}

/** The names `bellows serve` reads. */
function environmentFor(ready: DevnetReady, config: DevnetConfig): Record<string, string> {
  return {
    AITBC_COORDINATOR_URL: ready.coordinatorUrl,
    AITBC_RPC_URL: ready.chainRpcUrl,
    AITBC_COORDINATOR_KEY: config.minerApiKey,
    ...(ready.gpuUrl === null ? {} : { AITBC_GPU_URL: ready.gpuUrl, AITBC_API_KEY: config.gpuApiKey ?? "" }),
    ...(config.payeeWallet === undefined ? {} : { AITBC_WALLET: config.payeeWallet }),
    AICF_QUEUE_URL: ready.queueUrl,
    RPC_URL: ready.nodeUrl,
    CHAIN_ID: String(config.chainId),
    BELLOWS_AUTO_STAKE: "100",
    BELLOWS_STAKE_WITHOUT_BACKUP: "1",
    BELLOWS_KEY_PASSPHRASE: PLAY_PASSPHRASE,
    BELLOWS_DATA_DIR: path.join(config.dataFolder, "provider"),
  };
}

/** One line for the shell of this system. */
function assignment([name, value]: readonly [string, string]): string {
  return process.platform === "win32"
    ? `$env:${name} = '${value.replaceAll("'", "''")}'`
    : `export ${name}=${/^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`;
}

/** In a clone there is no `bellows` on the PATH, only in the clone's packages. */
function nameOfCommand({ root }: CliContext["paths"]): string {
  return existsSync(path.join(root, "src", "cli")) ? "npx bellows" : "bellows";
}

function prepare({ env, paths }: CliContext, options: DevnetOptions): (before?: DevnetReady) => DevnetConfig {
  const ports = {
    coordinator: readFlag("--coordinator-port", options.coordinatorPort, read.port),
    chainRpc: readFlag("--chain-port", options.chainPort, read.port),
    queue: readFlag("--queue-port", options.queuePort, read.port),
    node: readFlag("--node-port", options.nodePort, read.port),
    gpu: readFlag("--gpu-port", options.gpuPort, read.port),
  };
  const aitbcDialect = readFlag("--aitbc-dialect", options.aitbcDialect, read.oneOf(...DIALECTS));
  const aitbcQuirksOff = (options.quirksOff ?? "").split(",").filter((name) => name !== "");
  for (const quirk of aitbcQuirksOff) readFlag("--quirks-off", quirk, read.oneOf(...QuirkSchema.options));
  const epochMs = readFlag("--epoch", options.epoch, read.duration(SECOND, DAY));
  const jobsPerSecond = readFlag("--demand", options.demand, read.rateOrNone(1000));

  const dataFolder = path.join(dataFolderOf({ env, flags: { dataFolder: options.data }, paths }), "devnet");
  prepareDataFolder(dataFolder);
  const keys = openOnce(path.join(dataFolder, "devnet.json"), DevnetKeysSchema, () => ({
    minerApiKey: `devnet-${randomBytes(24).toString("base64url")}`,
    wallet: `0x${randomBytes(20).toString("hex")}`,
    seed: randomInt(2 ** 31),
  }));
  const portOf = (url: string | undefined, asked: number) =>
    url === undefined ? asked : Number(new URL(url).port);
  return (before) => ({
    dataFolder,
    resourcesFolder: paths.resourcesFolder,
    ports: {
      coordinator: portOf(before?.coordinatorUrl, ports.coordinator),
      chainRpc: portOf(before?.chainRpcUrl, ports.chainRpc),
      queue: portOf(before?.queueUrl, ports.queue),
      node: portOf(before?.nodeUrl, ports.node),
      gpu: portOf(before?.gpuUrl ?? undefined, ports.gpu),
    },
    minerApiKey: keys.minerApiKey,
    aitbcDialect,
    gpuApiKey: `gpu-${keys.minerApiKey}`,
    aitbcQuirksOff,
    payeeWallet: keys.wallet,
    chainId: DEVNET_CHAIN_ID,
    epochMs,
    demand:
      jobsPerSecond === 0
        ? null
        : { jobsPerSecond, maxQueued: MAX_QUEUED, markets: ["aitbc", "aicf"], seed: keys.seed },
  });
}

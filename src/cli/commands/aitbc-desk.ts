/** What every `bellows aitbc` command needs first: where the services are, who we are there, and the wallet when it signs. */
import path from "node:path";
import { prepareDataFolder } from "../../engine/config/data-folder.ts";
import { aitbcConfig, readSettings } from "../../engine/config/from-environment.ts";
import { openInstallation } from "../../engine/config/installation.ts";
import { type AitbcDesk, openDesk } from "../../engine/market/aitbc/desk.ts";
import { signerFor, type Wallet } from "../../engine/market/aitbc/wallet.ts";
import type { AitbcConfig } from "../../shared/config.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { parseDecimal } from "../../shared/money.ts";
import type { CliContext } from "../context.ts";
import { dataFolderOf, type EngineClient, findEngine } from "../engine-client.ts";
import { usageError } from "../usage.ts";

const ANSWER_WITHIN = 30 * SECOND;

/** Flags all commands share, as typed. */
export interface AitbcFlags {
  readonly data?: string | undefined;
  readonly gpu?: string | undefined;
  readonly coordinator?: string | undefined;
  readonly rpc?: string | undefined;
  readonly miner?: string | undefined;
  readonly json: boolean;
}

export interface OpenAitbc {
  readonly desk: AitbcDesk;
  readonly config: AitbcConfig;
  readonly signal: AbortSignal;
}

/** Throws NO_MARKET (exit code 2) when neither service is configured. */
export function openAitbc(context: CliContext, flags: AitbcFlags): OpenAitbc {
  const { env, paths } = context;
  const settings = readSettings({
    env: flags.miner === undefined ? env : { ...env, AITBC_MINER_ID: flags.miner },
    paths,
    flags: {
      aitbcGpuUrl: flags.gpu,
      aitbcCoordinatorUrl: flags.coordinator,
      aitbcRpcUrl: flags.rpc,
    },
  });
  const dataFolder = path.join(dataFolderOf({ env, flags: { dataFolder: flags.data }, paths }), "live");
  prepareDataFolder(dataFolder);
  const config = aitbcConfig(settings, openInstallation(dataFolder));
  if (config === null) {
    throw new AppError({
      code: "NO_MARKET",
      message: "AITBC is not configured",
      actor: "user",
      help: "Set AITBC_GPU_URL, AITBC_COORDINATOR_URL or both, or give --gpu or --coordinator.",
    });
  }
  return { desk: openDesk(config), config, signal: AbortSignal.timeout(ANSWER_WITHIN) };
}

/** The wallet of AITBC_WALLET_KEY, which has to be that of AITBC_WALLET when both are given. */
export function walletOf(config: AitbcConfig): Wallet {
  const wallet = signerFor(config.wallet, config.walletKey);
  if (wallet !== null) return wallet;
  throw new AppError({
    code: "NO_WALLET_KEY",
    message: "Stakes are signed, and there is no key to sign with",
    actor: "user",
    help: "Set AITBC_WALLET_KEY to the wallet's secp256k1 key.",
  });
}

/** The running engine of this data folder; null: there is none. */
export async function engineIfRunning(context: CliContext, flags: AitbcFlags): Promise<EngineClient | null> {
  try {
    return await findEngine({ env: context.env, paths: context.paths, flags: { dataFolder: flags.data } });
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "ENGINE_NOT_RUNNING") return null;
    throw thrown;
  }
}

export function needGpuService(desk: AitbcDesk): NonNullable<AitbcDesk["gpuService"]> {
  return desk.gpuService ?? missing("gpu service", "AITBC_GPU_URL", "--gpu");
}

export function needChain(desk: AitbcDesk): NonNullable<AitbcDesk["chain"]> {
  return desk.chain ?? missing("chain node", "AITBC_RPC_URL", "--rpc");
}

function missing(what: string, variable: string, flag: string): never {
  throw new AppError({
    code: "NO_MARKET",
    message: `This needs AITBC's ${what}, which is not configured`,
    actor: "user",
    help: `Set ${variable}, or give ${flag}.`,
  });
}

/** A positive amount as typed. */
export function readAmount(flag: string, text: string) {
  try {
    const amount = parseDecimal("AIT", text);
    if (amount.minor > 0n) return amount;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
  }
  throw usageError(`${flag} "${text}" is not an amount of AIT`, "Write a positive amount such as 12.5");
}

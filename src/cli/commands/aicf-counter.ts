/** What every `bellows aicf` command needs first: where the market is, who we are there, and the key when it signs. */
import os from "node:os";
import path from "node:path";
import { type Environment, readSettings } from "../../engine/config/from-environment.ts";
import { openInstallation } from "../../engine/config/installation.ts";
import * as read from "../../engine/config/parsers.ts";
import { secretIn } from "../../engine/config/secret-files.ts";
import { addressOf } from "../../engine/identity/address.ts";
import { isBackupChecked } from "../../engine/identity/backup.ts";
import {
  identityFacts,
  identityFolder,
  PASSPHRASE_VARIABLE,
  readIdentity,
} from "../../engine/identity/identity.ts";
import { keyPairFromSeed } from "../../engine/identity/ml-dsa.ts";
import type { ProviderKey } from "../../engine/market/aicf/account.ts";
import { type AicfCounter, createCounter } from "../../engine/market/aicf/counter.ts";
import type { ClaimBook } from "../../engine/market/port.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { dataFolderOf } from "../engine-client.ts";
import { readFlag } from "../usage.ts";

/** The guide's own values (aicf-provider-guide §3). */
const GUIDE_QUEUE = "http://127.0.0.1:8700";
const GUIDE_NODE = "http://127.0.0.1:8545";
const GUIDE_CHAIN = 1;
const ANSWER_WITHIN = 30 * SECOND;

/** Flags all commands share, as typed. */
export interface AicfFlags {
  readonly data?: string | undefined;
  readonly rpc?: string | undefined;
  readonly queue?: string | undefined;
  readonly chainId?: string | undefined;
  /** --id or --provider. */
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Stake although no backup was checked. */
  readonly withoutBackup?: boolean;
}

export interface OpenCounter {
  readonly counter: AicfCounter;
  readonly providerId: string;
  readonly queueUrl: string;
  readonly signal: AbortSignal;
}

/** For commands that only read: no key is opened. `claims`: where the answer to a claim is kept. */
export async function openToRead(
  context: CliContext,
  flags: AicfFlags,
  claims?: ClaimBook,
): Promise<OpenCounter> {
  const folder = liveIdentityFolder(context, flags);
  const facts = await identityFacts(folder);
  return open(context, flags, facts?.providerId ?? null, { sign: () => keyIsClosed() }, claims);
}

/** For commands that sign: the key of the live data folder, opened with its passphrase. */
export async function openToSign(
  context: CliContext,
  flags: AicfFlags,
): Promise<OpenCounter & { readonly key: ProviderKey }> {
  const folder = liveIdentityFolder(context, flags);
  const { seed, facts } = await readIdentity(folder, passphraseIn(context.env));
  const { publicKey, sign } = keyPairFromSeed(seed);
  const opened = open(context, flags, facts.providerId, { sign });
  return { ...opened, key: { publicKey, address: addressOf(publicKey) } };
}

export function liveIdentityFolder({ env, paths }: CliContext, flags: { data?: string | undefined }): string {
  return identityFolder(liveFolder({ env, paths }, flags));
}

export function passphraseIn(env: Environment): string | null {
  return secretIn(env, PASSPHRASE_VARIABLE);
}

export function liveFolder(
  { env, paths }: Pick<CliContext, "env" | "paths">,
  flags: { data?: string | undefined },
): string {
  return path.join(dataFolderOf({ env, flags: { dataFolder: flags.data }, paths }), "live");
}

function open(
  context: CliContext,
  flags: AicfFlags,
  ownId: string | null,
  signer: { sign(message: Uint8Array): Uint8Array },
  claims?: ClaimBook,
): OpenCounter {
  const settings = readSettings({ env: context.env, paths: context.paths, flags: {} });
  const given = <T>(name: string, text: string | undefined, reader: (text: string) => T) =>
    text === undefined ? undefined : readFlag(name, text, reader);
  const providerId = given("--id", flags.id, read.identifier) ?? settings.providerId ?? ownId;
  if (providerId === null) throw nobody();
  const queueUrl = given("--queue", flags.queue, read.httpUrl) ?? settings.aicfQueueUrl ?? GUIDE_QUEUE;
  const counter = createCounter(
    {
      queueUrl,
      rpcUrl: given("--rpc", flags.rpc, read.httpUrl) ?? settings.aicfRpcUrl ?? GUIDE_NODE,
      chainId:
        given("--chain-id", flags.chainId, read.wholeNumber(0, Number.MAX_SAFE_INTEGER)) ??
        settings.chainId ??
        GUIDE_CHAIN,
      providerId,
      name: given("--name", flags.name, read.label) ?? settings.providerName ?? os.hostname(),
      region: given("--region", flags.region, read.label) ?? settings.providerRegion ?? null,
      ...optional("endpoint", given("--endpoint", flags.endpoint, read.httpUrl) ?? settings.providerEndpoint),
      ...optional("secret", settings.providerSecret),
      workerId: workerIdIn(context, flags),
      autoStakeNano: null,
    },
    {
      signer,
      ...optional("claims", claims),
      now: context.now,
      mayStake: async () =>
        flags.withoutBackup === true || (await isBackupChecked(liveIdentityFolder(context, flags))),
    },
  );
  return { counter, providerId, queueUrl, signal: AbortSignal.timeout(ANSWER_WITHIN) };
}

/** The worker's name where this machine has one: reading must not make folders. */
function workerIdIn(context: CliContext, flags: AicfFlags): string {
  try {
    return openInstallation(liveFolder(context, flags)).workerId;
  } catch {
    return "cli";
  }
}

function optional<K extends string, V>(name: K, value: V | undefined): { [N in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [N in K]?: V });
}

function nobody(): AppError {
  return new AppError({
    code: "USAGE",
    message: "Which provider? There is no key here and no id was given",
    actor: "user",
    help: "Add --id, set PROVIDER_ID, or make a key with `bellows identity new`.",
  });
}

function keyIsClosed(): never {
  throw new AppError({
    code: "KEY_CLOSED",
    message: "This command was not to sign anything",
    actor: "bug",
  });
}

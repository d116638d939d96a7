/**
 * `bellows verify`: is a receipt what it says? That needs no engine and no network. With `--recompute` this machine's
 * own job is computed again from what its ledger kept: by the running engine, else by a runtime of its own.
 */
import fs from "node:fs";
import path from "node:path";
import { engineConfig, readSettings } from "../../engine/config/from-environment.ts";
import { SETTINGS, type Setting, type SettingName } from "../../engine/config/settings.ts";
import { decodeReceipt, receiptFromJson, receiptToJson } from "../../engine/receipt/receipt.ts";
import { isVerified, verifyReceipt } from "../../engine/receipt/verify.ts";
import { ForkProcessHost } from "../../host/fork-host.ts";
import { type Catalogue, CatalogueSchema } from "../../shared/catalogue.ts";
import type { JobVerified, VerifyCheck } from "../../shared/contract/verify.ts";
import { MIB } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { dataFolderOf, findEngine, type Where } from "../engine-client.ts";
import { table } from "../format.ts";
import { listenForStop } from "../signals.ts";
import { usageError } from "../usage.ts";

/** The markets' own limit for a result is 64 MiB. */
const MAX_FILE_BYTES = 256 * MIB;
const STDIN = "-";
const STDIN_FD = 0;
/** Major type 5 of RFC 8949: a CBOR receipt is a map. */
const CBOR_MAP = 5;
const MAJOR_TYPE_SHIFT = 5;

export interface VerifyOptions {
  readonly output: string | undefined;
  /** SHA3-256 of the key the provider is known by. */
  readonly key: string | undefined;
  /** Compute the job again from this machine's ledger, and compare. */
  readonly recompute?: boolean;
  readonly json: boolean;
}

/** What a recomputation without an engine reads of the settings. */
const OWN_SETTINGS: readonly SettingName[] = [
  "dataFolder",
  "gpuBackend",
  "modelFolders",
  "modelAllowList",
  "diskCacheFolder",
  "cudaFolders",
];

/** Prints every check; resolves with whether all of them passed. */
export async function verify(
  { terminal, paths }: CliContext,
  where: Where,
  file: string,
  options: VerifyOptions,
): Promise<boolean> {
  if (options.key !== undefined && !/^(0x)?[0-9a-f]{64}$/i.test(options.key)) {
    throw usageError(`--key "${options.key}" is not a SHA3-256 hash`, "Write its 64 hex digits");
  }
  const source = textOrBytes(readFile(file));
  const ownChecks = verifyReceipt(source, {
    catalogue: readCatalogue(paths.resourcesFolder),
    expectedKeySha3_256: options.key,
    output: options.output === undefined ? undefined : readFile(options.output),
  });
  // What is no receipt, or a false one, is not worth a computation.
  const again = options.recompute && isVerified(ownChecks) ? await recompute(where, source) : null;
  const checks: VerifyCheck[] = merged(ownChecks, again?.checks ?? []);
  const verified = isVerified(checks);
  if (options.json) {
    terminal.json({ verified, checks, ...(again === null ? {} : { recomputed: again.recomputed }) });
    return verified;
  }
  const [, ...rows] = table<VerifyCheck>(
    [
      { title: "", value: (check) => (check.ok ? "ok" : "FAILED") },
      { title: "", value: (check) => check.name },
      { title: "", value: (check) => check.detail },
    ],
    checks,
  );
  for (const [i, row] of rows.entries()) terminal.print(checks[i]?.ok ? row : terminal.style("red", row));
  terminal.print(verified ? "This receipt holds." : "This receipt does not hold.");
  return verified;
}

/** By the engine that runs, else here from the ledger it left. Throws ENGINE_NOT_RUNNING where there is neither. */
async function recompute(where: Where, source: string | Uint8Array): Promise<JobVerified> {
  const receipt = typeof source === "string" ? receiptFromJson(source) : decodeReceipt(source);
  const wish = { leaseId: receipt.lease_id, recompute: true, receipt: receiptToJson(receipt) };
  try {
    return await (await findEngine(where)).invoke("jobs.verify", wish);
  } catch (thrown) {
    if (!(thrown instanceof AppError && thrown.code === "ENGINE_NOT_RUNNING")) throw thrown;
    const found = await recomputeHere(where, wish);
    if (found === null) throw thrown;
    return found;
  }
}

/** null: no ledger was left. */
async function recomputeHere(
  where: Where,
  wish: { leaseId: string; recompute: boolean; receipt: string },
): Promise<JobVerified | null> {
  const { env, flags, paths } = where;
  const names = OWN_SETTINGS.map((name) => (SETTINGS[name] as Setting<unknown>).env);
  const settings = readSettings({ env: Object.fromEntries(names.map((name) => [name, env[name]])), flags });
  // Loaded only here: it brings SQLite, which the way through an engine does not need.
  const { verifyOffline } = await import("../../engine/receipt/offline.ts");
  using signals = listenForStop(() => undefined);
  const base = dataFolderOf(where);
  for (const dataFolder of [path.join(base, "live"), path.join(base, "demo"), base]) {
    const config = engineConfig(settings, paths, {
      mode: "live",
      dataFolder,
      markets: { aitbc: null, aicf: null },
      startAs: "as-left",
    });
    const check = { config, host: new ForkProcessHost(), nvmlEntry: paths.entries.nvml, wish };
    const found = await verifyOffline(check, signals.asked);
    if (found !== null) return found;
  }
  return null;
}

/** A check made twice is shown once; one that failed anywhere has failed. */
function merged(first: readonly VerifyCheck[], second: readonly VerifyCheck[]): VerifyCheck[] {
  const known = new Map(first.map((check) => [check.name, check]));
  for (const check of second) {
    if (known.get(check.name)?.ok !== false) known.set(check.name, check);
  }
  return [...known.values()];
}

/** The canonical CBOR as it is sent, or JSON as people see it: nobody who names a wrong file means CBOR. */
function textOrBytes(bytes: Buffer): string | Uint8Array {
  const [first = 0] = bytes;
  return first >> MAJOR_TYPE_SHIFT === CBOR_MAP ? bytes : bytes.toString("utf8");
}

function readFile(file: string): Buffer {
  try {
    if (file === STDIN) return fs.readFileSync(STDIN_FD);
    const { size } = fs.statSync(file);
    if (size > MAX_FILE_BYTES) throw new RangeError(`it has ${size} bytes`);
    return fs.readFileSync(file);
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new AppError({
      code: "FILE_NOT_READ",
      message: `${path.resolve(file)} can't be read (${why})`,
      actor: "user",
      help: "`bellows receipt LEASE -o FILE` writes a receipt.",
      cause,
    });
  }
}

function readCatalogue(resourcesFolder: string): Catalogue {
  return CatalogueSchema.parse(
    JSON.parse(fs.readFileSync(path.join(resourcesFolder, "models", "catalogue.json"), "utf8")),
  );
}

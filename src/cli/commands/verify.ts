/** `bellows verify`: is a receipt what it says? Needs no engine and no network. */
import fs from "node:fs";
import path from "node:path";
import { isVerified, type ReceiptCheck, verifyReceipt } from "../../engine/receipt/verify.ts";
import { type Catalogue, CatalogueSchema } from "../../shared/catalogue.ts";
import { MIB } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { table } from "../format.ts";
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
  readonly json: boolean;
}

/** Prints every check; resolves with whether all of them passed. */
export function verify({ terminal, paths }: CliContext, file: string, options: VerifyOptions): boolean {
  if (options.key !== undefined && !/^(0x)?[0-9a-f]{64}$/i.test(options.key)) {
    throw usageError(`--key "${options.key}" is not a SHA3-256 hash`, "Write its 64 hex digits");
  }
  const checks = verifyReceipt(textOrBytes(readFile(file)), {
    catalogue: readCatalogue(paths.resourcesFolder),
    expectedKeySha3_256: options.key,
    output: options.output === undefined ? undefined : readFile(options.output),
  });
  const verified = isVerified(checks);
  if (options.json) {
    terminal.json({ verified, checks });
    return verified;
  }
  const [, ...rows] = table<ReceiptCheck>(
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

/**
 * Is a receipt what it says? Pure checks on the receipt itself, on the output when it is at hand, on the catalogue
 * when it is known. No database, no network, no trust in who sent it.
 */
import type { Catalogue } from "../../shared/catalogue.ts";
import { modelManifestSha256, sha3_256 } from "../../shared/digest.ts";
import { AppError } from "../../shared/errors.ts";
import { needsModel, type WorkKind } from "../../shared/work.ts";
import { providerIdOf } from "../identity/address.ts";
import { verifySignature } from "../identity/ml-dsa.ts";
import {
  bodyOf,
  decodeReceipt,
  outputDigests,
  type Receipt,
  receiptFromJson,
  signedDigest,
} from "./receipt.ts";

export interface ReceiptCheck {
  /** Stable: scripts match on it. */
  readonly name:
    | "format"
    | "provider-key"
    | "signature"
    | "expected-key"
    | "model-manifest"
    | "model-catalogue"
    | "output";
  readonly ok: boolean;
  /** One sentence, good or bad. */
  readonly detail: string;
}

export interface ReceiptEvidence {
  /** Canonical result bytes: compared with every digest in the receipt. */
  readonly output?: Uint8Array | undefined;
  /** The models this version pins. */
  readonly catalogue?: Catalogue | undefined;
  /** SHA3-256 (hex) of the key the provider is known by; without it the receipt's own key is taken. */
  readonly expectedKeySha3_256?: string | undefined;
}

/** A receipt as CBOR bytes or JSON text. One failed check makes the receipt false; checks without evidence are left out. */
export function verifyReceipt(source: Uint8Array | string, evidence: ReceiptEvidence = {}): ReceiptCheck[] {
  let receipt: Receipt;
  try {
    receipt = typeof source === "string" ? receiptFromJson(source) : decodeReceipt(source);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return [check("format", false, thrown.message)];
  }
  return [
    check("format", true, "A well-formed receipt, version 1"),
    checkProviderKey(receipt),
    checkSignature(receipt),
    ...(evidence.expectedKeySha3_256 === undefined
      ? []
      : [checkExpectedKey(receipt, evidence.expectedKeySha3_256)]),
    checkManifest(receipt),
    ...(evidence.catalogue === undefined ? [] : [checkCatalogue(receipt, evidence.catalogue)]),
    ...(evidence.output === undefined ? [] : [checkOutput(receipt, evidence.output)]),
  ];
}

export function isVerified(checks: readonly { readonly ok: boolean }[]): boolean {
  return checks.length > 0 && checks.every(({ ok }) => ok);
}

function checkProviderKey({ provider, signature }: Receipt): ReceiptCheck {
  const hash = sha3_256(signature.public_key);
  if (hash !== provider.public_key_sha3_256) {
    return check("provider-key", false, "The signing key is not the one the receipt names");
  }
  const derived = providerIdOf(signature.public_key) === provider.id;
  const whose = derived
    ? `the id ${provider.id} follows from it`
    : `${provider.id} is a chosen id, so ask the market whose it is`;
  return check("provider-key", true, `Key ${hash.slice(0, 16)}…; ${whose}`);
}

function checkSignature(receipt: Receipt): ReceiptCheck {
  const { public_key, value } = receipt.signature;
  const ok = verifySignature(public_key, signedDigest(bodyOf(receipt)), value);
  return check(
    "signature",
    ok,
    ok ? "The ML-DSA-65 signature holds" : "The signature does not fit the receipt",
  );
}

function checkExpectedKey({ signature }: Receipt, expected: string): ReceiptCheck {
  const ok = sha3_256(signature.public_key) === expected.toLowerCase().replace(/^0x/, "");
  return check(
    "expected-key",
    ok,
    ok ? "Signed with the expected key" : "Signed with another key than the expected one",
  );
}

function checkManifest({ model, task }: Receipt): ReceiptCheck {
  if (model === null) return checkNoModel("model-manifest", task);
  const ok = modelManifestSha256(model.files) === model.manifest_sha256;
  const detail = ok
    ? `The manifest hash of ${model.id} follows from its ${model.files.length} file hashes`
    : "The model's manifest hash does not follow from its file hashes";
  return check("model-manifest", ok, detail);
}

function checkNoModel(name: ReceiptCheck["name"], task: WorkKind): ReceiptCheck {
  const ok = !needsModel(task);
  return check(
    name,
    ok,
    ok ? `Work of kind ${task} needs no model` : `Work of kind ${task} needs a model, and none is named`,
  );
}

function checkCatalogue({ model, task }: Receipt, catalogue: Catalogue): ReceiptCheck {
  if (model === null) return checkNoModel("model-catalogue", task);
  const pinned = catalogue.models.find(({ id, version }) => id === model.id && version === model.version);
  if (pinned === undefined) {
    return check("model-catalogue", false, `${model.id} ${model.version} is not in this version's catalogue`);
  }
  const ok = modelManifestSha256(pinned.files) === model.manifest_sha256;
  const words = ok ? "is the pinned one" : "differs from the pinned one";
  return check("model-catalogue", ok, `The model ${model.id} ${model.version} ${words}`);
}

function checkOutput({ output: claimed }: Receipt, bytes: Uint8Array): ReceiptCheck {
  const actual = outputDigests(bytes);
  const wrong = (["bytes", "sha3_512", "sha3_256", "merkle_root_64k"] as const).filter(
    (key) => actual[key] !== claimed[key],
  );
  const detail =
    wrong.length === 0
      ? `The ${bytes.length} output bytes have the receipt's digests`
      : `The output differs from the receipt in ${wrong.join(", ")}`;
  return check("output", wrong.length === 0, detail);
}

function check(name: ReceiptCheck["name"], ok: boolean, detail: string): ReceiptCheck {
  return { name, ok, detail };
}

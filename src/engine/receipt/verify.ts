/**
 * Is a receipt what it says? Pure checks on the receipt itself, on the output when it is at hand, on the catalogue
 * when it is known. No database, no network, no trust in who sent it.
 */
import type { Catalogue } from "../../shared/catalogue.ts";
import { modelManifestSha256, sha3_256 } from "../../shared/digest.ts";
import { AppError } from "../../shared/errors.ts";
import { type Said, type Sentence, say, sayError } from "../../shared/words/said.ts";
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
  /** The same by key, for other languages. */
  readonly said: Said;
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
    return [{ ...check("format", false, sayError(thrown)), detail: thrown.message }];
  }
  return [
    check("format", true, say("receiptFormed")),
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
    return check("provider-key", false, say("receiptOtherKey"));
  }
  const derived = providerIdOf(signature.public_key) === provider.id;
  const values = { key: hash.slice(0, 16), id: provider.id };
  return check("provider-key", true, say(derived ? "receiptKeyDerived" : "receiptKeyChosen", values));
}

function checkSignature(receipt: Receipt): ReceiptCheck {
  const { public_key, value } = receipt.signature;
  const ok = verifySignature(public_key, signedDigest(bodyOf(receipt)), value);
  return check("signature", ok, say(ok ? "receiptSigned" : "receiptSignedFalsely"));
}

function checkExpectedKey({ signature }: Receipt, expected: string): ReceiptCheck {
  const ok = sha3_256(signature.public_key) === expected.toLowerCase().replace(/^0x/, "");
  return check("expected-key", ok, say(ok ? "receiptExpectedKey" : "receiptUnexpectedKey"));
}

function checkManifest({ model, task }: Receipt): ReceiptCheck {
  if (model === null) return checkNoModel("model-manifest", task);
  const ok = modelManifestSha256(model.files) === model.manifest_sha256;
  const detail = ok
    ? say("receiptManifest", { model: model.id, count: model.files.length })
    : say("receiptManifestFalse");
  return check("model-manifest", ok, detail);
}

function checkNoModel(name: ReceiptCheck["name"], task: WorkKind): ReceiptCheck {
  const ok = !needsModel(task);
  return check(name, ok, say(ok ? "receiptNoModel" : "receiptModelMissing", { task }));
}

function checkCatalogue({ model, task }: Receipt, catalogue: Catalogue): ReceiptCheck {
  if (model === null) return checkNoModel("model-catalogue", task);
  const pinned = catalogue.models.find(({ id, version }) => id === model.id && version === model.version);
  const values = { model: model.id, version: model.version };
  if (pinned === undefined) return check("model-catalogue", false, say("receiptNotPinned", values));
  const ok = modelManifestSha256(pinned.files) === model.manifest_sha256;
  return check("model-catalogue", ok, say(ok ? "receiptPinned" : "receiptPinnedOther", values));
}

function checkOutput({ output: claimed }: Receipt, bytes: Uint8Array): ReceiptCheck {
  const actual = outputDigests(bytes);
  const wrong = (["bytes", "sha3_512", "sha3_256", "merkle_root_64k"] as const).filter(
    (key) => actual[key] !== claimed[key],
  );
  const detail =
    wrong.length === 0
      ? say("receiptOutput", { bytes: bytes.length })
      : say("receiptOutputOther", { what: wrong.join(", ") });
  return check("output", wrong.length === 0, detail);
}

function check(name: ReceiptCheck["name"], ok: boolean, { text, said }: Sentence): ReceiptCheck {
  return { name, ok, detail: text, said };
}

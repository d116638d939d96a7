/**
 * The coordinator's receipts: Ed25519 over Python's canonical JSON (protocols/aitbc.md §4).
 * What is added after signing (`zk_status`, `tee_status`) is not covered by the signature, which surprises verifiers.
 */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { dumpPython, type PyObject, type PyValue, pyFloat, pyNumber } from "../python-json.ts";
import type { Job } from "./jobs.ts";

const UNIT_PRICE = 0.02;
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_ED25519 = Buffer.from("302a300506032b6570032100", "hex");
const ADDED_AFTER_SIGNING = ["signature", "attestations", "zk_status", "tee_status"];

export class ReceiptKey {
  readonly #key: KeyObject;
  /** base64url of the public key, unpadded. */
  readonly keyId: string;

  /** `seed`: 32 bytes in hex. */
  constructor(seed: string) {
    this.#key = createPrivateKey({
      key: Buffer.concat([PKCS8_ED25519, Buffer.from(seed, "hex")]),
      format: "der",
      type: "pkcs8",
    });
    const spki = createPublicKey(this.#key).export({ format: "der", type: "spki" });
    this.keyId = spki.subarray(SPKI_ED25519.length).toString("base64url");
  }

  sign(message: Buffer): PyObject {
    return { alg: "Ed25519", key_id: this.keyId, sig: sign(null, message, this.#key).toString("base64url") };
  }
}

export interface ReceiptFacts {
  readonly job: Pick<Job, "id" | "client" | "payload" | "constraints">;
  readonly miner: string;
  readonly result: PyObject;
  /** With `duration_ms` filled in (see `fillDuration`). */
  readonly metrics: PyObject;
  readonly completedAtMs: number;
}

/** `duration_ms` as the router fills it: from result.execution_time, else the wall time since the request. */
export function fillDuration(metrics: PyObject, result: PyObject, sinceRequestMs: number): PyObject {
  if (metrics.duration_ms !== undefined) return metrics;
  const seconds = pyNumber(result.execution_time);
  return { ...metrics, duration_ms: Math.trunc(seconds === null ? sinceRequestMs : seconds * 1000) };
}

export function makeReceipt(facts: ReceiptFacts, key: ReceiptKey, attestationKey: ReceiptKey): PyObject {
  const units = declaredUnits(facts);
  const price =
    firstNumber([facts.metrics, facts.result], ["price", "aitbc_earned", "cost"]) ?? units * UNIT_PRICE;
  const durationMs = pyNumber(facts.metrics.duration_ms) ?? 0;
  const unsigned: PyObject = {
    version: "1.0",
    receipt_id: randomBytes(16).toString("hex"),
    job_id: facts.job.id,
    provider: facts.miner,
    client: facts.job.client,
    status: "COMPLETED",
    units: pyFloat(units),
    unit_type: "gpu_seconds",
    unit_price: pyFloat(UNIT_PRICE),
    price: pyFloat(price),
    completed_at: Math.floor(facts.completedAtMs / 1000),
    started_at: Math.floor((facts.completedAtMs - durationMs) / 1000),
    metadata: {
      job_payload: facts.job.payload,
      job_constraints: facts.job.constraints,
      result: facts.result,
      metrics: facts.metrics,
    },
  };
  const message = signedBytes(unsigned);
  return {
    ...unsigned,
    signature: key.sign(message),
    attestations: [attestationKey.sign(message)],
    zk_status: "not_required",
    tee_status: "not_required",
  };
}

/** The bytes a receipt's signature stands for. */
export function signedBytes(receipt: PyObject): Buffer {
  const covered = Object.fromEntries(
    Object.entries(receipt).filter(([name]) => !ADDED_AFTER_SIGNING.includes(name)),
  );
  return Buffer.from(dumpPython(covered, { sortKeys: true, ascii: true, dropNulls: true }), "ascii");
}

/** Checks one `{alg, key_id, sig}` against the receipt. */
export function verifyReceipt(
  receipt: PyObject,
  signature: { readonly key_id: string; readonly sig: string },
): boolean {
  const key = createPublicKey({
    key: Buffer.concat([SPKI_ED25519, Buffer.from(signature.key_id, "base64url")]),
    format: "der",
    type: "spki",
  });
  return verify(null, signedBytes(receipt), key, Buffer.from(signature.sig, "base64url"));
}

function declaredUnits({ metrics, result }: ReceiptFacts): number {
  const units = firstNumber([metrics, result], ["units"]);
  if (units !== null) return units;
  const ms = firstNumber([metrics, result], ["duration_ms"]);
  return ms === null ? (firstNumber([metrics, result], ["duration_seconds"]) ?? 0) : ms / 1000;
}

function firstNumber(sources: readonly PyObject[], names: readonly string[]): number | null {
  for (const name of names) {
    for (const source of sources) {
      const value: PyValue | undefined = source[name];
      const parsed = typeof value === "string" && value !== "" ? Number(value) : pyNumber(value);
      if (parsed !== null && Number.isFinite(parsed)) return parsed;
    }
  }
  return null;
}

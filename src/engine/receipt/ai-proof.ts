/**
 * Animica's proofs as its code makes them (protocols/aicf.md §3, §6; upstream's documents disagree with each other, so
 * the definitions that run win): task id, job receipt, nullifier, trap Merkle root, AIProof envelope. Digests are
 * lower-case hex without 0x.
 */
import { type CborValue, encodeCanonical } from "../../shared/canonical.ts";
import { sha3_256, sha3_512 } from "../../shared/digest.ts";

const AI = 1;
/** proofs/types.py: HASH_SHARE 1, AI 2, QUANTUM 3, STORAGE 4, VDF 5. */
const AI_PROOF_TYPE = 2;

const TASK_ID_DOMAIN = "animica/cap.task_id/v1";
const RECEIPT_DOMAIN = "animica:capabilities/job_receipt:v1";
const NULLIFIER_DOMAIN = "Animica/ProofNullifier/AI/v1";
const WORKLOAD_DOMAIN = "cap.attest.workload";
const TRAP_LEAF = "Animica/AITrapItem/v1";
const TRAP_NODE = "Animica/AITrapRoot/v1";

export interface TaskFacts {
  readonly chainId: number;
  readonly height: number;
  readonly txHash: Uint8Array;
  /** The raw payload of the caller's address. */
  readonly caller: Uint8Array;
  readonly payload: CborValue;
}

/** capabilities/jobs/id.py (§3.2 A), the definition the queue and the receipts agree on. */
export function taskId({ chainId, height, txHash, caller, payload }: TaskFacts): string {
  return sha3_256(
    Buffer.concat([
      ascii(TASK_ID_DOMAIN),
      u64(chainId),
      u64(height),
      withLength(txHash),
      withLength(caller),
      bytes(sha3_256(encodeCanonical(payload))),
    ]),
  );
}

/** JobReceiptV1 (§3.3): canonical CBOR with its own digest inside, the digest over everything else. */
export function jobReceipt(facts: TaskFacts & { readonly createdAt: number }): {
  readonly cbor: Uint8Array;
  readonly digest: string;
} {
  const body = {
    v: 1,
    task_id: bytes(taskId(facts)),
    kind: AI,
    chain_id: facts.chainId,
    height: facts.height,
    tx_hash: facts.txHash,
    caller: facts.caller,
    payload_hash: bytes(sha3_256(encodeCanonical(facts.payload))),
    created_at: facts.createdAt,
  };
  const digest = sha3_512(Buffer.concat([ascii(RECEIPT_DOMAIN), encodeCanonical(body)]));
  return { cbor: encodeCanonical({ ...body, digest: bytes(digest) }), digest };
}

/** What an attestation binds a workload by (§3.6). */
export function workloadDigest(payload: Uint8Array): string {
  return sha3_512(Buffer.concat([ascii(WORKLOAD_DOMAIN), Uint8Array.of(0), payload]));
}

/** One trap of a proof: 32-byte digests of prompt and answer, and whether it held. */
export interface TrapItem {
  readonly promptDigest: Uint8Array;
  readonly answerDigest: Uint8Array;
  readonly ok: boolean;
}

/** The AIProof body of proofs/cbor.py, the shape that upstream's encoder takes (§3.4, 2). */
export interface AiProofBody {
  readonly attestation: Uint8Array;
  readonly traps: readonly TrapItem[];
  /** SHA3-256 of the result bytes. */
  readonly outputDigest: Uint8Array;
  readonly qos?: number;
  readonly redundancy?: number;
}

/** What binds a nullifier to a chain and a policy; both may be left out. */
export interface NullifierScope {
  readonly chainId?: number;
  /** 32 bytes; only with a chain. */
  readonly policyRoot?: Uint8Array;
}

/** proofs/nullifiers.py (§3.5): one proof of one output counts once; quality and redundancy do not enter. */
export function nullifier(body: AiProofBody, scope: NullifierScope = {}): string {
  const identity = encodeCanonical({
    attestationDigest: bytes(sha3_256(body.attestation)),
    trapsDigest: bytes(sha3_256(encodeCanonical(body.traps.map(trapCbor)))),
    outputDigest: body.outputDigest,
  });
  const { chainId, policyRoot } = scope;
  return sha3_256(
    Buffer.concat([
      ascii(NULLIFIER_DOMAIN),
      Uint8Array.of(0),
      bytes(sha3_256(identity)),
      ...(chainId === undefined ? [] : [Uint8Array.of(1), u32(chainId)]),
      ...(policyRoot === undefined ? [] : [Uint8Array.of(2), policyRoot]),
    ]),
  );
}

export function aiProofBody(body: AiProofBody): Uint8Array {
  return encodeCanonical(bodyCbor(body));
}

/** proofs.cbor.encode_envelope: type, nullifier, body. */
export function aiProofEnvelope(body: AiProofBody, scope: NullifierScope = {}): Uint8Array {
  return encodeCanonical({
    type_id: AI_PROOF_TYPE,
    nullifier: bytes(nullifier(body, scope)),
    body: bodyCbor(body),
  });
}

/** Commits to a trap seed before it is revealed (§6). */
export function seedCommit(seedReveal: Uint8Array): string {
  return sha3_256(seedReveal);
}

/** Merkle root over a proof's traps: an odd last node is paired with itself (§6). */
export function trapRoot(traps: readonly TrapItem[]): string {
  if (traps.length === 0) return sha3_256(ascii(TRAP_NODE));
  let level = traps.map(({ promptDigest, answerDigest, ok }) =>
    bytes(sha3_256(Buffer.concat([ascii(TRAP_LEAF), promptDigest, answerDigest, Uint8Array.of(ok ? 1 : 0)]))),
  );
  while (level.length > 1) {
    const above: typeof level = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Buffer;
      above.push(bytes(sha3_256(Buffer.concat([ascii(TRAP_NODE), left, level[i + 1] ?? left]))));
    }
    level = above;
  }
  return (level[0] as Buffer).toString("hex");
}

function bodyCbor({ attestation, traps, outputDigest, qos, redundancy }: AiProofBody): CborValue {
  return {
    attestation,
    traps: traps.map(trapCbor),
    outputDigest,
    ...(qos === undefined ? {} : { qos }),
    ...(redundancy === undefined ? {} : { redundancy }),
  };
}

function trapCbor({ promptDigest, answerDigest, ok }: TrapItem): CborValue {
  return { promptDigest, answerDigest, ok };
}

const ascii = (text: string) => Buffer.from(text, "ascii");
const bytes = (hex: string) => Buffer.from(hex, "hex");

function u64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

function withLength(part: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(part.length);
  return Buffer.concat([length, part]);
}

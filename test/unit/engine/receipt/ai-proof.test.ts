/** Upstream's proofs against what upstream's own functions printed. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { AICF_SERVICE } from "../../../../src/engine/market/aicf/service-rules.ts";
import {
  type AiProofBody,
  aiProofBody,
  aiProofEnvelope,
  jobReceipt,
  nullifier,
  seedCommit,
  taskId,
  trapRoot,
  workloadDigest,
} from "../../../../src/engine/receipt/ai-proof.ts";
import { healthScore, slashOf } from "../../../../src/engine/sla/formulas.ts";
import { sha3_256, sha3_512 } from "../../../../src/shared/digest.ts";

const vectors = JSON.parse(
  readFileSync(new URL("../../../fixtures/aicf/upstream-vectors.json", import.meta.url), "utf8"),
);
const hex = (text: string) => Buffer.from(text.replace(/^0x/, ""), "hex");
const repeated = (byte: number) => Buffer.alloc(32, byte);
const common = vectors.task_id_common_input;
const task = {
  chainId: common.chainId,
  height: common.height,
  txHash: hex(common.txHash),
  caller: hex(common.caller),
  payload: common.payload,
};
const hello = Buffer.from("hello");
const body: AiProofBody = { attestation: Buffer.of(1, 2, 3), traps: [], outputDigest: hex(sha3_256(hello)) };

test("plain digests", () => {
  expect(sha3_256(hello)).toBe(vectors.plain_digests["sha3_256(hello)"]);
  expect(sha3_512(hello)).toBe(vectors.plain_digests["sha3_512(hello)"]);
});

test("the task id, as the queue and the receipts derive it", () => {
  expect(taskId(task)).toBe(vectors.task_id[0].expect);
});

test("a job receipt, byte for byte", () => {
  const { cbor, digest } = jobReceipt({ ...task, createdAt: 1_700_000_000 });
  expect(digest).toBe(vectors.receipt_v1.digest_sha3_512);
  expect(Buffer.from(cbor).toString("hex")).toBe(vectors.receipt_v1.cbor);
});

test("what an attestation binds a workload by", () => {
  expect(workloadDigest(Buffer.from("abc"))).toBe(vectors.digest_workload.sha3_512);
});

test("nullifiers: alone, bound to a chain, to a policy, with a trap", () => {
  const [plain, chained, policied, trapped] = vectors.ai_nullifier.cases;
  expect(nullifier(body)).toBe(plain.expect);
  expect(nullifier(body, { chainId: 1 })).toBe(chained.expect);
  expect(nullifier(body, { chainId: 1, policyRoot: repeated(0xaa) })).toBe(policied.expect);
  const traps = [{ promptDigest: repeated(1), answerDigest: repeated(2), ok: true }];
  expect(nullifier({ ...body, traps })).toBe(trapped.expect);
  expect(nullifier({ ...body, traps, qos: 9, redundancy: 3 })).toBe(trapped.expect);
});

test("the proof's body and envelope, byte for byte", () => {
  expect(Buffer.from(aiProofBody(body)).toString("hex")).toBe(vectors.ai_nullifier.body_cbor);
  expect(Buffer.from(aiProofEnvelope(body)).toString("hex")).toBe(vectors.ai_nullifier.envelope_cbor.hex);
});

test("trap Merkle roots of none, one and three, and the seed's commitment", () => {
  const items = [1, 2, 3].map((i) => ({
    promptDigest: repeated(i),
    answerDigest: repeated(i + 16),
    ok: i !== 3,
  }));
  const { root_n0, root_n1, root_n3, seedCommit: commit } = vectors.trap_merkle;
  expect([0, 1, 3].map((n) => trapRoot(items.slice(0, n)))).toEqual([root_n0, root_n1, root_n3]);
  expect(seedCommit(repeated(7))).toBe(commit);
});

test("the immediate part of a slash plan", () => {
  const { stake, severity, immediate } = vectors.slash_plan;
  // invalid_attestation: 5000 of 10000, times its severity.
  expect(slashOf(BigInt(stake), 5000 * severity)).toBe(BigInt(immediate));
});

test("the health recorded after five heartbeats in a row", () => {
  const beats = [0, 11, 21, 30, 39];
  const recorded = [0.499999945, 0.749997841, 0.874996018, 0.937494983, 0.968744262];
  const scores = beats.map((_, n) =>
    healthScore(beats.slice(0, n + 1), 15_000, AICF_SERVICE.health, beats[n] ?? 0),
  );
  for (const [n, score] of scores.entries()) expect(score).toBeCloseTo(recorded[n] ?? 0, 4);
});

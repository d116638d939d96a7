/**
 * What AICF's proofs and calls cost, in one run on one machine; milliseconds, medians unless said otherwise.
 *
 *   keys      ML-DSA-65 with Node's own OpenSSL and with the portable implementation (Electron), and the shared
 *             secret's HMAC beside it: a signed call has one of the three.
 *   receipts  building, signing, encoding and checking one, and its size; the AIProof envelope beside it.
 *   calls     against the embedded market over loopback HTTP in this process: take a lease, complete it, and from the
 *             settlement to every job's money being known (balance, claim, payout rows).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { openIdentity } from "../../src/engine/identity/identity.ts";
import { keyPairFromSeed, type MlDsa, verifySignature } from "../../src/engine/identity/ml-dsa.ts";
import { PORTABLE } from "../../src/engine/identity/ml-dsa-portable.ts";
import { createAicfAdapter } from "../../src/engine/market/aicf/adapter.ts";
import { secretSignature } from "../../src/engine/market/aicf/sign.ts";
import { aiProofEnvelope } from "../../src/engine/receipt/ai-proof.ts";
import { buildReceipt, encodeReceipt, receiptToJson } from "../../src/engine/receipt/receipt.ts";
import { isVerified, verifyReceipt } from "../../src/engine/receipt/verify.ts";
import { sha3_256, sha3_512 } from "../../src/shared/digest.ts";
import { HOUR } from "../../src/shared/durations.ts";
import { facts, outputOf } from "../unit/engine/receipt/facts.ts";
import { benchOptions, median, quantile, report, round } from "./measure.ts";

const JOBS_A_ROUND = 20;
const CHAIN_ID = 1337;
const ENOUGH_STAKE = "100000000000";
const MODEL = "text-embed-001";
const options = benchOptions(15);

function timed<T>(times: number[], act: () => T): T {
  const began = performance.now();
  const value = act();
  times.push(performance.now() - began);
  return value;
}

async function timedAsync<T>(times: number[], act: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const value = await act();
  times.push(performance.now() - began);
  return value;
}

/** Median of `rounds` × 20 runs after a few to warm up. */
function cost(act: () => unknown): number {
  for (let i = 0; i < 10; i++) act();
  const times: number[] = [];
  for (let i = 0; i < options.rounds * 20; i++) timed(times, act);
  return round(median(times));
}

function keys() {
  const seed = Buffer.alloc(32, 7);
  const message = Buffer.alloc(1000, 1);
  const native = keyPairFromSeed(seed);
  const portable = keyPairFromSeed(seed, PORTABLE);
  const signature = native.sign(message);
  const verify = (by?: MlDsa) => verifySignature(native.publicKey, message, signature, by);
  return {
    make: cost(() => keyPairFromSeed(seed)),
    sign: cost(() => native.sign(message)),
    verify: cost(() => verify()),
    signPortable: cost(() => portable.sign(message)),
    verifyPortable: cost(() => verify(PORTABLE)),
    signSecret: cost(() => secretSignature("a-shared-secret-of-32-characters", message)),
    signatureBytes: signature.length,
  };
}

function receipts() {
  const signer = keyPairFromSeed(Buffer.alloc(32, 7));
  const output = outputOf(32, 384);
  const about = facts({ output });
  const receipt = buildReceipt(about, signer);
  const cbor = encodeReceipt(receipt);
  if (!isVerified(verifyReceipt(cbor, { output }))) throw new Error("the receipt does not hold");
  const proof = { attestation: cbor, traps: [], outputDigest: Buffer.from(sha3_256(output), "hex") };
  return {
    outputBytes: output.length,
    build: cost(() => buildReceipt(about, signer)),
    encode: cost(() => encodeReceipt(receipt)),
    verify: cost(() => verifyReceipt(cbor)),
    verifyWithOutput: cost(() => verifyReceipt(cbor, { output })),
    bytes: cbor.length,
    jsonBytes: Buffer.byteLength(receiptToJson(receipt)),
    envelope: cost(() => aiProofEnvelope(proof, { chainId: CHAIN_ID })),
    envelopeBytes: aiProofEnvelope(proof, { chainId: CHAIN_ID }).length,
  };
}

async function calls() {
  const folder = mkdtempSync(join(tmpdir(), "bellows-bench-"));
  const market = await startDevnet({
    dataFolder: folder,
    resourcesFolder: fileURLToPath(new URL("../../resources", import.meta.url)),
    ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
    minerApiKey: "miner-key-for-benches-0123456789",
    chainId: CHAIN_ID,
    epochMs: HOUR,
    demand: null,
  });
  const { queueUrl, nodeUrl } = market.ready;
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${queueUrl}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  };
  try {
    const identity = await openIdentity({ folder: join(folder, "identity"), mode: "demo" });
    const adapter = createAicfAdapter(
      {
        queueUrl,
        rpcUrl: nodeUrl,
        chainId: CHAIN_ID,
        providerId: null,
        name: "bench",
        region: null,
        workerId: "bench",
        autoStakeNano: ENOUGH_STAKE,
      },
      { identity },
    );
    const { signal } = new AbortController();
    const profile = { name: "bench", region: null, concurrency: 64, models: [MODEL], devices: [] };
    await adapter.probe(signal);
    await adapter.register(profile, signal);
    await adapter.heartbeat({ inflight: 0, capacity: 64, profile }, signal);
    await adapter.heartbeat({ inflight: 0, capacity: 64, profile }, signal);

    const [take, complete, money]: [number[], number[], number[]] = [[], [], []];
    const output = outputOf(1, 384);
    for (let n = 0; n < options.rounds; n++) {
      for (let i = 0; i < JOBS_A_ROUND; i++)
        await post("/v1/jobs", {
          kind: "AI",
          model: MODEL,
          input: [`round ${n}, text ${i}`],
          fee: 1_000_000,
        });
      const jobIds: string[] = [];
      while (jobIds.length < JOBS_A_ROUND) {
        const wish = { max: 1, waitMs: 0, models: [MODEL] };
        const [lease] = await timedAsync(take, () => adapter.acquire(wish, signal));
        if (lease === undefined) throw new Error("no job was given out");
        const receipt = encodeReceipt(
          buildReceipt(facts({ leaseId: lease.leaseId, jobId: lease.jobId, output }), identity),
        );
        const outcome = await timedAsync(complete, () =>
          adapter.submit(
            {
              leaseId: lease.leaseId,
              jobId: lease.jobId,
              model: MODEL,
              sha3_512: sha3_512(output),
              sha3_256: sha3_256(output),
              output,
              shape: [1, 384],
              receipt,
              computeMs: 1,
              device: "bench",
              idempotencyKey: lease.leaseId,
              resend: false,
            },
            signal,
          ),
        );
        if (outcome.kind !== "accepted") throw new Error(`a result was ${outcome.kind}`);
        jobIds.push(lease.jobId);
      }
      await post("/v1/epochs/settle", {});
      const credits = await timedAsync(money, () => adapter.credits(jobIds, signal));
      if (credits.length !== JOBS_A_ROUND)
        throw new Error(`${credits.length} of ${JOBS_A_ROUND} were credited`);
    }
    const spread = (times: readonly number[]) => ({
      p50: round(median(times)),
      p95: round(quantile(times, 0.95)),
    });
    return {
      rounds: options.rounds,
      jobsARound: JOBS_A_ROUND,
      takeLease: spread(take),
      complete: spread(complete),
      claimAndCredits: spread(money),
    };
  } finally {
    await market.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

report({ keys: keys(), receipts: receipts(), calls: await calls() }, options);

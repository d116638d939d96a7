/** A provider with a real ML-DSA-65 key, speaking profile v1 as an outsider would: no code of the devnet in here. */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import { bech32m } from "@scure/base";
import { z } from "zod";

export interface HttpAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export const LeaseSchema = z.object({
  lease_id: z.string(),
  job_id: z.string(),
  attempt: z.number(),
  kind: z.literal("embed"),
  model: z.string(),
  input: z.array(z.string()),
  fee: z.number(),
  expires_at_ms: z.number(),
});
export type WireLease = z.infer<typeof LeaseSchema>;

const sha3 = (bits: 256 | 512, bytes: Uint8Array) => createHash(`sha3-${bits}`).update(bytes).digest();

function prefixed(part: Uint8Array): Uint8Array {
  return Buffer.concat([uvarint(part.length), part]);
}

function uvarint(value: number): Uint8Array {
  return value < 128
    ? Uint8Array.of(value)
    : Buffer.concat([Uint8Array.of((value % 128) + 128), uvarint(Math.floor(value / 128))]);
}

export class TestProvider {
  readonly id: string;
  readonly #queueUrl: string;
  readonly #chainId: number;
  readonly #keys = ml_dsa65.keygen(randomBytes(32));

  constructor(queueUrl: string, chainId: number, id = "prov_01ce5b7f") {
    this.#queueUrl = queueUrl;
    this.#chainId = chainId;
    this.id = id;
  }

  get publicKey(): string {
    return `0x${Buffer.from(this.#keys.publicKey).toString("hex")}`;
  }

  get address(): string {
    return bech32m.encodeFromBytes(
      "anim",
      Buffer.concat([Buffer.from([0x10, 0x01]), sha3(256, this.#keys.publicKey)]),
    );
  }

  body(op: string, members: object): string {
    const stamp = {
      op,
      provider_id: this.id,
      timestamp_ms: Date.now(),
      nonce: randomBytes(16).toString("hex"),
    };
    return JSON.stringify({ ...stamp, ...members });
  }

  signature(op: string, body: string): string {
    const parts = ["animica:sign/v1", "aicf/provider/v1", uvarint(this.#chainId), uvarint(0x1001), op, body];
    const signed = sha3(512, Buffer.concat(parts.map((part) => prefixed(Buffer.from(part)))));
    return `dilithium3=${Buffer.from(ml_dsa65.sign(signed, this.#keys.secretKey)).toString("base64")}`;
  }

  call(op: string, path: string, members: object = {}): Promise<HttpAnswer> {
    const body = this.body(op, members);
    return this.send(path, body, this.signature(op, body));
  }

  callWithSecret(secret: string, op: string, path: string, members: object = {}): Promise<HttpAnswer> {
    const body = this.body(op, members);
    return this.send(path, body, `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  }

  async send(
    path: string,
    body: string,
    signature: string | null,
    signal?: AbortSignal,
  ): Promise<HttpAnswer> {
    const response = await fetch(`${this.#queueUrl}${path}`, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        ...(signature === null ? {} : { "x-signature": signature }),
      },
      ...(signal ? { signal } : {}),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  }

  register(members: object = {}): Promise<HttpAnswer> {
    const profile = { name: "ZetaGPU Labs", capabilities: ["AI"], region: "us-west-2" };
    const identity = { public_key: this.publicKey, address: this.address };
    return this.call("register", "/v1/providers", { ...profile, ...identity, ...members });
  }

  heartbeat(leasesCapacity = 4): Promise<HttpAnswer> {
    const load = { leases_active: 0, leases_capacity: leasesCapacity };
    return this.call("heartbeat", `/v1/providers/${this.id}/heartbeat`, { load, qos: 0.97 });
  }

  stake(amount: number): Promise<HttpAnswer> {
    return this.call("stake", `/v1/providers/${this.id}/stake`, { amount });
  }

  async acquire(members: object = {}): Promise<WireLease[]> {
    const { status, body } = await this.call("acquire", "/v1/leases", {
      worker_id: "w1",
      max: 1,
      wait_ms: 0,
      ...members,
    });
    if (status === 204) return [];
    if (status !== 200) throw new Error(`acquire: ${status} ${JSON.stringify(body)}`);
    return z.object({ leases: z.array(LeaseSchema) }).parse(body).leases;
  }

  complete(lease: WireLease, output: Uint8Array, members: object = {}): Promise<HttpAnswer> {
    return this.call("complete", `/v1/leases/${lease.lease_id}/complete`, {
      worker_id: "w1",
      job_id: lease.job_id,
      output_digest: `0x${sha3(512, output).toString("hex")}`,
      proof_refs: [],
      meta: {},
      receipt: "0xa0",
      output: Buffer.from(output).toString("base64"),
      ...members,
    });
  }

  /** Known, staked and heard: may be given work. */
  async enter(): Promise<void> {
    for (const answer of [await this.register(), await this.stake(100_000_000_000), await this.heartbeat()]) {
      if (answer.status >= 300) throw new Error(`could not enter: ${JSON.stringify(answer)}`);
    }
  }
}

/** A customer's job at the queue; returns its id. */
export async function submitJob(queueUrl: string, members: object = {}): Promise<string> {
  const job = {
    kind: "AI",
    model: "text-embed-001",
    input: ["Animica brings useful work to consensus"],
    fee: 1_000_000,
  };
  const response = await fetch(`${queueUrl}/v1/jobs`, {
    method: "POST",
    body: JSON.stringify({ ...job, ...members }),
  });
  const body = (await response.json()) as { job_id: string };
  if (response.status !== 201) throw new Error(`submit: ${JSON.stringify(body)}`);
  return body.job_id;
}

export async function rpc(nodeUrl: string, method: string, params: object): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(`${nodeUrl}/rpc`, { method: "POST", body });
  const answer = (await response.json()) as { result?: unknown; error?: unknown };
  if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
  return answer.result;
}

export async function getJson(url: string): Promise<HttpAnswer> {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The queue's HTTP surface: AICF provider profile v1 (protocols/aicf-profile.md; details in docs/markets-devnet.md). */
import { type Context, Hono } from "hono";
import type { z } from "zod";
import { sha3_512 } from "../../shared/digest.ts";
import { readBody } from "../read-body.ts";
import type { Op } from "./authenticate.ts";
import {
  AcquireBody,
  AmountBody,
  CompleteBody,
  FailBody,
  HeartbeatBody,
  JobBody,
  parseBody,
  RegisterBody,
  RenewBody,
  ReturnBody,
} from "./bodies.ts";
import { MAX_BODY, MAX_INLINE_OUTPUT, MAX_STORED_OUTPUT } from "./constants.ts";
import { badRequest, Refusal, unknownJob } from "./errors.ts";
import { isEmbedding } from "./jobs.ts";
import type { AicfMarket } from "./market.ts";
import { jobQuery, listJobs } from "./reads.ts";
import { addressOf } from "./sign-bytes.ts";
import { jobView, leaseView, resultView } from "./views.ts";

const MAX_PAYOUTS = 1000;
const DEFAULT_PAYOUTS = 200;

export function queueApp(market: AicfMarket, onBug: (error: unknown) => void): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    if (error instanceof Refusal) return c.json(error.toJson(), error.status);
    onBug(error);
    return c.json({ code: "AICF_ERROR", message: "internal error", details: {} }, 500);
  });
  app.notFound((c) =>
    c.json({ code: "AICF_ERROR", message: `no such route: ${c.req.path}`, details: {} }, 404),
  );
  app.get("/healthz", (c) => c.json({ ok: true }));
  app.get("/readyz", (c) =>
    c.json({
      ok: true,
      queued: market.jobs.countQueued(),
      leased: market.leases.countLive(),
      height: market.blocks.height(),
    }),
  );
  providerRoutes(app, market);
  leaseRoutes(app, market);
  outputRoutes(app, market);
  jobRoutes(app, market);
  return app;
}

function providerRoutes(app: Hono, market: AicfMarket): void {
  const { registry } = market;

  app.post("/v1/providers", async (c) => {
    const raw = await rawBody(c);
    const body = parseBody(RegisterBody, raw);
    const publicKey = Buffer.from(body.public_key, "hex");
    const signature = c.req.header("x-signature") ?? null;
    market.authenticator.check({ op: "register", rawBody: raw, signature, stamp: body, newKey: publicKey });
    if (body.address !== addressOf(publicKey)) throw badRequest("address is not that of public_key");
    const created = registry.register({
      id: body.provider_id,
      name: body.name ?? null,
      capabilities: body.capabilities,
      endpoint: body.endpoint ?? null,
      region: body.region ?? null,
      address: body.address,
      publicKey,
      secret: body.secret ?? null,
    });
    return c.json(registry.detail(body.provider_id), created ? 201 : 200);
  });

  app.get("/v1/providers/:id", (c) => c.json(registry.detail(c.req.param("id"))));

  app.get("/v1/providers/:id/payouts", (c) => {
    const { id } = registry.get(c.req.param("id"));
    const after = wholeNumber(c.req.query("after"), 0);
    const limit = Math.min(MAX_PAYOUTS, Math.max(1, wholeNumber(c.req.query("limit"), DEFAULT_PAYOUTS)));
    const jobIds = c.req.query("job_id")?.split(",").slice(0, 100) ?? null;
    const items = market.treasury.payouts(id, { after, limit, jobIds });
    return c.json({ items, next_after: items.at(-1)?.seq ?? after });
  });

  app.post("/v1/providers/:id/stake", async (c) => {
    const { amount, provider_id } = await signedBody(c, market, "stake", AmountBody, c.req.param("id"));
    registry.stake(provider_id, amount);
    market.queue.changed(provider_id);
    return c.json(registry.detail(provider_id));
  });

  app.post("/v1/providers/:id/unstake", async (c) => {
    const { amount, provider_id } = await signedBody(c, market, "unstake", AmountBody, c.req.param("id"));
    registry.unstake(provider_id, amount);
    return c.json(registry.detail(provider_id));
  });

  app.post("/v1/providers/:id/heartbeat", async (c) => {
    const body = await signedBody(c, market, "heartbeat", HeartbeatBody, c.req.param("id"));
    const health = registry.heartbeat(body.provider_id, {
      qos: body.qos ?? null,
      leasesActive: body.load?.leases_active ?? null,
      leasesCapacity: body.load?.leases_capacity ?? null,
    });
    market.queue.changed(body.provider_id);
    const interval_ms = registry.heartbeatMs;
    const jailed_until_ms = registry.jailedUntilMs(body.provider_id);
    return c.json({ health: health.score, health_state: health.state, interval_ms, jailed_until_ms });
  });
}

function leaseRoutes(app: Hono, market: AicfMarket): void {
  app.post("/v1/leases", async (c) => {
    const body = await signedBody(c, market, "acquire", AcquireBody);
    const leases = await market.queue.acquire(
      {
        providerId: body.provider_id,
        workerId: body.worker_id,
        max: body.max,
        waitMs: body.wait_ms,
        models: body.models ?? null,
      },
      body.kinds ?? null,
      c.req.raw.signal,
    );
    return leases.length === 0 ? c.body(null, 204) : c.json({ leases: leases.map(leaseView) });
  });

  app.get("/v1/leases", (c) => {
    const providerId = c.req.query("provider_id");
    if (!providerId) throw badRequest("provider_id is missing");
    market.registry.get(providerId);
    const leases = market.queue.liveLeases(providerId, c.req.query("worker_id") ?? null);
    return c.json({ leases: leases.map(leaseView) });
  });

  app.post("/v1/leases/:id/renew", async (c) => {
    const body = await signedBody(c, market, "renew", RenewBody);
    const expires_at_ms = market.queue.renew(c.req.param("id"), holderOf(body), body.extend_ms);
    return c.json({ expires_at_ms });
  });

  app.post("/v1/leases/:id/complete", async (c) => {
    const body = await signedBody(c, market, "complete", CompleteBody);
    const output = body.output == null ? null : Buffer.from(body.output, "base64");
    if (output && output.length > MAX_INLINE_OUTPUT) throw tooLarge("inline output", MAX_INLINE_OUTPUT);
    const ack = market.receiver.complete({
      leaseId: c.req.param("id"),
      holder: holderOf(body),
      jobId: body.job_id,
      outputDigest: body.output_digest,
      output,
      proofRefs: body.proof_refs,
      meta: body.meta,
      receipt: body.receipt,
    });
    return c.json(ack);
  });

  app.post("/v1/leases/:id/fail", async (c) => {
    const body = await signedBody(c, market, "fail", FailBody);
    const requeued = market.queue.fail(c.req.param("id"), holderOf(body), body);
    return c.json({ ok: true, requeued });
  });

  app.post("/v1/leases/:id/return", async (c) => {
    const body = await signedBody(c, market, "return", ReturnBody);
    market.queue.giveBack(c.req.param("id"), holderOf(body), body.reason);
    return c.json({ ok: true });
  });
}

function outputRoutes(app: Hono, market: AicfMarket): void {
  app.put("/v1/outputs/:digest", async (c) => {
    const claimed = c.req.param("digest").replace(/^0x/, "").toLowerCase();
    const bytes = await rawBody(c, MAX_STORED_OUTPUT);
    if (sha3_512(bytes) !== claimed) throw badRequest("the path is not the SHA3-512 of the body");
    const created = market.outputs.put(bytes);
    return c.json({ digest: `0x${claimed}`, bytes: bytes.length }, created ? 201 : 200);
  });
}

function jobRoutes(app: Hono, market: AicfMarket): void {
  app.post("/v1/jobs", async (c) => {
    const body = parseBody(JobBody, await rawBody(c));
    if (isEmbedding(body.input) === (body.kind === "generate"))
      throw badRequest("generate takes a prompt or messages, the other kinds take texts");
    const job_id = market.queue.submit({
      model: body.model,
      input: body.input,
      params: body.params,
      requester: body.requester ?? null,
      region: body.region ?? null,
      fee: body.fee,
      tier: body.tier,
      ttlMs: body.ttl_ms,
      maxRuntimeMs: body.max_runtime_ms,
    });
    return c.json({ job_id }, 201);
  });

  app.get("/v1/jobs", (c) => c.json(listJobs(market, jobQuery(c.req.query()))));

  app.get("/v1/jobs/:id", (c) => {
    const job = market.jobs.get(c.req.param("id"));
    if (!job) throw unknownJob(c.req.param("id"));
    return c.json(jobView(job));
  });

  app.get("/v1/jobs/:id/result", (c) => {
    const result = market.jobs.result(c.req.param("id"));
    const output = result && market.outputs.get(result.outputSha3_512);
    if (!result || !output) throw unknownJob(c.req.param("id"));
    return c.json(resultView(result, output));
  });

  app.post("/v1/epochs/settle", (c) => c.json(market.treasury.settle()));
}

/** The body once its signature, its op and (where the path names a provider) its sender are checked. */
async function signedBody<S extends SignedSchema>(
  c: Context,
  market: AicfMarket,
  op: Op,
  schema: S,
  pathProvider?: string,
): Promise<z.output<S>> {
  const raw = await rawBody(c);
  const body = parseBody(schema, raw);
  if (pathProvider !== undefined && body.provider_id !== pathProvider) {
    throw new Refusal(401, "AICF_UNAUTHORIZED", "provider_id is not the one of the path");
  }
  market.authenticator.check({
    op,
    rawBody: raw,
    signature: c.req.header("x-signature") ?? null,
    stamp: body,
  });
  return body;
}
type SignedSchema = z.ZodType<{ op: string; provider_id: string; timestamp_ms: number; nonce: string }>;

async function rawBody(c: Context, limit: number = MAX_BODY): Promise<Uint8Array> {
  const bytes = await readBody(c.req.raw, limit);
  if (bytes === null) throw tooLarge("body", limit);
  return bytes;
}

function holderOf(body: { provider_id: string; worker_id?: string | null | undefined }) {
  return { providerId: body.provider_id, workerId: body.worker_id ?? null };
}

function tooLarge(what: string, limit: number): Refusal {
  return new Refusal(413, "AICF_TOO_LARGE", `${what} is over ${limit} bytes`, { limit });
}

function wholeNumber(text: string | undefined, fallback: number): number {
  const value = Number(text ?? fallback);
  if (!Number.isSafeInteger(value) || value < 0)
    throw badRequest("query numbers must be whole and not negative");
  return value;
}

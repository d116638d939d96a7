/**
 * Profile v1's calls, one function each: signed, sent, validated (protocols/aicf-profile.md "Calls",
 * docs/markets-devnet.md "AICF"). A refusal the adapter can act upon comes back as a value; everything else is thrown.
 */
import { randomBytes } from "node:crypto";
import type { z } from "zod";
import type { AicfConfig } from "../../../shared/config.ts";
import { MINUTE, SECOND } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";
import { createHttpClient, type DebugSink, type HttpAnswer, type HttpRequest } from "../http.ts";
import { statusError, unreadable } from "../http-errors.ts";
import { createMarketClock } from "../market-clock.ts";
import type { Send } from "../send.ts";
import { type Refusal, refused } from "./refusal.ts";
import { keySignature, secretSignature } from "./sign.ts";
import { PayoutPageSchema, type PayoutRow, PayoutSchema, RefusalSchema, readRows } from "./wire.ts";

/** The slack an answer has after the market's own waiting time. */
const POLL_MARGIN_MS = 10 * SECOND;
const OUTPUT_TIMEOUT_MS = 5 * MINUTE;
/** The market refuses timestamps further off than this (protocols/aicf-profile.md). */
const ACCEPTED_SKEW_MS = 5 * MINUTE;
const PAYOUTS_PER_CALL = 100;
const PAYOUTS_PER_PAGE = 1000;
/** protocols/aicf-profile.md "Authentication". */
const KEY_ONLY: ReadonlySet<string> = new Set(["register", "stake", "unstake"]);

export type Reply<T> = { readonly kind: "ok"; readonly value: T } | Refusal;

export interface ProviderSigner {
  sign(message: Uint8Array): Uint8Array;
}

export interface AicfClientOptions {
  readonly config: Pick<AicfConfig, "chainId" | "secret">;
  readonly queueUrl: string;
  /** Read at each call: a key may be made or unlocked while the engine runs. */
  readonly providerId: string;
  readonly signer: ProviderSigner;
  readonly fetch?: Send | undefined;
  readonly now: () => number;
  readonly onDebug?: DebugSink | undefined;
}

export interface SignedCall<T> {
  readonly op: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly schema: z.ZodType<T>;
  /** How long the market may hold the call open on top of the usual time, ms. */
  readonly waitMs?: number;
}

export type AicfClient = ReturnType<typeof createAicfClient>;

export function createAicfClient(options: AicfClientOptions) {
  const { config, signer, now } = options;
  const http = createHttpClient({
    baseUrl: options.queueUrl,
    secrets: config.secret === undefined ? [] : [config.secret],
    fetch: options.fetch,
    now,
    onDebug: options.onDebug,
  });
  const clock = createMarketClock(now);
  const providerPath = () => `/v1/providers/${encodeURIComponent(options.providerId)}`;

  /** The shared secret where there is one; what moves identity or money needs the key. */
  function signatureOf(op: string, body: Uint8Array): string {
    return config.secret === undefined || KEY_ONLY.has(op)
      ? keySignature(signer, config.chainId, op, body)
      : secretSignature(config.secret, body);
  }

  async function send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const answer = await http.request(request, signal);
    clock.observe(answer.headers.get("date"), answer.sentAt, answer.answeredAt);
    return answer;
  }

  /** One signed try: the nonce is good for one arrival only, so every try has its own. */
  async function sendSigned(call: SignedCall<unknown>, signal: AbortSignal): Promise<HttpAnswer> {
    const stamp = { timestamp_ms: clock.marketNow(), nonce: randomBytes(16).toString("hex") };
    const body = Buffer.from(
      JSON.stringify({ op: call.op, provider_id: options.providerId, ...stamp, ...call.fields }),
      "utf8",
    );
    return send(
      {
        method: "POST",
        path: call.path,
        headers: { "x-signature": signatureOf(call.op, body) },
        body: { kind: "raw", bytes: body, contentType: "application/json" },
        ...(call.waitMs === undefined ? {} : { timeoutMs: call.waitMs + POLL_MARGIN_MS }),
      },
      signal,
    );
  }

  /** Throws on 401, 429, 5xx and what can't be read; other refusals are values. 204 is null. */
  function read<T>(answer: HttpAnswer, schema: z.ZodType<T>): Reply<T> | null {
    if (answer.status === 204) return null;
    if (answer.status >= 200 && answer.status < 300) {
      const parsed = schema.safeParse(answer.body);
      if (!parsed.success) throw unreadable(http.host, answer.what, answer.text.slice(0, 120));
      return { kind: "ok", value: parsed.data };
    }
    const refusal = refusalIn(answer);
    if (refusal === null || refusal.code === "AICF_REPLAY")
      throw statusError(http.host, answer, http.redact, now());
    return refusal;
  }

  async function call<T>(call: SignedCall<T>, signal: AbortSignal): Promise<Reply<T> | null> {
    const before = clock.marketNow() - now();
    const answer = await sendSigned(call, signal);
    // The refusal itself told the market's time: with it the same call is good.
    const after = clock.marketNow() - now();
    const wasSkewed = answer.status === 401 && Math.abs(after - before) > ACCEPTED_SKEW_MS / 2;
    return read(wasSkewed ? await sendSigned(call, signal) : answer, call.schema);
  }

  return {
    host: http.host,
    clock,
    get providerPath() {
      return providerPath();
    },

    /** Throws WRONG_SERVICE when something else answers at the queue's address. */
    async probe(signal: AbortSignal): Promise<void> {
      const answer = await send({ method: "GET", path: providerPath() }, signal);
      const known = answer.status === 200 || (answer.status === 404 && refusalIn(answer) !== null);
      if (known) return;
      if (answer.status === 429 || answer.status >= 500)
        throw statusError(http.host, answer, http.redact, now());
      throw new AppError({
        code: "WRONG_SERVICE",
        message: `${http.host} does not answer as an AICF queue of profile v1`,
        actor: "user",
        help: "Check AICF_QUEUE_URL; the default port is 8700.",
      });
    },

    /** A call that always has a body in its answer. */
    async signed<T>(signedCall: SignedCall<T>, signal: AbortSignal): Promise<Reply<T>> {
      const reply = await call(signedCall, signal);
      if (reply === null) throw unreadable(http.host, `POST ${signedCall.path}`, "an empty answer");
      return reply;
    },

    /** As `signed`, where an empty answer is one: null. */
    signedOrNothing: call,

    async get<T>(
      path: string,
      query: Record<string, string | number>,
      schema: z.ZodType<T>,
      signal: AbortSignal,
    ): Promise<Reply<T>> {
      const answer = await send({ method: "GET", path, query }, signal);
      const reply = read(answer, schema);
      if (reply === null) throw unreadable(http.host, answer.what, "an empty answer");
      return reply;
    },

    /** An unsigned call of the client's side: jobs, and the devnet's epochs. */
    async post<T>(
      path: string,
      value: unknown,
      schema: z.ZodType<T>,
      signal: AbortSignal,
    ): Promise<Reply<T>> {
      const answer = await send({ method: "POST", path, body: { kind: "json", value } }, signal);
      const reply = read(answer, schema);
      if (reply === null) throw unreadable(http.host, answer.what, "an empty answer");
      return reply;
    },

    /** Store result bytes under their digest; storing them again changes nothing. */
    async putOutput(sha3_512: string, bytes: Uint8Array, signal: AbortSignal): Promise<Refusal | null> {
      const body = { kind: "raw", bytes, contentType: "application/octet-stream" } as const;
      const answer = await send(
        { method: "PUT", path: `/v1/outputs/${sha3_512}`, body, timeoutMs: OUTPUT_TIMEOUT_MS },
        signal,
      );
      if (answer.status === 200 || answer.status === 201) return null;
      const refusal = refusalIn(answer);
      if (refusal === null) throw statusError(http.host, answer, http.redact, now());
      return refusal;
    },

    /** Every payout row of this provider, oldest first; null when this market does not show them. */
    async allPayouts(signal: AbortSignal): Promise<PayoutRow[] | null> {
      const rows: PayoutRow[] = [];
      for (let after = 0; ; ) {
        const query = { after, limit: PAYOUTS_PER_PAGE };
        const answer = await send({ method: "GET", path: `${providerPath()}/payouts`, query }, signal);
        if (hasNoSuchCall(answer)) return null;
        const reply = read(answer, PayoutPageSchema);
        if (reply?.kind === "refused") throw refused(reply);
        if (reply === null) throw unreadable(http.host, answer.what, "an empty answer");
        rows.push(...readRows(PayoutSchema, reply.value.items));
        const next = reply.value.next_after;
        if (reply.value.items.length < PAYOUTS_PER_PAGE || next == null || next <= after) return rows;
        after = next;
      }
    },

    /** The market's payout rows of these jobs; null when this market does not show them. */
    async payouts(jobIds: readonly string[], signal: AbortSignal): Promise<PayoutRow[] | null> {
      const rows: PayoutRow[] = [];
      for (let at = 0; at < jobIds.length; at += PAYOUTS_PER_CALL) {
        const chunk = jobIds.slice(at, at + PAYOUTS_PER_CALL);
        const query = { job_id: chunk.join(","), limit: PAYOUTS_PER_CALL };
        const answer = await send({ method: "GET", path: `${providerPath()}/payouts`, query }, signal);
        if (hasNoSuchCall(answer)) return null;
        const reply = read(answer, PayoutPageSchema);
        if (reply?.kind === "refused") throw refused(reply);
        if (reply === null) throw unreadable(http.host, answer.what, "an empty answer");
        rows.push(...readRows(PayoutSchema, reply.value.items));
      }
      return rows;
    },
  };
}

/** A market that does not know the call, not one that does not know us. */
function hasNoSuchCall(answer: HttpAnswer): boolean {
  if (answer.status === 405 || answer.status === 501) return true;
  return answer.status === 404 && refusalIn(answer)?.code !== "AICF_REGISTRY_ERROR";
}

/** The market's refusal when the status is one it speaks for itself; null: for 401, 429, 5xx and foreign answers. */
function refusalIn(answer: HttpAnswer): Refusal | null {
  const { status, body } = answer;
  const speaks = status >= 400 && status < 500 && status !== 401 && status !== 429;
  if (!speaks || typeof body !== "object" || body === null || !Object.hasOwn(body, "code")) return null;
  const parsed = RefusalSchema.safeParse(body);
  return parsed.success ? { kind: "refused", status, ...parsed.data } : null;
}

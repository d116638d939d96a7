/**
 * The gpu service (port 8101): a table of GPUs and their prices, which dispatches no jobs. One function per call of its
 * provider guide, in the dialect that is found there: `guide` (2026-05-14) or `today` (protocols/aitbc.md §1.7).
 *
 * What a dialect has no call for throws NOT_IN_DIALECT; a key the service does not have throws SERVICE_HAS_NO_KEY.
 */
import type { z } from "zod";
import type { AitbcConfig } from "../../../shared/config.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Money } from "../../../shared/money.ts";
import { createHttpClient, type DebugSink, type HttpAnswer, type HttpRequest } from "../http.ts";
import { answerReason, unreadable } from "../http-errors.ts";
import type { Send } from "../send.ts";
import { meantStatus, readerOf } from "./answer.ts";
import {
  CapabilitiesEchoSchema,
  DiscoverySchema,
  GpuRegisteredSchema,
  type GpuRow,
  GpuRowSchema,
  GpuUpdateSchema,
  InventoryEarningsSchema,
  InventoryRegistrationSchema,
  LooseRowSchema,
  MessageSchema,
  OfferAnswerSchema,
  priceNumber,
  QueueSchema,
  RowsSchema,
  ScannedGpuSchema,
  ScanSchema,
  ServiceWordSchema,
  StatusSchema,
} from "./inventory-wire.ts";
import { type AssignedJob, AssignedJobSchema, readRows } from "./wire.ts";

export type InventoryDialect = "guide" | "today";

/** What one GPU is offered as. */
export interface GpuOffer {
  readonly offerId: string;
  readonly model: string;
  readonly memoryGb: number;
  readonly region: string | null;
  readonly capabilities: readonly string[];
  /** AIT per hour. */
  readonly price: Money;
}

export interface InventoryHealth {
  readonly dialect: InventoryDialect;
  readonly live: boolean;
  readonly ready: boolean;
  /** Why it is not ready, in the service's words. The guide era's /ready never works and means nothing. */
  readonly notReady: string | null;
}

export type OfferReply =
  | { readonly kind: "published"; readonly onChain: boolean; readonly txHash: string | null }
  /** The id exists already: ours from an earlier try, or somebody else's. */
  | { readonly kind: "id-exists" };

export type UpdateReply =
  | { readonly kind: "updated"; readonly status: string; readonly price: string | number }
  | { readonly kind: "illegal-move"; readonly message: string }
  | { readonly kind: "unknown-gpu" };

/** What a poll at the gpu service can mean: it never has work of its own. */
export type InventoryPoll =
  | { readonly kind: "none" }
  | { readonly kind: "no-dispatch" }
  | { readonly kind: "job"; readonly job: AssignedJob };

export interface InventoryOptions {
  readonly config: Pick<AitbcConfig, "gpuKey" | "minerId" | "nodeId" | "region"> & {
    readonly gpuUrl: string;
  };
  readonly fetch?: Send | undefined;
  readonly now: () => number;
  readonly onDebug?: DebugSink | undefined;
}

export type Inventory = ReturnType<typeof createInventory>;

const SERVICE = "gpu-service";
/** A stranger's name for itself, in an error. */
const SHOWN_NAME = 60;
const ID_EXISTS = /UNIQUE constraint failed: gpu_registry\.id/;
const ILLEGAL_MOVE = /^Invalid offer transition/;

export function createInventory(options: InventoryOptions) {
  const { config, now } = options;
  const http = createHttpClient({
    fetch: options.fetch,
    now,
    onDebug: options.onDebug,
    baseUrl: config.gpuUrl,
    secrets: [config.gpuKey ?? ""],
    headers: {
      "x-miner-id": config.minerId,
      ...(config.gpuKey === null ? {} : { "x-api-key": config.gpuKey }),
    },
  });
  const { read, refusal: plainRefusal } = readerOf(now);
  const miner = encodeURIComponent(config.minerId);
  let known: InventoryDialect | null = null;

  /** Every call goes through here: an answer that does not fit the dialect makes the next call look again. */
  async function ask(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    try {
      const answer = await http.request(request, signal);
      if (!fitsDialect(answer)) known = null;
      return answer;
    } catch (thrown) {
      if (!signal.aborted) known = null; // Whatever listens there next may be another era.
      throw thrown;
    }
  }

  const get = (path: string, signal: AbortSignal, query?: HttpRequest["query"]) =>
    ask({ method: "GET", path, ...(query === undefined ? {} : { query }) }, signal);
  const send = (method: "POST" | "PUT", path: string, value: unknown, signal: AbortSignal) =>
    ask({ method, path, ...(value === undefined ? {} : { body: { kind: "json", value } }) }, signal);

  function refusal(answer: HttpAnswer): AppError {
    const reason = answerReason(answer.body);
    if (answer.status === 501 && reason === "API key not configured") return serviceHasNoKey(http.host);
    return plainRefusal(http, answer);
  }
  const readOr = <T>(answer: HttpAnswer, schema: z.ZodType<T>): T => {
    if (answer.status === 501) throw refusal(answer);
    return read(http, answer, schema);
  };

  async function word(
    path: string,
    signal: AbortSignal,
  ): Promise<{ status: number; service: string | null; error: string | null }> {
    const answer = await http.request({ method: "GET", path }, signal);
    const said = ServiceWordSchema.safeParse(answer.body);
    return {
      status: answer.status,
      service: said.success ? (said.data.service ?? null) : null,
      error: said.success ? (said.data.error ?? null) : answerReason(answer.body),
    };
  }

  /** Throws WRONG_SERVICE when something else answers there. */
  async function dialect(signal: AbortSignal): Promise<InventoryDialect> {
    if (known !== null) return known;
    const health = await http.request({ method: "GET", path: "/health" }, signal);
    if (health.status >= 500) {
      // A broken health check is no proof of anything: /live says as well who is there.
      if ((await word("/live", signal)).service !== SERVICE) throw plainRefusal(http, health);
    } else {
      const said = read(http, health, ServiceWordSchema);
      if (said.service !== SERVICE)
        throw wrongService(http.host, said.service ?? "a coordinator or another service");
    }
    if ((await word("/v1/gpu/status", signal)).service === SERVICE) known = "today";
    else if ((await word("/gpu/status", signal)).service === SERVICE) known = "guide";
    else throw wrongService(http.host, "a gpu service of an unknown era");
    return known;
  }

  async function only(era: InventoryDialect, call: string, signal: AbortSignal): Promise<void> {
    if ((await dialect(signal)) === era) return;
    throw new AppError({
      code: "NOT_IN_DIALECT",
      message: `The gpu service at ${http.host} is of the guide's era and can't ${call}`,
      actor: "market",
      help: "Ask its operator to update it.",
    });
  }

  return {
    host: http.host,
    dialect,
    /** The next call finds out again who is there. */
    forgetDialect: () => {
      known = null;
    },

    async health(signal: AbortSignal): Promise<InventoryHealth> {
      const era = await dialect(signal);
      const live = await word("/live", signal);
      const ready = await word("/ready", signal);
      return {
        dialect: era,
        live: live.status === 200,
        ready: ready.status === 200,
        notReady: ready.status === 200 ? null : (ready.error ?? `answered ${ready.status}`),
      };
    },

    /** Makes no row. In today's dialect it sets all of this miner's GPUs to `online`, whatever they were. */
    async register(signal: AbortSignal): Promise<{ minerId: string; gpuCount: number }> {
      const body = { miner_id: config.minerId, node_id: config.nodeId, location: config.region };
      const answer = await send("POST", "/v1/miners/register", body, signal);
      const { miner_id: minerId, gpu_count: gpuCount } = readOr(answer, InventoryRegistrationSchema);
      return { minerId, gpuCount };
    },

    /** Sets all of this miner's GPUs to `online`, whatever they were. */
    async heartbeat(signal: AbortSignal): Promise<void> {
      readOr(await send("POST", "/v1/miners/heartbeat", { miner_id: config.minerId }, signal), StatusSchema);
    },

    async poll(signal: AbortSignal): Promise<InventoryPoll> {
      const body = { miner_id: config.minerId, max_wait_seconds: 0 };
      const answer = await send("POST", "/v1/miners/poll", body, signal);
      const status = meantStatus(answer.status, answer.body);
      if (status === 501) return { kind: "no-dispatch" };
      if (status === 204 || (status === 200 && answer.body === null)) return { kind: "none" };
      return { kind: "job", job: read(http, answer, AssignedJobSchema) };
    },

    /** False: this service takes no results. The guide era takes them, and drops them. */
    async result(jobId: string, body: unknown, signal: AbortSignal): Promise<boolean> {
      const answer = await send("POST", `/v1/miners/${encodeURIComponent(jobId)}/result`, body, signal);
      if (answer.status === 501) return false;
      read(http, answer, StatusSchema);
      return true;
    },

    async fail(jobId: string, body: unknown, signal: AbortSignal): Promise<boolean> {
      const answer = await send("POST", `/v1/miners/${encodeURIComponent(jobId)}/fail`, body, signal);
      if (answer.status === 501) return false;
      read(http, answer, StatusSchema);
      return true;
    },

    /** Always zero in both eras: nothing is earned here. */
    async earnings(signal: AbortSignal) {
      return readOr(
        await send("POST", `/v1/miners/${miner}/earnings`, undefined, signal),
        InventoryEarningsSchema,
      );
    },

    /** An echo: the service keeps nothing of it. */
    async capabilities(capabilities: Record<string, unknown>, signal: AbortSignal) {
      const answer = await send("PUT", `/v1/miners/${miner}/capabilities`, { capabilities }, signal);
      return readOr(answer, CapabilitiesEchoSchema).capabilities;
    },

    /** All GPUs become `offline`; the next heartbeat would revive them. */
    async deregister(signal: AbortSignal): Promise<string> {
      const answer = await ask({ method: "DELETE", path: `/v1/miners/${miner}` }, signal);
      return readOr(answer, MessageSchema).message;
    },

    async gpus(signal: AbortSignal): Promise<GpuRow[]> {
      return readRows(GpuRowSchema, readOr(await get(`/v1/miners/${miner}/gpus`, signal), RowsSchema));
    },

    /** Offers of everybody. `available` leaves out GPUs whose provider sends heartbeats: those are `online`. */
    async offers(filter: { status?: string; minerId?: string }, signal: AbortSignal): Promise<GpuRow[]> {
      const query = {
        ...(filter.status === undefined ? {} : { status: filter.status }),
        ...(filter.minerId === undefined ? {} : { island_id: filter.minerId }),
      };
      return readRows(GpuRowSchema, readOr(await get("/v1/transactions", signal, query), RowsSchema));
    },

    /** One GPU, whoever's it is; null: the id is free. The guide era can only look through all offers. */
    async gpu(id: string, signal: AbortSignal): Promise<GpuRow | null> {
      if ((await dialect(signal)) === "guide") {
        const rows = readRows(GpuRowSchema, readOr(await get("/v1/transactions", signal), RowsSchema));
        return rows.find((row) => row.id === id) ?? null;
      }
      const answer = await get(`/v1/gpu/${encodeURIComponent(id)}`, signal);
      if (meantStatus(answer.status, answer.body) !== 404) return readOr(answer, GpuRowSchema);
      if (isRouteMissing(answer)) throw unreadable(http.host, answer.what, "the call is not there any more");
      return null;
    },

    async publish(offer: GpuOffer, signal: AbortSignal): Promise<OfferReply> {
      const body = {
        type: "gpu_marketplace",
        action: "offer",
        offer_id: offer.offerId,
        provider_node_id: config.minerId,
        price_per_gpu: priceNumber(offer.price),
        specs: {
          model: offer.model,
          memory_gb: offer.memoryGb,
          region: offer.region ?? "",
          capabilities: offer.capabilities,
        },
        status: "available",
      };
      const answer = await send("POST", "/v1/transactions", body, signal);
      if (ID_EXISTS.test(answerReason(answer.body) ?? "")) return { kind: "id-exists" };
      const said = readOr(answer, OfferAnswerSchema);
      if (said.status !== "success") throw unreadable(http.host, answer.what, said.status);
      return {
        kind: "published",
        onChain: said.blockchain_registered === true,
        txHash: said.blockchain_tx_hash ?? null,
      };
    },

    /** Price, status or both; an illegal status move changes nothing (§1.5). */
    async update(
      id: string,
      change: { price?: Money; status?: string },
      signal: AbortSignal,
    ): Promise<UpdateReply> {
      await only("today", "change an offer", signal);
      const body = {
        ...(change.price === undefined ? {} : { price_per_hour: priceNumber(change.price) }),
        ...(change.status === undefined ? {} : { status: change.status }),
      };
      const answer = await send("PUT", `/v1/gpu/${encodeURIComponent(id)}`, body, signal);
      const reason = answerReason(answer.body) ?? "";
      if (answer.status === 404 && !isRouteMissing(answer)) return { kind: "unknown-gpu" };
      if (answer.status === 500 && ILLEGAL_MOVE.test(reason))
        return { kind: "illegal-move", message: reason };
      const updated = readOr(answer, GpuUpdateSchema);
      return { kind: "updated", status: updated.status, price: updated.price_per_hour };
    },

    /** Makes or renews one GPU's row: `available` from any state, its price as it was (0 when new). */
    async registerGpu(offer: Omit<GpuOffer, "price">, signal: AbortSignal): Promise<string> {
      await only("today", "register one GPU", signal);
      const { offerId, model, memoryGb, region, capabilities } = offer;
      const specs = { model, memory_gb: memoryGb, region: region ?? "", capabilities };
      const body = { gpu_id: offerId, miner_id: config.minerId, specs };
      return readOr(await send("POST", "/v1/gpu/register", body, signal), GpuRegisteredSchema).gpu_id;
    },

    /** False: there was none. */
    async remove(id: string, signal: AbortSignal): Promise<boolean> {
      await only("today", "take one offer back", signal);
      const answer = await ask({ method: "DELETE", path: `/v1/gpu/${encodeURIComponent(id)}` }, signal);
      if (answer.status === 404 && !isRouteMissing(answer)) return false;
      readOr(answer, MessageSchema);
      return true;
    },

    /** The GPU of the SERVICE's host; null: it sees none. */
    async discover(signal: AbortSignal) {
      await only("today", "look for GPUs", signal);
      const found = readOr(await get("/v1/gpu/discover", signal), DiscoverySchema);
      return found.model == null ? null : found;
    },

    async profiles(
      filter: { architecture?: string; edgeOptimized?: boolean; minMemoryGb?: number },
      signal: AbortSignal,
    ) {
      const query = {
        ...(filter.architecture === undefined ? {} : { architecture: filter.architecture }),
        ...(filter.edgeOptimized === undefined ? {} : { edge_optimized: String(filter.edgeOptimized) }),
        ...(filter.minMemoryGb === undefined ? {} : { min_memory_gb: filter.minMemoryGb }),
      };
      const answer = await get("/v1/marketplace/edge-gpu/profiles", signal, query);
      return readRows(LooseRowSchema, readOr(answer, RowsSchema));
    },

    /** Looks at the SERVICE's host and may set its GPUs to `available`; the guide's text calls it with GET, which never worked. */
    async scan(signal: AbortSignal) {
      const answer = await send("POST", `/v1/marketplace/edge-gpu/scan/${miner}`, undefined, signal);
      const scan = readOr(answer, ScanSchema);
      if (scan.error != null) throw unreadable(http.host, answer.what, scan.error);
      return { ...scan, gpus: readRows(ScannedGpuSchema, scan.gpus) };
    },

    async metrics(gpuId: string, signal: AbortSignal) {
      const path = `/v1/marketplace/edge-gpu/metrics/${encodeURIComponent(gpuId)}`;
      return readRows(LooseRowSchema, readOr(await get(path, signal), RowsSchema));
    },

    /** Jobs queued for one GPU. Their payloads can't be had (§1.3), so they are only counted. */
    async queueLength(gpuId: string, signal: AbortSignal): Promise<number> {
      await only("today", "queue jobs", signal);
      return readOr(await get(`/v1/gpu/queue/${encodeURIComponent(gpuId)}`, signal), QueueSchema).total;
    },
  };
}

/** FastAPI's own 404: the route itself is not there, as against "GPU not found". */
function isRouteMissing(answer: HttpAnswer): boolean {
  const body = answer.body;
  return answer.status === 404 && typeof body === "object" && body !== null && "detail" in body;
}

/** False for answers that the known dialect would not give: the service was replaced, or another one answers. */
function fitsDialect(answer: HttpAnswer): boolean {
  return !(isRouteMissing(answer) || answer.status === 405 || answer.status === 502 || answer.status === 503);
}

function serviceHasNoKey(host: string): AppError {
  return new AppError({
    code: "SERVICE_HAS_NO_KEY",
    message: `The gpu service at ${host} lets nobody in because it has no API key of its own`,
    actor: "user",
    help: "Set API_KEY where the gpu service runs, and the same as AITBC_API_KEY here.",
  });
}

function wrongService(host: string, found: string): AppError {
  return new AppError({
    code: "WRONG_SERVICE",
    message: `${host} is not an AITBC gpu service but ${found.slice(0, SHOWN_NAME)}`,
    actor: "user",
    help: "AITBC_GPU_URL is the gpu service (port 8101); the coordinator (port 8203) goes into AITBC_COORDINATOR_URL.",
  });
}

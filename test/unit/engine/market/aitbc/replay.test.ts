/**
 * Every recorded exchange of the three sessions with the real services, one by one: the client makes the call that was
 * recorded, is given the answer that was recorded, and what it makes of it stands in test/fixtures/aitbc/replay/*.txt,
 * a line per exchange. Calls that no provider makes (a client's, an operator's, wrong methods) go through the reader
 * alone: what would we make of that answer?
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readerOf } from "../../../../../src/engine/market/aitbc/answer.ts";
import { createCoordinatorClient } from "../../../../../src/engine/market/aitbc/client.ts";
import { createInventory } from "../../../../../src/engine/market/aitbc/inventory.ts";
import {
  type GpuRow,
  LooseRowSchema,
  priceOf,
} from "../../../../../src/engine/market/aitbc/inventory-wire.ts";
import {
  receiptFromAnswer,
  verifyCoordinatorReceipt,
} from "../../../../../src/engine/market/aitbc/receipt-coordinator.ts";
import { createGpuRegistry } from "../../../../../src/engine/market/aitbc/registry.ts";
import { createHttpClient } from "../../../../../src/engine/market/http.ts";
import { AppError } from "../../../../../src/shared/errors.ts";
import { formatDecimal, parseDecimal } from "../../../../../src/shared/money.ts";
import { serve } from "../../../../support/scripted-server.ts";
import { countOf, type Exchange, type TranscriptName, transcript } from "./transcript.ts";

const signal = new AbortController().signal;
const NAMES: TranscriptName[] = ["gpu-service-guide-era", "gpu-service-today", "coordinator-miner"];

interface Parts {
  readonly inventory: ReturnType<typeof createInventory>;
  readonly coordinator: ReturnType<typeof createCoordinatorClient>;
  readonly registry: ReturnType<typeof createGpuRegistry>;
  readonly exchange: Exchange;
  /** Path segments and query of the recorded call. */
  readonly at: readonly string[];
  readonly query: URLSearchParams;
  readonly sent: Record<string, unknown>;
}

type Call = (parts: Parts) => Promise<unknown>;

/** Calls of the gpu service, by method and path with `*` for a segment. */
const INVENTORY_CALLS: Record<string, Call> = {
  "GET /health": ({ inventory }) => inventory.health(signal),
  "GET /gpu/status": ({ inventory }) => inventory.dialect(signal),
  "GET /v1/gpu/status": ({ inventory }) => inventory.dialect(signal),
  "GET /live": ({ inventory }) => inventory.health(signal).then(({ live }) => ({ live })),
  "GET /ready": ({ inventory }) =>
    inventory.health(signal).then(({ ready, notReady }) => ({ ready, notReady })),
  "GET /v1/gpu/discover": ({ inventory }) => inventory.discover(signal),
  "POST /v1/miners/register": ({ inventory }) => inventory.register(signal),
  "POST /v1/miners/heartbeat": ({ inventory }) => inventory.heartbeat(signal),
  "POST /v1/miners/poll": ({ inventory }) => inventory.poll(signal),
  "POST /v1/miners/*/result": ({ inventory, at, sent }) => inventory.result(at[2] ?? "", sent, signal),
  "POST /v1/miners/*/fail": ({ inventory, at, sent }) => inventory.fail(at[2] ?? "", sent, signal),
  "POST /v1/miners/*/earnings": ({ inventory }) => inventory.earnings(signal),
  "PUT /v1/miners/*/capabilities": ({ inventory, sent }) =>
    inventory.capabilities((sent.capabilities ?? {}) as Record<string, unknown>, signal),
  "DELETE /v1/miners/*": ({ inventory }) => inventory.deregister(signal),
  "GET /v1/miners/*/gpus": ({ inventory }) => inventory.gpus(signal).then(shownRows),
  "POST /v1/transactions": ({ inventory, sent }) => inventory.publish(offerIn(sent), signal),
  "GET /v1/transactions": ({ inventory, query }) =>
    inventory
      .offers(
        {
          ...(query.has("status") ? { status: query.get("status") ?? "" } : {}),
          ...(query.has("island_id") ? { minerId: query.get("island_id") ?? "" } : {}),
        },
        signal,
      )
      .then(shownRows),
  "GET /v1/gpu/*": ({ inventory, at }) =>
    inventory.gpu(at[2] ?? "", signal).then((row) => row && shownRows([row])),
  "PUT /v1/gpu/*": ({ inventory, at, sent }) =>
    inventory.update(
      at[2] ?? "",
      {
        ...(typeof sent.price_per_hour === "number"
          ? { price: parseDecimal("AIT", sent.price_per_hour) }
          : {}),
        ...(typeof sent.status === "string" ? { status: sent.status } : {}),
      },
      signal,
    ),
  "DELETE /v1/gpu/*": ({ inventory, at }) => inventory.remove(at[2] ?? "", signal),
  "POST /v1/gpu/register": ({ inventory, sent }) => inventory.registerGpu(offerIn(sent), signal),
  "GET /v1/gpu/queue/*": ({ inventory, at }) => inventory.queueLength(at[3] ?? "", signal),
  "GET /v1/marketplace/edge-gpu/profiles": ({ inventory, query }) =>
    inventory
      .profiles(
        {
          ...(query.has("architecture") ? { architecture: query.get("architecture") ?? "" } : {}),
          ...(query.has("edge_optimized") ? { edgeOptimized: query.get("edge_optimized") === "true" } : {}),
          ...(query.has("min_memory_gb") ? { minMemoryGb: Number(query.get("min_memory_gb")) } : {}),
        },
        signal,
      )
      .then((rows) => rows.map(({ gpu_model, market_price_usd }) => ({ gpu_model, market_price_usd }))),
  "POST /v1/marketplace/edge-gpu/scan/*": ({ inventory }) =>
    inventory.scan(signal).then(({ gpus, registered, discovery_method }) => ({
      gpus: gpus.map(({ id, status }) => `${id} ${status}`),
      registered,
      discovery_method,
    })),
  "GET /v1/marketplace/edge-gpu/metrics/*": ({ inventory, at }) => inventory.metrics(at[4] ?? "", signal),
};

const COORDINATOR_CALLS: Record<string, Call> = {
  "GET /health": ({ coordinator }) => coordinator.probe(signal),
  "POST /v1/miners/register": ({ coordinator, sent }) => coordinator.register(sent, signal),
  "POST /v1/miners/heartbeat": ({ coordinator, sent }) => coordinator.heartbeat(sent, signal),
  "POST /v1/miners/poll": ({ coordinator }) => coordinator.poll(signal),
  "POST /v1/miners/*/result": ({ coordinator, at, sent }) =>
    coordinator.result(at[2] ?? "", sent, signal).then((reply) => {
      if (reply.kind !== "accepted") return reply;
      const receipt = receiptFromAnswer(reply.answerText);
      return { kind: reply.kind, receipt: receipt && verifyCoordinatorReceipt(receipt).detail };
    }),
  "POST /v1/miners/*/fail": ({ coordinator, at, sent }) => coordinator.fail(at[2] ?? "", sent, signal),
  "POST /v1/miners/*/jobs": ({ coordinator }) =>
    coordinator.jobs({ limit: 100, offset: 0 }, signal).then(({ jobs, last }) => ({
      jobs: jobs.map((job) => `${job.job_id} ${job.state} ${job.expires_at}`),
      last,
    })),
  "POST /v1/miners/*/earnings": async ({ coordinator }) => (await coordinator.earnings(signal)).rows,
  "PUT /v1/miners/*/capabilities": ({ coordinator, sent }) => coordinator.capabilities(sent, signal),
  "DELETE /v1/miners/*": ({ coordinator }) => coordinator.deregister(signal),
  "POST /v1/marketplace/gpu/register": ({ registry, sent }) => {
    const gpu = sent.gpu as { name: string; memory_gb: number; price_per_hour: string };
    const price = parseDecimal("AIT", gpu.price_per_hour);
    return registry.register({ model: gpu.name, memoryGb: gpu.memory_gb, price }, signal);
  },
  "GET /v1/marketplace/gpu/list": ({ registry }) => registry.list(signal).then(shownRows),
  "GET /v1/marketplace/orders": ({ registry }) => registry.orders(signal),
};

describe.each(NAMES)("%s", (name) => {
  const exchanges = transcript(name);

  test("is read whole", () => {
    expect(exchanges).toHaveLength(countOf(name));
    expect(exchanges.length).toBeGreaterThan(60);
  });

  test("each exchange is made something of", async () => {
    const lines: string[] = [];
    for (const exchange of exchanges) lines.push(await replay(name, exchanges, exchange));
    const file = new URL(`../../../../fixtures/aitbc/replay/${name}.txt`, import.meta.url);
    expect(lines).toEqual(readFileSync(file, "utf8").trimEnd().split("\n"));
  });
});

/** Makes the recorded call against a server that gives the recorded answer; one line of what came of it. */
async function replay(name: TranscriptName, all: readonly Exchange[], exchange: Exchange): Promise<string> {
  const url = new URL(exchange.path, "http://service");
  const probes = new Map(
    ["/health", "/live", "/ready", "/v1/gpu/status", "/gpu/status", "/v1/transactions"].map((path) => [
      path,
      all.find((each) => each.method === "GET" && each.path === path),
    ]),
  );
  const server = await serve((request) => {
    const asked = new URL(request.url, "http://service").pathname;
    const recordedCall =
      request.method === exchange.method && asked === url.pathname ? exchange : probes.get(asked);
    const { status, text } = recordedCall ?? { status: 404, text: '{"detail":"Not Found"}' };
    return { status, ...(text === "" ? {} : { body: text }) };
  });
  const at = url.pathname.split("/").slice(1).map(decodeURIComponent);
  const sent = (typeof exchange.sent === "object" && exchange.sent !== null ? exchange.sent : {}) as Record<
    string,
    unknown
  >;
  const named = minerIn(at) ?? /X-Miner-ID: (\S+)/.exec(exchange.flags)?.[1] ?? sent.miner_id;
  const minerId = typeof named === "string" ? named : "compute_provider_001";
  const key = /X-Api-Key: (\S+)/.exec(exchange.flags)?.[1] ?? null;
  const options = {
    now: Date.now,
    config: {
      coordinatorUrl: server.url,
      coordinatorKey: key,
      gpuUrl: server.url,
      gpuKey: key,
      rpcUrl: null,
      minerId,
      nodeId: "node_aitbc_genesis",
      region: "us-east",
      wallet: null,
      receiptKeyId: null,
    },
  };
  const parts: Parts = {
    inventory: createInventory(options),
    coordinator: createCoordinatorClient(options),
    registry: createGpuRegistry(options),
    exchange,
    at,
    query: url.searchParams,
    sent,
  };
  const calls = name === "coordinator-miner" ? COORDINATOR_CALLS : INVENTORY_CALLS;
  const own = isProviders(exchange) ? callFor(calls, exchange.method, url.pathname) : null;
  const outcome = await said(() => (own ? own(parts) : readOnly(server.url, exchange)));
  if (own && !outcome.includes("NOT_IN_DIALECT")) {
    const paths = server.seen.map((request) => `${request.method} ${request.url.split("?")[0]}`);
    // The guide era has no call for one GPU: the client looks through all offers. Today's status path answers first.
    const elsewhere =
      name === "gpu-service-guide-era" ? /^\/v1\/gpu\//.test(url.pathname) : url.pathname === "/gpu/status";
    if (!elsewhere)
      expect(paths, "the recorded call was made").toContain(`${exchange.method} ${url.pathname}`);
  }
  return `${exchange.method} ${exchange.path} ${exchange.status}${own ? "" : " (read only)"} → ${outcome}`;
}

/** A client's and an operator's calls carry a Bearer token; those a provider never makes. */
function isProviders(exchange: Exchange): boolean {
  return (
    !exchange.flags.includes("Bearer") && typeof exchange.sent !== "string" && !Array.isArray(exchange.sent)
  );
}

/** The id in /v1/miners/{id}/earnings and the like; the other words there are calls and job ids. */
function minerIn(at: readonly string[]): string | null {
  const calls = ["register", "heartbeat", "poll"];
  const job = ["result", "fail"].includes(at[3] ?? "");
  return at[1] === "miners" && !job && !calls.includes(at[2] ?? "") ? (at[2] ?? null) : null;
}

function callFor(calls: Record<string, Call>, method: string, path: string): Call | null {
  const patterns = Object.keys(calls).sort((a, b) => stars(a) - stars(b));
  const found = patterns.find((pattern) =>
    new RegExp(`^${pattern.replaceAll("*", "[^/]+")}$`).test(`${method} ${path}`),
  );
  return found === undefined ? null : (calls[found] ?? null);
}

const stars = (pattern: string) => pattern.split("*").length;

async function readOnly(baseUrl: string, { method, path }: Exchange): Promise<unknown> {
  const http = createHttpClient({ baseUrl });
  const answer = await http.request({ method, path: path.split("?")[0] ?? "" }, signal);
  const body = readerOf(Date.now).read(http, answer, LooseRowSchema.or(LooseRowSchema.array()));
  return Array.isArray(body) ? `${body.length} rows` : Object.keys(body).join(",");
}

async function said(act: () => Promise<unknown>): Promise<string> {
  try {
    return (JSON.stringify(await act()) ?? "done").replace(/127\.0\.0\.1:\d+/g, "HOST");
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const message = thrown.message.replace(/127\.0\.0\.1:\d+/g, "HOST");
    return `${thrown.code} (${thrown.actor}${thrown.retryable ? ", again" : ""}): ${message.slice(0, 160)}`;
  }
}

function shownRows(rows: readonly GpuRow[]) {
  return rows.map((row) => {
    const price = priceOf(row);
    return `${row.id} ${row.status} ${price === null ? "?" : formatDecimal(price, 8)} ${row.memory_gb}GB`;
  });
}

function offerIn(sent: Record<string, unknown>) {
  const specs = (sent.specs ?? {}) as { model?: string; memory_gb?: number };
  return {
    offerId: String(sent.offer_id ?? sent.gpu_id ?? "gpu_p2"),
    model: specs.model ?? "Unknown",
    memoryGb: specs.memory_gb ?? 0,
    region: "us-east",
    capabilities: [],
    price: parseDecimal("AIT", typeof sent.price_per_gpu === "number" ? sent.price_per_gpu : 1),
  };
}

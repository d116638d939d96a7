/** Offers jobs on the markets at a steady rate, as long as not too many wait already. */
import type { MarketId } from "../shared/contract/views.ts";
import { SECOND } from "../shared/durations.ts";
import { unreachable } from "../shared/errors.ts";
import { DEFAULT_JOB_TTL_MS, DEFAULT_MAX_RUNTIME_MS } from "./aicf/constants.ts";
import type { Queue } from "./aicf/queue.ts";
import type { Traps } from "./aicf/traps.ts";
import type { Coordinator } from "./aitbc/coordinator.ts";
import { embeddingsPayload } from "./aitbc/result-digest.ts";
import {
  aicfFee,
  aitbcPaymentE8,
  draftJob,
  draftRerank,
  draftTopK,
  type JobDraft,
  kindOfJob,
  randomOf,
  type Subject,
} from "./demand-jobs.ts";
import type { PyObject } from "./python-json.ts";
import type { Store } from "./store.ts";

const CUSTOMER = "devnet-demand";
const AITBC_TTL_SECONDS = 900;
/** After a pause (a suspended laptop) the missed jobs are not all offered at once. */
const MAX_BURST = 50;

export interface DemandOptions {
  readonly store: Store;
  readonly coordinator: Coordinator;
  readonly queue: Queue;
  /** null: this market sets no traps. */
  readonly traps: Traps | null;
  /** Of AICF's jobs, 0…1. */
  readonly trapShare: number;
  readonly countQueued: Readonly<Record<MarketId, () => number>>;
  readonly subjects: readonly Subject[];
  readonly jobsPerSecond: number;
  readonly maxQueued: number;
  readonly markets: readonly MarketId[];
  readonly seed: number;
  /** AITBC address that gets paid; null: AITBC jobs are unpaid. */
  readonly payeeWallet: string | null;
  readonly onBug: (error: unknown) => void;
}

/** Starts offering; returns the way to stop. */
export function startDemand(options: DemandOptions): () => void {
  const periodMs = SECOND / options.jobsPerSecond;
  let due = performance.now();
  const timer = setInterval(
    () => {
      try {
        const now = performance.now();
        due = Math.max(due, now - MAX_BURST * periodMs);
        for (; due <= now; due += periodMs) for (const market of options.markets) offerNext(options, market);
      } catch (error) {
        options.onBug(error);
      }
    },
    Math.min(periodMs, SECOND / 10),
  );
  return () => clearInterval(timer);
}

function offerNext(options: DemandOptions, market: MarketId): void {
  if (options.countQueued[market]() >= options.maxQueued) return;
  const { store, seed } = options;
  const counter = `demand.${market}.${seed}`;
  store.transact(() => {
    const n = Number(store.getMeta(counter) ?? "0");
    offer(options, market, n);
    store.setMeta(counter, String(n + 1));
  });
}

function offer(options: DemandOptions, market: MarketId, n: number): void {
  const random = randomOf(`${options.seed}/${market}/${n}/price`);
  switch (market) {
    case "aitbc": {
      const { payeeWallet } = options;
      const { payload, constraints, texts } = draftForAitbc(options, n);
      options.coordinator.submitJob({
        client: CUSTOMER,
        payload,
        constraints,
        ttlSeconds: AITBC_TTL_SECONDS,
        amountE8: payeeWallet === null ? null : aitbcPaymentE8({ texts }, random),
        buyer: CUSTOMER,
        provider: payeeWallet,
      });
      return;
    }
    case "aicf": {
      const draft = draftTrap(options, n) ?? draftJob(options.subjects, options.seed, market, n);
      options.queue.submit({
        model: draft.model,
        input: draft.texts,
        params: {},
        requester: CUSTOMER,
        region: null,
        fee: aicfFee(draft, random),
        tier: "standard",
        ttlMs: DEFAULT_JOB_TTL_MS,
        maxRuntimeMs: DEFAULT_MAX_RUNTIME_MS,
      });
      return;
    }
    default:
      unreachable(market);
  }
}

/** The n-th job in AITBC's free form, and the texts that it is paid by. */
function draftForAitbc(
  { subjects, seed }: DemandOptions,
  n: number,
): { payload: PyObject; constraints: PyObject; texts: readonly string[] } {
  const kind = kindOfJob(seed, n);
  switch (kind) {
    case "embed": {
      const { model, texts } = draftJob(subjects, seed, "aitbc", n);
      return { payload: embeddingsPayload(model, texts), constraints: { models: [model] }, texts };
    }
    case "rerank": {
      const { model, query, documents } = draftRerank(subjects, seed, n);
      const payload = { type: "rerank", model, query, documents };
      return { payload, constraints: { models: [model] }, texts: [query, ...documents] };
    }
    case "topk":
      return { payload: { type: "vector", op: "topk", ...draftTopK(seed, n) }, constraints: {}, texts: [] };
    default:
      return unreachable(kind);
  }
}

/** Now and then a job whose answer the market knows; it looks and pays like any other. */
function draftTrap({ traps, trapShare, seed }: DemandOptions, n: number): JobDraft | null {
  const random = randomOf(`${seed}/aicf/${n}/trap`);
  if (traps === null || random() >= trapShare) return null;
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? "";
  const texts = Array.from({ length: 1 + Math.floor(8 * random()) }, () => pick(traps.texts));
  return { model: pick(traps.models), texts };
}

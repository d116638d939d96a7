/**
 * What AITBC's gpu service (port 8101) does with what it is told, in the guide's era and today, apart from HTTP
 * (protocols/aitbc.md §1). It believes everything: statuses, prices and who owns what.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import { isPyObject, PyFloat, type PyObject, type PyValue, pyFloat } from "../python-json.ts";
import { naiveUtc } from "../python-time.ts";
import type { Store } from "../store.ts";
import { type Gpu, GpuStore } from "./gpu-store.ts";
import type { HasQuirk } from "./quirks.ts";

export type GpuEra = "guide" | "today";

/** What a handler answers: a body and the status it means; the era decides how an error is sent. */
export type Reply = { readonly ok: PyValue } | { readonly error: string; readonly status: number };

const PRICE_DECIMALS = 8;

export class GpuService {
  readonly era: GpuEra;
  readonly gpus: GpuStore;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #has: HasQuirk;

  constructor(store: Store, clock: Clock, options: { era: GpuEra; has: HasQuirk }) {
    this.era = options.era;
    this.gpus = new GpuStore(store.db);
    this.#store = store;
    this.#clock = clock;
    this.#has = options.has;
  }

  register(body: PyObject): PyObject {
    const miner = textOr(body.miner_id, `miner_${hex(4)}`);
    const count = this.gpus.list({ miner }).length;
    // The guide's era forgot to commit the change.
    if (this.era === "today") this.#bringOnline(miner);
    this.#log({ event: "registered", providerId: miner, created: false });
    return { status: "ok", miner_id: miner, session_token: `token_${hex(8)}`, gpu_count: count };
  }

  heartbeat(body: PyObject): PyObject {
    if (typeof body.miner_id === "string") {
      this.#bringOnline(body.miner_id);
      this.#log({ event: "heartbeat", providerId: body.miner_id, inflight: null, capacity: null });
    }
    return { status: "ok" };
  }

  deregister(miner: string): PyObject {
    this.#store.transact(() => {
      this.gpus.setStatusOfMiner(miner, "offline");
      this.#store.log.record("aitbc", { event: "deregistered", providerId: miner });
    });
    return { status: "ok", miner_id: miner, message: "Miner deregistered" };
  }

  offer(body: PyObject): Reply {
    if (body.type !== "gpu_marketplace")
      return { error: "Invalid transaction type for GPU service", status: 400 };
    if (body.action !== "offer") {
      const action = typeof body.action === "string" ? body.action : "None";
      return { error: `Invalid action: ${action}. Only 'offer' is currently supported`, status: 400 };
    }
    const miner = textOr(body.provider_node_id, "default_miner");
    const specs = body.specs === undefined ? {} : body.specs;
    if (!isPyObject(specs)) return { error: "'NoneType' object has no attribute 'get'", status: 500 };
    const price = readPrice(body.price_per_gpu ?? 0, this.era);
    if (price === null) return { error: this.#badPrice(body.price_per_gpu), status: 500 };
    const offerId = typeof body.offer_id === "string" ? body.offer_id : null;
    const gpu: Gpu = {
      id: offerId ?? `gpu_${miner}`,
      miner,
      model: textOr(specs.model, "Unknown"),
      memoryGb: specs.memory_gb ?? 0,
      cuda: "",
      region: textOr(specs.region, ""),
      price,
      status: textOr(body.status, "available"),
      capabilities: specs.capabilities ?? [],
      createdAt: this.#clock(),
    };
    if (this.gpus.get(gpu.id)) return { error: uniqueFailed(this.era, gpu), status: 500 };
    this.#store.transact(() => this.gpus.insert(gpu));
    const chain = this.era === "today" ? { blockchain_registered: false } : {};
    return { ok: { status: "success", transaction_id: offerId, ...chain } };
  }

  registerGpu(body: PyObject): PyObject {
    const specs = isPyObject(body.specs) ? body.specs : {};
    const id = textOr(body.gpu_id, `gpu_${hex(4)}`);
    const miner = textOr(body.miner_id, "default_miner");
    const facts = {
      id,
      miner,
      model: textOr(specs.model, "Unknown"),
      memoryGb: specs.memory_gb ?? 0,
      region: textOr(specs.region, ""),
      capabilities: specs.capabilities ?? [],
      status: "available",
    };
    this.#store.transact(() => {
      if (this.gpus.get(id)) this.gpus.respecify(facts);
      else
        this.gpus.insert({
          ...facts,
          cuda: textOr(specs.cuda_version, ""),
          price: 0,
          createdAt: this.#clock(),
        });
    });
    return { gpu_id: id, miner_id: miner, status: "registered" };
  }

  update(id: string, body: PyObject): Reply {
    const gpu = this.gpus.get(id);
    if (!gpu) return { error: "GPU not found", status: 404 };
    const price = body.price_per_hour === undefined ? gpu.price : readPrice(body.price_per_hour, this.era);
    if (price === null) return { error: "[<class 'decimal.ConversionSyntax'>]", status: 500 };
    const status = typeof body.status === "string" ? body.status : null;
    const illegal = status === null ? null : illegalMove(gpu.status, status);
    if (illegal !== null) return { error: illegal, status: 500 };
    this.#store.transact(() => this.gpus.update(id, { status: status ?? undefined, price }));
    return {
      ok: {
        id,
        price_per_hour: this.price(price),
        status: status ?? gpu.status,
        message: `GPU ${id} updated successfully`,
      },
    };
  }

  remove(id: string): Reply {
    return this.#store.transact(() => this.gpus.remove(id))
      ? { ok: { message: `GPU ${id} deleted successfully` } }
      : { error: "GPU not found", status: 404 };
  }

  enqueue(gpu: string, client: string, priority: number): PyObject {
    const job = { id: `jobq_${hex(4)}`, client, priority, status: "queued", created_at: this.#clock() };
    this.#store.transact(() => this.gpus.enqueue({ ...job, gpu }));
    const created_at = naiveUtc(job.created_at);
    return { job_id: job.id, gpu_id: gpu, client_id: client, priority, status: "queued", created_at };
  }

  /** The job, or null when it is lost to the quirk: it runs, and nobody was given its payload. */
  next(gpu: string): PyObject | null {
    const [job] = this.gpus.queue(gpu, "queued");
    if (!job) return { gpu_id: gpu, job: null };
    this.#store.transact(() => this.gpus.setQueued(job.id, "running"));
    return this.#has("queue-next-fails")
      ? null
      : { gpu_id: gpu, job: { job_id: job.id, client_id: job.client, priority: job.priority } };
  }

  /** Of the guide's era: a number. Today: text with 8 decimals, zero as Python writes it. */
  price(value: number): PyValue {
    if (this.era === "guide") return pyFloat(value);
    return value === 0 ? "0E-8" : value.toFixed(PRICE_DECIMALS);
  }

  now(): string {
    return naiveUtc(this.#clock());
  }

  #bringOnline(miner: string): void {
    this.#store.transact(() => {
      if (this.#has("heartbeat-revives")) return this.gpus.setStatusOfMiner(miner, "online");
      for (const gpu of this.gpus.list({ miner, status: "available" }))
        this.gpus.update(gpu.id, { status: "online" });
    });
  }

  #badPrice(given: PyValue | undefined): string {
    return this.era === "today"
      ? "[<class 'decimal.ConversionSyntax'>]"
      : `(builtins.ValueError) could not convert string to float: '${String(given)}'\n[SQL: INSERT INTO gpu_registry]`;
  }

  #log(event: Parameters<Store["log"]["record"]>[1]): void {
    this.#store.transact(() => this.#store.log.record("aitbc", event));
  }
}

const FSM: Readonly<Record<string, string>> = {
  available: "available",
  online: "available",
  booked: "reserved",
  in_use: "in_use",
  offline: "delisted",
};
const LEGAL: Readonly<Record<string, readonly string[]>> = {
  available: ["reserved", "delisted"],
  reserved: ["in_use", "available"],
  in_use: ["available", "delisted"],
  delisted: [],
};

/** The service's words against a move; null: it is made. A word it does not know is stored as it is. */
function illegalMove(current: string, next: string): string | null {
  const to = FSM[next];
  if (to === undefined) return null;
  const from = FSM[current] ?? "available";
  return LEGAL[from]?.includes(to) ? null : `Invalid offer transition: ${from} → ${to}`;
}

function readPrice(value: PyValue, era: GpuEra): number | null {
  const number =
    value instanceof PyFloat
      ? value.value
      : typeof value === "number"
        ? value
        : typeof value === "string" && value.trim() !== ""
          ? Number(value)
          : Number.NaN;
  if (!Number.isFinite(number)) return null;
  return era === "today" ? Number(number.toFixed(PRICE_DECIMALS)) : number;
}

function uniqueFailed(era: GpuEra, gpu: Gpu): string {
  const columns =
    era === "today"
      ? "id, miner_id, model, memory_gb, cuda_version, region, price_per_hour, status, chain_id, capabilities, average_rating, total_reviews, created_at"
      : "id, miner_id, model, memory_gb, cuda_version, region, price_per_hour, status, capabilities, average_rating, total_reviews, created_at";
  const marks = columns.replaceAll(/\w+/g, "?");
  return (
    "(sqlite3.IntegrityError) UNIQUE constraint failed: gpu_registry.id\n" +
    `[SQL: INSERT INTO gpu_registry (${columns}) VALUES (${marks})]\n` +
    `[parameters: ('${gpu.id}', '${gpu.miner}', '${gpu.model}')]\n` +
    "(Background on this error at: https://sqlalche.me/e/20/gkpj)"
  );
}

const hex = (bytes: number) => randomBytes(bytes).toString("hex");
const textOr = (value: PyValue | undefined, fallback: string) =>
  typeof value === "string" ? value : fallback;

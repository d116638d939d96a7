/** The gpu service over HTTP, as recorded in both of its eras (protocols/aitbc.md §1.1–1.3, §1.7). */
import { createHash, timingSafeEqual } from "node:crypto";
import { MIB } from "../../shared/durations.ts";
import { isPyObject, PyFloat, type PyObject, type PyValue, parsePython, pyFloat } from "../python-json.ts";
import { naiveUtc } from "../python-time.ts";
import { readBody } from "../read-body.ts";
import { ARCHITECTURES, seededProfiles } from "./gpu-profiles.ts";
import type { GpuService, Reply } from "./gpu-service.ts";
import type { Gpu } from "./gpu-store.ts";
import type { HasQuirk } from "./quirks.ts";
import { detail, internalError, json } from "./wire.ts";

const MAX_BODY = 10 * MIB;
const NO_DISPATCH =
  "Miner job dispatch is not implemented in the GPU service. This endpoint accepted and silently discarded its payload. " +
  "Job assignment, result submission and failure reporting are handled by the coordinator API.";
const NOT_READY = "Textual SQL expression 'SELECT 1' should be explicitly declared as text('SELECT 1')";

export interface GpuAppOptions {
  readonly service: GpuService;
  /** null: today's service answers 501 to guarded calls. The guide's era asks for no key. */
  readonly apiKey: string | null;
  readonly seededAtMs: number;
  readonly has: HasQuirk;
  readonly onBug: (error: unknown) => void;
}

interface Call {
  readonly body: PyObject;
  readonly params: readonly string[];
  readonly query: URLSearchParams;
}

interface Route {
  readonly method: string;
  /** `*` is one segment, handed over in `params`. */
  readonly path: string;
  readonly guarded?: true;
  /** The body is a JSON object. */
  readonly takesBody?: true;
  handle(call: Call): Response;
}

export function gpuApp(options: GpuAppOptions): { fetch(request: Request): Promise<Response> } {
  const { service } = options;
  const routes = [
    ...sharedRoutes(options),
    ...(service.era === "today" ? todaysRoutes(options) : guideRoutes(options)),
  ];

  async function handle(request: Request): Promise<Response> {
    const { pathname, searchParams: query } = new URL(request.url);
    const fitting = routes.flatMap((route) => {
      const params = match(route.path, pathname);
      return params === null ? [] : [{ route, params }];
    });
    if (fitting.length === 0) return detail(404, "Not Found");
    const found = fitting.find(({ route }) => route.method === request.method);
    if (!found) {
      const allow = fitting[0]?.route.method ?? "";
      return json(405, { detail: "Method Not Allowed" }, { allow });
    }
    if (found.route.guarded && service.era === "today") {
      const refused = refusedKey(options.apiKey, request.headers.get("x-api-key"));
      if (refused) return refused;
    }
    const raw = await readBody(request, MAX_BODY);
    if (raw === null) return detail(413, "Request body too large");
    const body = found.route.takesBody ? readDict(raw) : {};
    return body instanceof Response ? body : found.route.handle({ body, params: found.params, query });
  }

  return {
    async fetch(request) {
      try {
        return await handle(request);
      } catch (error) {
        options.onBug(error);
        return internalError(new URL(request.url).pathname);
      }
    },
  };
}

function sharedRoutes({ service, has }: GpuAppOptions): Route[] {
  const word = (status: string): PyObject => ({ status, service: "gpu-service" });
  const operational = () => json(200, { ...word("operational"), message: "GPU service is running" });
  const guide = service.era === "guide";
  const post = (path: string, handle: Route["handle"], more: Partial<Route> = {}): Route => {
    return { method: "POST", path, takesBody: true, handle, ...more };
  };
  const get = (path: string, handle: Route["handle"]): Route => ({ method: "GET", path, handle });
  const answer = (reply: Reply) => sendReply(reply, guide);
  return [
    get("/health", () => json(200, word("healthy"))),
    get("/live", () => json(200, word("alive"))),
    get("/ready", () =>
      guide && has("ready-fails")
        ? json(503, { ...word("not_ready"), error: NOT_READY })
        : json(200, word("ready")),
    ),
    get(guide ? "/gpu/status" : "/v1/gpu/status", operational),

    post("/v1/miners/register", ({ body }) => json(200, service.register(body)), { guarded: true }),
    post("/v1/miners/heartbeat", ({ body }) => json(200, service.heartbeat(body))),
    {
      method: "POST",
      path: "/v1/miners/*/earnings",
      handle: ({ params }) => {
        const nothing = { total_earnings: pyFloat(0), pending_earnings: pyFloat(0), currency: "AITBC" };
        return json(200, { miner_id: params[0] ?? "", ...nothing });
      },
    },
    {
      ...post("/v1/miners/*/capabilities", ({ params, body }) =>
        json(200, { status: "ok", miner_id: params[0] ?? "", capabilities: body.capabilities ?? {} }),
      ),
      method: "PUT",
      guarded: true,
    },
    {
      method: "DELETE",
      path: "/v1/miners/*",
      guarded: true,
      handle: ({ params }) => json(200, service.deregister(params[0] ?? "")),
    },
    get("/v1/miners/*/gpus", ({ params }) =>
      json(
        200,
        service.gpus.list({ miner: params[0] ?? "" }).map((gpu) => ({
          id: gpu.id,
          model: gpu.model,
          memory_gb: gpu.memoryGb,
          status: gpu.status,
          price_per_hour: service.price(gpu.price),
          region: gpu.region,
          created_at: naiveUtc(gpu.createdAt),
        })),
      ),
    ),
    post("/v1/transactions", ({ body }) => answer(service.offer(body)), { guarded: true }),
    get("/v1/transactions", ({ query }) =>
      json(
        200,
        service.gpus.list({ status: query.get("status"), miner: query.get("island_id") }).map((gpu) => ({
          id: gpu.id,
          action: "offer",
          model: gpu.model,
          memory_gb: gpu.memoryGb,
          price_per_hour: service.price(gpu.price),
          status: gpu.status,
          region: gpu.region,
          miner_id: gpu.miner,
          created_at: naiveUtc(gpu.createdAt),
        })),
      ),
    ),
    get("/v1/marketplace/edge-gpu/metrics/*", () => json(200, [])),
  ];
}

function guideRoutes({ service }: GpuAppOptions): Route[] {
  const accepted = (said: PyObject): Route["handle"] => {
    return ({ params }) => json(200, { status: "ok", job_id: params[0] ?? "", ...said });
  };
  return [
    { method: "POST", path: "/v1/miners/poll", takesBody: true, handle: () => json(200, null) },
    // Taken and thrown away.
    {
      method: "POST",
      path: "/v1/miners/*/result",
      takesBody: true,
      handle: accepted({ result: "accepted" }),
    },
    { method: "POST", path: "/v1/miners/*/fail", takesBody: true, handle: accepted({ error: "recorded" }) },
    { method: "GET", path: "/v1/marketplace/edge-gpu/profiles", handle: ({ query }) => profiles(query, []) },
    {
      method: "POST",
      path: "/v1/marketplace/edge-gpu/scan/*",
      handle: ({ params }) =>
        json(
          200,
          scan(service, params[0] ?? "", (caps) => caps.length > 0),
        ),
    },
    {
      method: "POST",
      path: "/v1/marketplace/edge-gpu/optimize/inference/*",
      handle: () =>
        json(422, {
          detail: [{ type: "missing", loc: ["query", "model_name"], msg: "Field required", input: null }],
        }),
    },
  ];
}

function todaysRoutes({ service, seededAtMs }: GpuAppOptions): Route[] {
  const noDispatch = () => detail(501, NO_DISPATCH);
  const answer = (reply: Reply) => sendReply(reply, false);
  const get = (path: string, handle: Route["handle"]): Route => ({ method: "GET", path, handle });
  return [
    { method: "POST", path: "/v1/miners/poll", takesBody: true, handle: noDispatch },
    { method: "POST", path: "/v1/miners/*/result", takesBody: true, handle: noDispatch },
    { method: "POST", path: "/v1/miners/*/fail", takesBody: true, handle: noDispatch },
    get("/v1/gpu/discover", () => json(200, {})),
    {
      method: "POST",
      path: "/v1/gpu/register",
      guarded: true,
      takesBody: true,
      handle: ({ body }) => json(200, service.registerGpu(body)),
    },
    { method: "POST", path: "/v1/gpu/queue", takesBody: true, handle: ({ body }) => enqueue(service, body) },
    get("/v1/gpu/queue/*", ({ params, query }) => {
      const gpu_id = params[0] ?? "";
      const jobs = service.gpus.queue(gpu_id, query.get("status")).map((job) => ({
        job_id: job.id,
        client_id: job.client,
        priority: job.priority,
        status: job.status,
        created_at: naiveUtc(job.created_at),
      }));
      return json(200, { gpu_id, jobs, total: jobs.length });
    }),
    {
      method: "POST",
      path: "/v1/gpu/queue/*/next",
      handle: ({ params }) => {
        const gpu = params[0] ?? "";
        const job = service.next(gpu);
        return job === null ? internalError(`/v1/gpu/queue/${gpu}/next`) : json(200, job);
      },
    },
    {
      method: "POST",
      path: "/v1/gpu/queue/*/complete",
      handle: ({ params }) => {
        const job_id = params[0] ?? "";
        return service.gpus.setQueued(job_id, "completed")
          ? json(200, { job_id, status: "completed", completed_at: service.now() })
          : json(404, { error: "Job not found" });
      },
    },
    get("/v1/gpu/*", ({ params }) => {
      const gpu = service.gpus.get(params[0] ?? "");
      return gpu ? json(200, gpuView(service, gpu)) : json(404, { error: "GPU not found" });
    }),
    {
      method: "PUT",
      path: "/v1/gpu/*",
      guarded: true,
      takesBody: true,
      handle: ({ params, body }) => answer(service.update(params[0] ?? "", body)),
    },
    {
      method: "DELETE",
      path: "/v1/gpu/*",
      guarded: true,
      handle: ({ params }) => answer(service.remove(params[0] ?? "")),
    },
    get("/v1/marketplace/edge-gpu/profiles", ({ query }) => profiles(query, seededProfiles(seededAtMs))),
    {
      method: "POST",
      path: "/v1/marketplace/edge-gpu/scan/*",
      guarded: true,
      handle: ({ params }) =>
        json(200, {
          ...scan(service, params[0] ?? "", (caps) => caps.includes("edge")),
          discovery_method: "database_fallback",
        }),
    },
    {
      method: "POST",
      path: "/v1/marketplace/edge-gpu/optimize/inference/*",
      takesBody: true,
      handle: ({ params, body }) =>
        json(200, {
          gpu_id: params[0] ?? "",
          model_name: body.model_name ?? null,
          optimized: true,
          latency_reduction: pyFloat(0),
        }),
    },
  ];
}

/** The segments that stood for `*`; null: another path. */
function match(pattern: string, path: string): string[] | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params: string[] = [];
  for (const [i, segment] of wanted.entries()) {
    if (segment === "*") params.push(decodeURIComponent(given[i] ?? ""));
    else if (segment !== given[i]) return null;
  }
  return params;
}

function refusedKey(expected: string | null, given: string | null): Response | null {
  if (expected === null) return detail(501, "API key not configured");
  if (given === null || given === "") return detail(401, "Missing API key");
  const sha = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(sha(given), sha(expected)) ? null : detail(401, "Invalid API key");
}

/** The guide's era sent its errors as 200 with the status in the body. */
function sendReply(reply: Reply, guide: boolean): Response {
  if ("ok" in reply) return json(200, reply.ok);
  const error = { error: reply.error };
  return guide ? json(200, [error, reply.status]) : json(reply.status, error);
}

/** The body as an object, or FastAPI's 422. */
function readDict(raw: Uint8Array): PyObject | Response {
  let value: PyValue;
  try {
    value = parsePython(Buffer.from(raw).toString("utf8"));
  } catch {
    const problem = { type: "json_invalid", loc: ["body", 0], msg: "JSON decode error", input: {} };
    return json(422, { detail: [{ ...problem, ctx: { error: "Expecting value" } }] });
  }
  if (isPyObject(value)) return value;
  const msg = "Input should be a valid dictionary";
  return json(422, { detail: [{ type: "dict_type", loc: ["body"], msg, input: value }] });
}

function gpuView(service: GpuService, gpu: Gpu): PyObject {
  return {
    id: gpu.id,
    miner_id: gpu.miner,
    model: gpu.model,
    memory_gb: gpu.memoryGb,
    cuda_version: gpu.cuda,
    region: gpu.region,
    price_per_hour: service.price(gpu.price),
    status: gpu.status,
    capabilities: gpu.capabilities,
    average_rating: pyFloat(0),
    total_reviews: 0,
    created_at: naiveUtc(gpu.createdAt),
  };
}

function scan(
  service: GpuService,
  miner: string,
  isEdge: (capabilities: readonly PyValue[]) => boolean,
): PyObject {
  const gpus = service.gpus.list({ miner });
  return {
    miner_id: miner,
    gpus: gpus.map(({ id, model, memoryGb, region, status, capabilities }) => ({
      id,
      model,
      memory_gb: memoryGb,
      region,
      status,
      capabilities,
    })),
    registered: gpus.length,
    edge_optimized: gpus.filter(({ capabilities }) => Array.isArray(capabilities) && isEdge(capabilities))
      .length,
  };
}

function profiles(query: URLSearchParams, all: readonly PyObject[]): Response {
  const architecture = query.get("architecture");
  if (architecture !== null && !ARCHITECTURES.has(architecture)) {
    return internalError("/v1/marketplace/edge-gpu/profiles");
  }
  const optimized = query.get("edge_optimized");
  const least = Number(query.get("min_memory_gb") ?? 0);
  return json(
    200,
    all.filter(
      (profile) =>
        (architecture === null || profile.architecture === architecture) &&
        (optimized === null || profile.edge_optimized === (optimized.toLowerCase() === "true")) &&
        Number(profile.memory_gb) >= least,
    ),
  );
}

function enqueue(service: GpuService, body: PyObject): Response {
  const missing = ["gpu_id", "client_id", "priority", "payload"].filter((name) => body[name] === undefined);
  if (missing.length > 0) {
    const problems = missing.map((name) => ({
      type: "missing",
      loc: ["body", name],
      msg: "Field required",
      input: body,
    }));
    return json(422, { detail: problems });
  }
  const { priority } = body;
  const rank = priority instanceof PyFloat ? priority.value : Number(priority);
  return json(200, service.enqueue(String(body.gpu_id), String(body.client_id), rank));
}

/** The coordinator over HTTP (protocols/aitbc.md §2): roles, limits and bodies are checked here, once for all routes. */
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { MIB } from "../../shared/durations.ts";
import type { Clock } from "../clock.ts";
import { type PyValue, parsePython } from "../python-json.ts";
import { AccessControl } from "./access.ts";
import { clientRoutes } from "./client-routes.ts";
import type { Coordinator } from "./coordinator.ts";
import { minerRoutes } from "./miner-routes.ts";
import { RateLimiter } from "./rate-limit.ts";
import { InvalidBody } from "./validation.ts";
import { detail, internalError, invalid, json, rateLimited } from "./wire.ts";

const MAX_BODY = 16 * MIB;

export interface CoordinatorAppOptions {
  readonly coordinator: Coordinator;
  readonly minerApiKey: string;
  readonly clock: Clock;
  readonly rateLimits: boolean;
  /** Told of anything nobody foresaw; the caller gets upstream's 500. */
  readonly onBug: (error: unknown) => void;
}

type Env = { Bindings: HttpBindings };

export function coordinatorApp(options: CoordinatorAppOptions): Hono<Env> {
  const { coordinator, clock } = options;
  const access = new AccessControl(options.minerApiKey);
  const limiter = options.rateLimits ? new RateLimiter(clock) : null;
  const app = new Hono<Env>();
  app.get("/health", () => json(200, { status: "ok", env: "devnet", python_version: "3.13.5" }));
  app.get("/v1/health", () => detail(404, "Not Found"));
  app.use(bodyLimit({ maxSize: MAX_BODY, onError: () => detail(413, "Request body too large") }));

  for (const route of [...minerRoutes(coordinator, clock), ...clientRoutes(coordinator)]) {
    const handler = `${route.method} ${route.path}`;
    app.on(route.method, route.path, async (c) => {
      const caller = access.require(route.role, c.req.raw.headers);
      if (caller instanceof Response) return caller;
      const address = c.env?.incoming?.socket?.remoteAddress ?? "";
      if (limiter && !limiter.allow(address, handler, route.limit)) return rateLimited();
      return route.handle({
        caller,
        body: await readBody(c),
        param: (name) => c.req.param(name) ?? "",
        query: (name) => c.req.query(name) ?? null,
      });
    });
  }
  app.notFound((c) => access.refuseUnlisted(c.req.raw.headers));
  app.onError((error, c) => {
    if (error instanceof InvalidBody) return invalid(error.problems, clock());
    options.onBug(error);
    return internalError(c.req.path);
  });
  return app;
}

async function readBody(c: Context): Promise<PyValue | undefined> {
  const raw = await c.req.text();
  if (raw === "") return undefined;
  try {
    return parsePython(raw);
  } catch {
    throw new InvalidBody([{ field: "body", message: "JSON decode error", code: "json_invalid" }]);
  }
}

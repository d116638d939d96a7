/** The coordinator over HTTP (protocols/aitbc.md §2): roles, limits and bodies are checked here, once for all routes. */
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { MIB } from "../../shared/durations.ts";
import type { Clock } from "../clock.ts";
import { type PyValue, parsePython } from "../python-json.ts";
import { readBody } from "../read-body.ts";
import { AccessControl, type Caller } from "./access.ts";
import { clientRoutes } from "./client-routes.ts";
import type { Coordinator } from "./coordinator.ts";
import type { Marketplace } from "./marketplace.ts";
import { marketplaceRoutes } from "./marketplace-routes.ts";
import { minerRoutes } from "./miner-routes.ts";
import type { HasQuirk } from "./quirks.ts";
import { RateLimiter } from "./rate-limit.ts";
import { InvalidBody } from "./validation.ts";
import { detail, internalError, invalid, json, rateLimited } from "./wire.ts";

const MAX_BODY = 16 * MIB;

export interface CoordinatorAppOptions {
  readonly coordinator: Coordinator;
  readonly minerApiKey: string;
  readonly clock: Clock;
  readonly rateLimits: boolean;
  readonly marketplace: Marketplace;
  readonly has: HasQuirk;
  /** Told of anything nobody foresaw; the caller gets upstream's 500. */
  readonly onBug: (error: unknown) => void;
}

/** Who calls a public route is not asked. */
const NOBODY: Caller = { role: "client", id: "" };

type Env = { Bindings: HttpBindings };

export function coordinatorApp(options: CoordinatorAppOptions): Hono<Env> {
  const { coordinator, clock } = options;
  const access = new AccessControl(options.minerApiKey);
  const limiter = options.rateLimits ? new RateLimiter(clock) : null;
  const app = new Hono<Env>();
  app.get("/health", () => json(200, { status: "ok", env: "devnet", python_version: "3.13.5" }));
  app.get("/v1/health", () => detail(404, "Not Found"));

  for (const route of [
    ...minerRoutes(coordinator, clock, options.has),
    ...clientRoutes(coordinator, options.has),
    ...marketplaceRoutes(options.marketplace),
  ]) {
    const handler = `${route.method} ${route.path}`;
    app.on(route.method, route.path, async (c) => {
      const caller = route.role === "anyone" ? NOBODY : access.require(route.role, c.req.raw.headers);
      if (caller instanceof Response) return caller;
      const address = c.env?.incoming?.socket?.remoteAddress ?? "";
      if (limiter && !limiter.allow(address, handler, route.limit)) return rateLimited();
      const raw = await readBody(c.req.raw, MAX_BODY);
      if (raw === null) return detail(413, "Request body too large");
      return route.handle({
        caller,
        bearer: c.req.raw.headers.has("authorization"),
        body: parseBody(raw),
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

/** undefined: there was none. */
function parseBody(raw: Uint8Array): PyValue | undefined {
  if (raw.length === 0) return undefined;
  try {
    return parsePython(Buffer.from(raw).toString("utf8"));
  } catch {
    throw new InvalidBody([{ field: "body", message: "JSON decode error", code: "json_invalid" }]);
  }
}

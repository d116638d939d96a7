/**
 * The HTTP side of the control API:
 *
 *   GET  /api/health             nobody in particular: is this Bellows? With a token: this very one? (health.ts)
 *   GET  /healthz, /readyz       nobody in particular: does it live, can it work (503 with reasons)?
 *   POST /api/session {token}    a browser with a one-time token: sets the session cookie
 *   GET  /api/session            204 with a session or the bearer token, else 401
 *   POST /api/dashboard-link     a program: {dashboardUrl} with a new one-time token
 *   POST /api/command/<name>     both: the contract's command, JSON in and out; errors are ErrorValue
 *   GET  /…                      the dashboard's files
 */
import { readFile } from "node:fs/promises";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import { dispatch } from "../../shared/contract/rpc.ts";
import { AppError, toErrorValue } from "../../shared/errors.ts";
import type { Access } from "./access.ts";
import { type DashboardFile, securityHeaders } from "./dashboard-files.ts";
import { forbidden, MAX_BODY_BYTES, unauthorized } from "./refusals.ts";

export interface HttpAppParts {
  readonly handlers: ContractHandlers;
  readonly access: Access;
  readonly newDashboardUrl: () => string;
  readonly files: ReadonlyMap<string, DashboardFile>;
}

export function createHttpApp(parts: HttpAppParts): Hono {
  const { access, handlers, files } = parts;
  const app = new Hono();

  app.use(async (c, next) => {
    if (!access.comesFromHere({ host: c.req.header("host"), origin: c.req.header("origin") })) {
      throw forbidden("This address and page may not speak to the control API");
    }
    await next();
    for (const [name, value] of Object.entries(securityHeaders(c.req.header("host") ?? "")))
      c.header(name, value);
  });
  app.use("/api/*", async (c, next) => {
    await next();
    c.header("Cache-Control", "no-store");
  });
  app.use("/api/*", bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => raise(tooLarge()) }));

  app.post("/api/session", async (c) => {
    const request = z.object({ token: z.string() }).safeParse(await jsonBody(c));
    const cookie = request.success ? access.openSession(request.data.token) : null;
    if (cookie === null) throw linkUsed();
    c.header("Set-Cookie", cookie);
    return c.body(null, 204);
  });
  app.get("/api/session", known(access), (c) => c.body(null, 204));

  app.post("/api/dashboard-link", known(access), (c) => c.json({ dashboardUrl: parts.newDashboardUrl() }));

  app.post("/api/command/:name", known(access), async (c) => {
    const output = await dispatch(handlers, c.req.param("name"), await jsonBody(c));
    return c.json(output as Record<string, unknown>);
  });

  app.all("/api/*", (c) => raise(notFound(c.req.path)));
  app.on(["GET", "HEAD"], "/*", async (c) => {
    const entry = files.get(c.req.path);
    if (entry === undefined) throw notFound(c.req.path);
    return c.body(await readFile(entry.file), 200, {
      "Content-Type": entry.contentType,
      "Cache-Control": entry.cacheControl,
    });
  });

  app.notFound((c) => raise(notFound(c.req.path)));
  app.onError((thrown, c) => {
    const error = toErrorValue(thrown);
    // What was not read of the body stands between this answer and the connection's next request.
    if (error.code === "TOO_LARGE") c.header("Connection", "close");
    return c.json(error, statusOf(error.code, error.actor));
  });
  return app;
}

/** Lets in whoever may command the engine, and says 401 to everybody else. */
function known(access: Access): MiddlewareHandler {
  return async (c, next) => {
    const caller = access.callerOf({
      authorization: c.req.header("authorization"),
      cookie: c.req.header("cookie"),
    });
    if (caller === null) throw unauthorized();
    if (caller === "browser" && c.req.method !== "GET" && c.req.header("origin") === undefined) {
      throw forbidden("A browser's request says where it comes from; this one does not");
    }
    await next();
  };
}

async function jsonBody(c: Context): Promise<unknown> {
  const text = await c.req.text();
  if (text === "") return {};
  if (!/^application\/json\b/i.test(c.req.header("content-type") ?? "")) {
    throw new AppError({
      code: "NOT_JSON",
      message: "The request's content type is not application/json",
      actor: "user",
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError({ code: "BAD_JSON", message: "The request's body is not JSON", actor: "user" });
  }
}

const STATUS_BY_CODE: Readonly<Record<string, ContentfulStatusCode>> = {
  UNAUTHORIZED: 401,
  LINK_USED: 401,
  FORBIDDEN: 403,
  TOO_LARGE: 413,
  NOT_JSON: 415,
};

/** What the caller did wrong is 4xx, everything else 500: the body says who must act. */
function statusOf(code: string, actor: string): ContentfulStatusCode {
  const missing = /^UNKNOWN_|NOT_FOUND$/.test(code);
  return STATUS_BY_CODE[code] ?? (missing ? 404 : actor === "user" ? 400 : 500);
}

function raise(error: AppError): never {
  throw error;
}

function linkUsed(): AppError {
  return new AppError({
    code: "LINK_USED",
    message: "This dashboard link was used before",
    actor: "user",
    help: "Run `bellows dashboard` for a new link.",
  });
}

function tooLarge(): AppError {
  return new AppError({
    code: "TOO_LARGE",
    message: `The request's body is more than ${MAX_BODY_BYTES} bytes`,
    actor: "user",
  });
}

function notFound(path: string): AppError {
  return new AppError({
    code: "NOT_FOUND",
    message: `There is nothing at ${path.slice(0, 200)}`,
    actor: "user",
  });
}

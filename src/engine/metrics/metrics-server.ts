/**
 * The exporter's HTTP side: GET /metrics in Prometheus' text format, and /healthz and /readyz for whoever probes from
 * outside the machine or pod. Nothing else.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import type { MetricsConfig } from "../../shared/config.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError, type ErrorValue } from "../../shared/errors.ts";
import { healthAnswer, type Readiness } from "../control/readiness.ts";

/** Connections that only sit there are ended after this. */
const CLOSE_GRACE = SECOND;

export interface MetricsServer {
  /** "http://127.0.0.1:9108/metrics". */
  readonly url: string;
  /** Another port than the usual one had to be taken, in words; null: it was free. */
  readonly notice: ErrorValue | null;
  close(): Promise<void>;
}

export interface MetricsAnswers {
  readonly contentType: string;
  readonly scrape: () => Promise<string>;
  readonly readiness: () => Readiness;
}

/** Throws AppError METRICS_PORT_IN_USE or METRICS_ADDRESS_REFUSED when what was asked for can't be had. */
export async function startMetricsServer(
  config: MetricsConfig,
  answers: MetricsAnswers,
): Promise<MetricsServer> {
  const server = createServer((request, response) => void answer(request, response, config, answers));
  const notice = await listen(server, config);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${isIP(config.host) === 6 ? `[${config.host}]` : config.host}:${port}/metrics`,
    notice,
    close: () => close(server),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { host }: MetricsConfig,
  { contentType, scrape, readiness }: MetricsAnswers,
): Promise<void> {
  try {
    if (isLoopback(host) && !isLoopback(hostName(request.headers.host)))
      return end(response, 403, "Forbidden\n");
    if (request.method !== "GET" && request.method !== "HEAD") return end(response, 405, "Only GET\n");
    // Not read as a URL: what a stranger sends need not be one.
    const path = request.url?.split("?", 1)[0];
    const health = healthAnswer(path, readiness);
    if (health !== null) return end(response, health.status, JSON.stringify(health.body), "application/json");
    if (path !== "/metrics") return end(response, 404, "Metrics are at /metrics\n");
    const text = await scrape();
    response.writeHead(200, { "content-type": contentType, "cache-control": "no-store" });
    response.end(request.method === "HEAD" ? undefined : text);
  } catch (thrown) {
    end(response, 500, `${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  }
}

function end(
  response: ServerResponse,
  status: number,
  text: string,
  contentType = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
  response.end(text);
}

/** On loopback any other name is a rebound one: a page in a browser, reading what is not its business. */
function isLoopback(name: string): boolean {
  return name === "localhost" || name === "::1" || /^127(\.\d+){3}$/.test(name);
}

function hostName(header: string | undefined): string {
  return (header ?? "")
    .toLowerCase()
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1");
}

/** A usual port that is taken is replaced by a free one, and a person is told; one that was asked for is not. */
async function listen(server: Server, { host, port, explicit }: MetricsConfig): Promise<ErrorValue | null> {
  try {
    await tryListen(server, host, port);
    return null;
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code !== "EADDRINUSE") throw refused(host, port, thrown);
    if (explicit) throw inUse(host, port, thrown);
    await tryListen(server, host, 0);
    return inUse(host, port, thrown, (server.address() as AddressInfo).port).toValue();
  }
}

async function tryListen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port, exclusive: true });
  await once(server, "listening"); // Rejects when `error` comes first.
}

function inUse(host: string, port: number, cause: unknown, instead?: number): AppError {
  return new AppError({
    code: "METRICS_PORT_IN_USE",
    message: `Port ${port} on ${host}, where metrics are served, is used by another program${instead === undefined ? "" : `; they are on port ${instead} instead`}`,
    actor: "user",
    help: "Choose another with METRICS_PORT (0 takes any free one), or serve none with METRICS_ENABLED=0.",
    cause,
  });
}

function refused(host: string, port: number, cause: unknown): AppError {
  return new AppError({
    code: "METRICS_ADDRESS_REFUSED",
    message: `Metrics can't be served on ${host}, port ${port}: ${cause instanceof Error ? cause.message : String(cause)}`,
    actor: "user",
    help: "Check METRICS_HOST (an address of this machine) and METRICS_PORT (above 1023 without more rights).",
    cause,
  });
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE);
  await closed;
  clearTimeout(force);
}

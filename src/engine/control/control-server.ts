/**
 * The engine's local face: an HTTP and WebSocket server on loopback for the CLI, scripts and the web dashboard.
 *
 * The port is open at once; what answers at it is loaded by the first who asks. On a server that is for months nobody,
 * and it would be a tenth of what an idle engine holds in memory.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { EngineConfig } from "../../shared/config.ts";
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { Delta } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { Access } from "./access.ts";
import { removeControlFile, writeControlFile } from "./control-file.ts";
import { listDashboardFiles } from "./dashboard-files.ts";
import { answerHealth } from "./health.ts";
import type { HttpAppParts } from "./http-app.ts";
import type { Readiness } from "./readiness.ts";
import type { Sockets, SocketsParts } from "./sockets.ts";

const LOOPBACK = "127.0.0.1";
/** How long answers under way may take at the end. */
const CLOSE_GRACE_MS = SECOND;

export interface ControlServerOptions {
  readonly handlers: ContractHandlers;
  /** Subscribe to every state delta; returns the unsubscribe function. */
  readonly onDelta: (listener: (delta: Delta) => void) => () => void;
  readonly control: NonNullable<EngineConfig["control"]>;
  readonly readiness: () => Readiness;
  /** control.json is written here. */
  readonly dataFolder: string;
}

export interface ControlServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The dashboard's address with a token that opens it once; without a dashboard the same as `url`. */
  readonly dashboardUrl: string;
  /** Another such address. Throws NO_DASHBOARD without one. */
  newDashboardUrl(): string;
  /** Answers what is under way (within a second), then ends every connection and removes control.json. */
  close(): Promise<void>;
}

/** Throws AppError PORT_IN_USE or PORT_FORBIDDEN when an explicitly wanted port can't be had. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { handlers, control, dataFolder } = options;
  const files = control.staticFolder === null ? new Map() : listDashboardFiles(control.staticFolder);

  const server = createServer();
  const port = await listen(server, control.port, control.explicit);
  const url = `http://${LOOPBACK}:${port}`;
  const access = new Access(port);
  const newDashboardUrl = () => {
    if (control.staticFolder === null) throw noDashboard();
    return `${url}/#token=${access.newLinkToken()}`;
  };

  const app = new LazyApp({ handlers, access, files, newDashboardUrl });
  const sockets = new LazySockets({ handlers, access, onDelta: options.onDelta });
  server.on("request", (request, response) => {
    if (!answerHealth(request, response, { access, readiness: options.readiness }))
      void app.answer(request, response);
  });
  server.on("upgrade", (request, socket: Socket, head) => void sockets.upgrade(request, socket, head));

  try {
    writeControlFile(dataFolder, { url, token: access.token, pid: process.pid, startedAt: Date.now() });
  } catch (thrown) {
    server.close();
    throw thrown;
  }

  let closing: Promise<void> | undefined;
  const close = async () => {
    sockets.close();
    const closed = once(server, "close");
    server.close();
    server.closeIdleConnections();
    const force = setTimeout(() => {
      sockets.terminate();
      server.closeAllConnections();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(force);
    removeControlFile(dataFolder, access.token);
  };

  return {
    url,
    dashboardUrl: control.staticFolder === null ? url : newDashboardUrl(),
    newDashboardUrl,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

class LazyApp {
  readonly #parts: HttpAppParts;
  #loading: Promise<(request: IncomingMessage, response: ServerResponse) => unknown> | null = null;

  constructor(parts: HttpAppParts) {
    this.#parts = parts;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#loading ??= this.#load();
      (await this.#loading)(request, response);
    } catch (thrown) {
      this.#loading = null;
      const error = JSON.stringify(filesChanged(thrown).toValue());
      response.writeHead(500, { "Content-Type": "application/json", Connection: "close" }).end(error);
    }
  }

  async #load() {
    const [{ createHttpApp }, { getRequestListener }] = await Promise.all([
      import("./http-app.ts"),
      import("@hono/node-server"),
    ]);
    return getRequestListener(createHttpApp(this.#parts).fetch, { overrideGlobalObjects: false });
  }
}

class LazySockets {
  readonly #parts: SocketsParts;
  #loading: Promise<Sockets> | null = null;
  #loaded: Sockets | null = null;
  #closed = false;

  constructor(parts: SocketsParts) {
    this.#parts = parts;
  }

  async upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    // A caller that hangs up meanwhile is no error.
    socket.on("error", () => socket.destroy());
    try {
      this.#loading ??= import("./sockets.ts").then(({ createSockets }) => createSockets(this.#parts));
      this.#loaded = await this.#loading;
    } catch {
      this.#loading = null;
      socket.destroy(); // Whoever opens a socket asks over HTTP as well, and hears there what is wrong.
      return;
    }
    if (this.#closed) socket.destroy();
    else this.#loaded.upgrade(request, socket, head);
  }

  close(): void {
    this.#closed = true;
    this.#loaded?.close();
  }

  terminate(): void {
    this.#loaded?.terminate();
  }
}

function filesChanged(cause: unknown): AppError {
  return new AppError({
    code: "APP_CHANGED",
    message: "The app's files were replaced while this engine ran, so it can't load the rest of itself",
    actor: "user",
    help: "Start the engine again.",
    cause,
  });
}

function noDashboard(): AppError {
  return new AppError({
    code: "NO_DASHBOARD",
    message: "This engine serves no dashboard",
    actor: "user",
    help: "Start it without --no-dashboard (in a source checkout: after `npm run build`).",
  });
}

/** Listen on loopback; a taken port that nobody insisted on is replaced by a free one. Resolves with the port. */
async function listen(server: Server, port: number, explicit: boolean): Promise<number> {
  try {
    return await tryListen(server, port);
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "EADDRINUSE" && !explicit) return tryListen(server, 0);
    if (code === "EADDRINUSE") {
      throw new AppError({
        code: "PORT_IN_USE",
        message: `Port ${port} on ${LOOPBACK} is used by another program`,
        actor: "user",
        help: "Choose another with --port (0 takes any free one) or BELLOWS_PORT.",
        cause: thrown,
      });
    }
    if (code === "EACCES") {
      throw new AppError({
        code: "PORT_FORBIDDEN",
        message: `Port ${port} may not be used without more rights`,
        actor: "user",
        help: "Choose one above 1023 with --port or BELLOWS_PORT.",
        cause: thrown,
      });
    }
    throw thrown;
  }
}

async function tryListen(server: Server, port: number): Promise<number> {
  server.listen({ host: LOOPBACK, port, exclusive: true });
  await once(server, "listening"); // Rejects when `error` comes first.
  return (server.address() as AddressInfo).port;
}

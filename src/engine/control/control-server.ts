/** The engine's local face: an HTTP and WebSocket server on loopback for the CLI, scripts and the web dashboard. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { EngineConfig } from "../../shared/config.ts";
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { Delta } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { Access } from "./access.ts";
import { removeControlFile, writeControlFile } from "./control-file.ts";
import { listDashboardFiles } from "./dashboard-files.ts";
import { createHttpApp } from "./http-app.ts";
import type { Readiness } from "./readiness.ts";
import { createSockets } from "./sockets.ts";

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

  const app = createHttpApp({ handlers, access, files, newDashboardUrl, readiness: options.readiness });
  const sockets = createSockets({ handlers, access });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  server.on("request", (request, response) => void listener(request, response));
  server.on("upgrade", sockets.upgrade);
  const stopDeltas = options.onDelta(sockets.broadcast);

  try {
    writeControlFile(dataFolder, { url, token: access.token, pid: process.pid, startedAt: Date.now() });
  } catch (thrown) {
    stopDeltas();
    sockets.close();
    server.close();
    throw thrown;
  }

  let closing: Promise<void> | undefined;
  const close = async () => {
    stopDeltas();
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

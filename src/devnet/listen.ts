/** One loopback HTTP server per surface: listens or says in a sentence why not, and closes for good. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { AppError } from "../shared/errors.ts";

const HOST = "127.0.0.1";

export interface Surface {
  /** Shown to people when its port is taken: "AITBC coordinator". */
  readonly name: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** A free port to try first when `port` is 0; another one is taken when it is busy. */
  readonly preferredPort?: number | undefined;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface ListeningSurface {
  readonly port: number;
  readonly url: string;
  /** Open ones now, idle and upgraded ones too. */
  connections(): Promise<number>;
  /** Ends at once, open connections included. */
  close(): Promise<void>;
}

export async function listen(surface: Surface): Promise<ListeningSurface> {
  const server = createServer(getRequestListener(surface.fetch, { overrideGlobalObjects: false }));
  if (surface.upgrade) server.on("upgrade", surface.upgrade);
  else server.on("upgrade", (_request, socket) => socket.destroy());
  server.keepAliveTimeout = 30_000;
  const port = await bind(server, surface);
  return {
    port,
    url: `http://${HOST}:${port}`,
    connections: () =>
      new Promise((resolve) => server.getConnections((error, count) => resolve(error ? 0 : count))),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bind(server: Server, surface: Surface): Promise<number> {
  if (surface.port === 0 && surface.preferredPort !== undefined) {
    try {
      return await bindPort(server, surface.preferredPort);
    } catch (error) {
      if (!isInUse(error)) throw error;
    }
  }
  try {
    return await bindPort(server, surface.port);
  } catch (cause) {
    throw new AppError({
      code: isInUse(cause) ? "PORT_IN_USE" : "PORT_REFUSED",
      message: isInUse(cause)
        ? `Port ${surface.port} (${surface.name}) is already used by another program`
        : `Port ${surface.port} (${surface.name}) cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
      actor: "user",
      help: `End the program that uses port ${surface.port}, or choose another port for the ${surface.name}.`,
      cause,
    });
  }
}

function bindPort(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => {
      server.removeListener("listening", onListening);
      reject(error);
    };
    const onListening = () => {
      server.removeListener("error", onError);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    };
    server.once("error", onError);
    server.once("listening", onListening);
    server.listen(port, HOST);
  });
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}

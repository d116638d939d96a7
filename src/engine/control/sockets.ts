/** The WebSocket side of the control API: the contract's messages as JSON text, and every state delta. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import { type Channel, serveContract } from "../../shared/contract/rpc.ts";
import type { Delta } from "../../shared/contract/views.ts";
import { MIB, SECOND } from "../../shared/durations.ts";
import type { AppError } from "../../shared/errors.ts";
import type { Access } from "./access.ts";
import { forbidden, MAX_BODY_BYTES, unauthorized } from "./refusals.ts";

const SOCKET_PATH = "/api/socket";
const MAX_SOCKETS = 64;
const PING_EVERY_MS = 30 * SECOND;
/** A reader this far behind gets no more deltas; it reconnects and asks for a snapshot. */
const MAX_BACKLOG_BYTES = 8 * MIB;

const GOING_AWAY = 1001;
const BAD_DATA = 1007;
const TRY_AGAIN_LATER = 1013;

export interface Sockets {
  /** Node's `upgrade` event of the HTTP server; errors of the socket are the caller's. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ask every client to end its connection. */
  close(): void;
  /** End those that did not. */
  terminate(): void;
}

export interface SocketsParts {
  readonly handlers: ContractHandlers;
  readonly access: Access;
  /** Subscribe to every state delta; returns the unsubscribe function. Only while somebody is connected. */
  readonly onDelta: (listener: (delta: Delta) => void) => () => void;
}

export function createSockets(parts: SocketsParts): Sockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_BODY_BYTES,
    perMessageDeflate: false,
  });
  const emitters = new Map<WebSocket, (delta: Delta) => void>();
  const quiet = new Set<WebSocket>();
  let stopServing: (() => void) | null = null;

  server.on("connection", (socket: WebSocket) => {
    const contract = serveContract(parts.handlers, socketChannel(socket));
    emitters.set(socket, (delta) => contract.emit("state.delta", delta));
    stopServing ??= beginServing();
    socket.on("pong", () => quiet.delete(socket));
    socket.on("error", () => socket.terminate()); // Broken frames and resets: `close` follows and cleans up.
    socket.on("close", () => {
      contract.stop();
      emitters.delete(socket);
      quiet.delete(socket);
      if (emitters.size === 0) endServing();
    });
  });

  /** Nobody connected: nothing to tell, and nobody to ask whether he is still there. */
  function beginServing(): () => void {
    const stopDeltas = parts.onDelta(broadcast);
    const pings = setInterval(pingAll, PING_EVERY_MS);
    pings.unref();
    return () => {
      stopDeltas();
      clearInterval(pings);
    };
  }

  function endServing(): void {
    stopServing?.();
    stopServing = null;
  }

  function pingAll(): void {
    for (const socket of emitters.keys()) {
      if (quiet.has(socket)) {
        socket.terminate();
      } else {
        quiet.add(socket);
        socket.ping();
      }
    }
  }

  function broadcast(delta: Delta): void {
    for (const [socket, emit] of emitters) {
      if (socket.bufferedAmount > MAX_BACKLOG_BYTES) socket.close(TRY_AGAIN_LATER, "too slow");
      else emit(delta);
    }
  }

  return {
    upgrade(request, socket, head) {
      const refusal = refusalOf(request, parts.access, emitters.size);
      if (refusal !== null) {
        refuse(socket, refusal.status, refusal.error);
        return;
      }
      server.handleUpgrade(request, socket, head, (opened) => server.emit("connection", opened, request));
    },
    close() {
      endServing();
      for (const socket of emitters.keys()) socket.close(GOING_AWAY, "the engine is ending");
      server.close();
    },
    terminate() {
      for (const socket of emitters.keys()) socket.terminate();
    },
  };
}

/** A WebSocket as the contract's channel. What is not JSON ends the connection. */
function socketChannel(socket: WebSocket): Channel {
  return {
    post(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    onMessage(listener) {
      const onMessage = (data: Buffer, isBinary: boolean) => {
        const message = isBinary ? undefined : parseJson(data.toString("utf8"));
        if (message === undefined) socket.close(BAD_DATA, "not JSON");
        else listener(message);
      };
      socket.on("message", onMessage);
      return () => socket.off("message", onMessage);
    },
    onClose(listener) {
      socket.on("close", listener);
      return () => socket.off("close", listener);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusalOf(request: IncomingMessage, access: Access, open: number) {
  if (!access.comesFromHere(request.headers)) {
    return {
      status: "403 Forbidden",
      error: forbidden("This address and page may not speak to the control API"),
    };
  }
  const caller = access.callerOf(request.headers);
  if (caller === null) return { status: "401 Unauthorized", error: unauthorized() };
  if (caller === "browser" && request.headers.origin === undefined) {
    return {
      status: "403 Forbidden",
      error: forbidden("A browser's request says where it comes from; this one does not"),
    };
  }
  if (request.url?.split("?", 1)[0] !== SOCKET_PATH) {
    return { status: "404 Not Found", error: forbidden(`The socket is at ${SOCKET_PATH}`) };
  }
  if (open >= MAX_SOCKETS)
    return { status: "503 Service Unavailable", error: forbidden("Too many connections are open") };
  return null;
}

function refuse(socket: Duplex, status: string, error: AppError): void {
  const body = JSON.stringify(error.toValue());
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

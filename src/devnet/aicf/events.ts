/** Upstream's WebSocket hub (protocols/aicf.md §1.3): topics, no auth, no replay, no filter but the topic. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { KIB } from "../../shared/durations.ts";
import type { Clock } from "../clock.ts";

export const TOPICS = [
  "aicf.jobAssigned",
  "aicf.jobCompleted",
  "aicf.providerSlashed",
  "aicf.epochSettled",
] as const;
export type Topic = (typeof TOPICS)[number];

/** Upstream's, and the guide's shorter one. */
const PATHS = ["/aicf/ws", "/ws"];
const MAX_CLIENT_MESSAGE = 4 * KIB;

export class EventHub {
  readonly #clock: Clock;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_CLIENT_MESSAGE });
  readonly #subscribers = new Map<WebSocket, ReadonlySet<string>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  publish(topic: Topic, data: Readonly<Record<string, unknown>>): void {
    const text = JSON.stringify({ event: topic, ts: this.#clock() / 1000, data });
    for (const [socket, topics] of this.#subscribers) if (topics.has(topic)) socket.send(text);
  }

  /** For an HTTP server's "upgrade" event. */
  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Not read as a URL: what a stranger sends need not be one.
    const [path = "", query] = (request.url ?? "").split("?", 2);
    if (!PATHS.includes(path)) {
      socket.on("error", () => socket.destroy()); // It hung up before it was told.
      socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (client) =>
      this.#accept(client, new URLSearchParams(query).get("topics")),
    );
  };

  /** Every connection ends, as when the market restarts; who listens connects again. */
  dropAll(): void {
    for (const socket of this.#subscribers.keys()) socket.terminate();
  }

  close(): void {
    for (const socket of this.#subscribers.keys()) socket.terminate();
    this.#server.close();
  }

  #accept(client: WebSocket, wanted: string | null): void {
    const topics = new Set(
      wanted === null || wanted === "" ? TOPICS : wanted.split(",").map((topic) => topic.trim()),
    );
    this.#subscribers.set(client, topics);
    client.on("message", (message) => {
      if (message.toString() === "ping")
        client.send(JSON.stringify({ event: "pong", ts: this.#clock() / 1000 }));
    });
    client.on("error", () => client.terminate());
    client.on("close", () => this.#subscribers.delete(client));
  }
}

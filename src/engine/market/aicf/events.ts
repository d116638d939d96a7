/**
 * The market's WebSocket (protocols/aicf.md §1.3): no replay, no filter but the topic. It carries nothing that is
 * believed, only a reason to ask at once: a push is a wake-up, the queue's answer is the truth.
 *
 * Jobs are not listened for: each lease and result of everybody would come to everybody, and what is ours our own poll
 * and submission have been told already.
 *
 * A dropped connection is opened again with back-off; a silent one is found out with upstream's own text "ping".
 */
import { WebSocket } from "ws";
import { KIB, SECOND } from "../../../shared/durations.ts";
import { backoffMs, type Pace, pause } from "../../../shared/wait.ts";
import { agentFor, agents } from "../agents.ts";
import type { DebugSink } from "../http.ts";
import { parseJson } from "../json.ts";
import { LEAST_WAIT } from "../pace.ts";
import type { MarketNews } from "../port.ts";
import { EventSchema, type WireEvent } from "./wire.ts";

const TOPICS = ["aicf.providerSlashed", "aicf.epochSettled"];
/** Whoever loses this connection loses it with all the market's workers (docs/scaling.md). */
export const EVENTS_RETRY: Pace = { base: 2 * SECOND, cap: 30 * SECOND, jitter: 1, least: LEAST_WAIT };
/** And is connected again with them: what was missed is asked for at some time within this. */
const OPENED_SPREAD = 10 * SECOND;
const PING_EVERY = 15 * SECOND;
const SILENT_AFTER = 40 * SECOND;
const MAX_MESSAGE = 64 * KIB;
/** A connection that lasted this long was a good one: the next back-off begins anew. */
const GOOD_AFTER = 10 * SECOND;

export interface EventStreamOptions {
  /** ws:// or wss://, without the topics. */
  readonly url: string;
  readonly providerId: string;
  readonly onNews: (news: MarketNews) => void;
  /** Connected or not, told at each change. */
  readonly onConnection: (connected: boolean) => void;
  /** From 0 to 1: spreads what many workers do together. */
  readonly random?: () => number;
  readonly onDebug?: DebugSink | undefined;
}

/** Runs until the signal aborts; never throws. */
export async function followEvents(options: EventStreamOptions, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    const began = performance.now();
    await oneConnection(options, signal);
    if (performance.now() - began > GOOD_AFTER) attempt = 1;
    await pause(backoffMs(attempt, EVENTS_RETRY, options.random), signal);
  }
}

/** From a connection to the question for what was missed, ms. */
export function missedWait(random: () => number = Math.random): number {
  return Math.round(OPENED_SPREAD * random());
}

/** What a message means for this provider; null: nothing. */
export function newsIn(event: WireEvent, providerId: string): MarketNews | null {
  switch (event.event) {
    case "aicf.providerSlashed":
      return event.data?.providerId === providerId ? "standing" : null;
    case "aicf.epochSettled":
      return "money";
    default:
      return null;
  }
}

/** Where the market's events are served when it is not said: at the queue, else at the node. */
export function eventsUrl(config: {
  readonly wsUrl?: string | undefined;
  readonly queueUrl: string | null;
  readonly rpcUrl: string | null;
}): string | null {
  if (config.wsUrl !== undefined) return config.wsUrl;
  const base = config.queueUrl ?? config.rpcUrl;
  if (base === null) return null;
  const url = new URL(base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/aicf/ws`;
  return url.href;
}

/** Resolves when the connection is over, however it ended. */
function oneConnection(options: EventStreamOptions, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const url = new URL(options.url);
    url.searchParams.set("topics", TOPICS.join(","));
    const socket = new WebSocket(url, {
      agent: agentFor(agents, url.href),
      maxPayload: MAX_MESSAGE,
      handshakeTimeout: 10 * SECOND,
    });
    let heardAt = performance.now();
    let missed: NodeJS.Timeout | undefined;
    const hangUp = () => socket.terminate();
    const pinging = setInterval(() => {
      if (performance.now() - heardAt > SILENT_AFTER) hangUp();
      else if (socket.readyState === WebSocket.OPEN) socket.send("ping");
    }, PING_EVERY);
    signal.addEventListener("abort", hangUp, { once: true });

    socket.on("open", () => {
      options.onConnection(true);
      // What happened while nobody listened was not replayed: ask for everything once.
      missed = setTimeout(() => {
        for (const news of ["work", "money", "standing"] as const) options.onNews(news);
      }, missedWait(options.random));
    });
    socket.on("message", (message) => {
      heardAt = performance.now();
      const event = EventSchema.safeParse(parseJson(message.toString()));
      const news = event.success ? newsIn(event.data, options.providerId) : null;
      if (news !== null) options.onNews(news);
    });
    socket.on("error", (error) => options.onDebug?.("event stream", { message: error.message }));
    socket.on("close", () => {
      clearInterval(pinging);
      clearTimeout(missed);
      signal.removeEventListener("abort", hangUp);
      options.onConnection(false);
      resolve();
    });
  });
}

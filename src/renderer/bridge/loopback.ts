/**
 * The bridge in a browser: the engine that served this page also serves the contract, on a WebSocket of the same
 * origin. The link printed by `bellows` carries a token in its hash; it is traded for a session cookie once and
 * taken out of the address, so that neither history nor a shared screen keeps it.
 */

import type {
  CommandInput,
  CommandName,
  CommandOutput,
  EventName,
  EventPayload,
} from "../../shared/contract/contract.ts";
import { type Channel, connectContract, engineGone } from "../../shared/contract/rpc.ts";
import { SECOND } from "../../shared/durations.ts";
import { backoffMs, delay } from "../../shared/wait.ts";
import type { Bridge, LinkStatus } from "./bridge.ts";
import { socketChannel } from "./socket-channel.ts";

const RETRY = { base: 0.4 * SECOND, cap: 5 * SECOND };
/** WebSocket close code of a server that no longer accepts our session. */
const CLOSE_UNAUTHORISED = 4401;

type Client = ReturnType<typeof connectContract>;
type Session = "granted" | "refused" | "no-answer";

export function createLoopbackBridge(page: Window): Bridge {
  const link = new LoopbackLink(page);
  void link.run();
  return {
    kind: "web",
    version: null,
    app: null,
    invoke: (command, input) => link.invoke(command, input),
    on: (event, listener) => link.on(event, listener),
    onStatus: (listener) => link.onStatus(listener),
  };
}

/** Takes `#token=…` out of the address; null when there is none. */
export function takeToken(page: Pick<Window, "location" | "history">): string | null {
  const match = /^#token=([^&]+)/.exec(page.location.hash);
  if (match?.[1] === undefined) return null;
  page.history.replaceState(null, "", `${page.location.pathname}${page.location.search}`);
  return decodeURIComponent(match[1]);
}

class LoopbackLink {
  readonly #page: Window;
  readonly #events = new Map<EventName, Set<(payload: never) => void>>();
  readonly #statusListeners = new Set<(status: LinkStatus) => void>();
  #status: LinkStatus = { state: "starting", since: Date.now() };
  #client: Client | null = null;
  #token: string | null = null;
  /** Ends the wait before the next try, or the rest after a refusal. */
  #wake = new AbortController();

  constructor(page: Window) {
    this.#page = page;
    this.#token = takeToken(page);
    // The same tab may be given a new link: only the hash changes then, nothing reloads.
    page.addEventListener("hashchange", () => {
      const token = takeToken(page);
      if (token === null) return;
      this.#token = token;
      this.#wake.abort();
    });
    page.addEventListener("online", () => this.#wake.abort());
  }

  invoke<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandOutput<C>> {
    return this.#client === null ? Promise.reject(engineGone()) : this.#client.invoke(command, input);
  }

  on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): () => void {
    const set = this.#events.get(event) ?? new Set();
    this.#events.set(event, set);
    set.add(listener as (payload: never) => void);
    return () => set.delete(listener as (payload: never) => void);
  }

  onStatus(listener: (status: LinkStatus) => void): () => void {
    this.#statusListeners.add(listener);
    listener(this.#status);
    return () => this.#statusListeners.delete(listener);
  }

  /** Runs for the page's life: connect, stay, reconnect with back-off; rest while there is no valid session. */
  async run(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.#tradeToken();
      const end = await this.#stayConnected();
      if (end === "was-open") attempt = 0;
      if (end === "unauthorised") this.#setStatus({ state: "unauthorised" });
      else this.#lost();
      await this.#pauseBefore(attempt);
    }
  }

  /** A cookie from before may do as well, so the socket's answer decides, not this one. */
  async #tradeToken(): Promise<void> {
    if (this.#token === null) return;
    const answer = await this.#fetchSession({
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: this.#token }),
    });
    if (answer !== "no-answer") this.#token = null;
  }

  async #stayConnected(): Promise<"was-open" | "never-open" | "unauthorised"> {
    const address = new URL("/api/socket", this.#page.location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    const closed = new Promise<number>((resolve) => {
      socket.addEventListener("close", (event) => resolve(event.code), { once: true });
    });
    let wasOpen = false;
    socket.addEventListener(
      "open",
      () => {
        wasOpen = true;
        this.#adopt(socketChannel(socket));
      },
      { once: true },
    );
    const code = await closed;
    this.#client = null;
    if (code === CLOSE_UNAUTHORISED) return "unauthorised";
    if (wasOpen) return "was-open";
    // A browser hides why a WebSocket was refused; plain HTTP tells.
    return (await this.#fetchSession({ method: "GET" })) === "refused" ? "unauthorised" : "never-open";
  }

  async #fetchSession(init: RequestInit): Promise<Session> {
    try {
      const response = await fetch("/api/session", {
        ...init,
        credentials: "same-origin",
        cache: "no-store",
      });
      if (response.status === 401 || response.status === 403) return "refused";
      return response.ok ? "granted" : "no-answer";
    } catch {
      return "no-answer"; // The engine is away: the same as any other lost connection.
    }
  }

  #adopt(channel: Channel): void {
    const client = connectContract(channel);
    client.on("state.delta", (delta) => {
      for (const listener of this.#events.get("state.delta") ?? []) listener(delta as never);
    });
    this.#client = client;
    this.#setStatus({ state: "up", since: Date.now() });
  }

  #lost(): void {
    // "Since" is the first loss; failed tries in between do not move it.
    if (this.#status.state === "up") this.#setStatus({ state: "restarting", since: Date.now(), error: null });
  }

  async #pauseBefore(attempt: number): Promise<void> {
    this.#wake = new AbortController();
    const resting = this.#status.state === "unauthorised";
    try {
      if (resting)
        await new Promise((_, reject) => this.#wake.signal.addEventListener("abort", reject, { once: true }));
      else await delay(backoffMs(attempt + 1, RETRY), this.#wake.signal);
    } catch {
      if (resting) this.#setStatus({ state: "starting", since: Date.now() });
    }
  }

  #setStatus(status: LinkStatus): void {
    this.#status = status;
    for (const listener of this.#statusListeners) listener(status);
  }
}

/**
 * One market's life with us: connect and register, then heartbeat, take work and read the books side by side until
 * the market forgets us or the engine stops; then from the start again. It keeps the proofs the UI shows.
 */
import type { MarketLimit, MarketPause, MarketView, ProviderStanding } from "../../shared/contract/views.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, type ErrorValue, isAbort, toErrorValue } from "../../shared/errors.ts";
import { Moment } from "../../shared/moment.ts";
import { backoffMs, pause, Wakeup } from "../../shared/wait.ts";
import { isLedgerFailure } from "../ledger/database.ts";
import { Announcer } from "./announcer.ts";
import { BooksReader } from "./books-reader.ts";
import { Heartbeats } from "./heartbeats.ts";
import { booksUnread } from "./limits.ts";
import type { MarketCall } from "./market-call.ts";
import type { MarketLink, SessionChange, SessionDeps } from "./market-link.ts";
import { RETRY, RETRY_REFUSED, within } from "./pace.ts";
import type { MarketAdapter } from "./port.ts";
import { Restraint } from "./restraint.ts";
import { StandingWatch } from "./standing-watch.ts";
import { Troubles } from "./troubles.ts";
import { WorkTaker } from "./work-taker.ts";

export type { SessionDeps } from "./market-link.ts";

/** A life that lasted this long was a good one: the next back-off begins anew. */
const GOOD_AFTER = MINUTE;
/** Asked of the market itself. Its books may be another's to keep, such as a chain's. */
const OF_MARKET: readonly MarketCall[] = [
  ...["connect", "register", "heartbeat", "poll", "leases", "submit", "renew", "standing"],
] as const;

export class MarketSession implements MarketLink {
  /** Rings when the market answers again after it did not: nobody waits out a back-off then. */
  readonly reachable = new Wakeup();
  readonly adapter: MarketAdapter;
  readonly restraint = new Restraint();
  readonly #deps: SessionDeps;
  readonly #listeners = new Set<(change: SessionChange) => void>();
  readonly #troubles: Troubles;
  readonly #announcer: Announcer;
  readonly #heartbeats: Heartbeats;
  readonly #work: WorkTaker;
  readonly #books: BooksReader;
  readonly #standing: StandingWatch;
  /** What troubles count for whether the market is there. */
  readonly #asked: readonly MarketCall[];
  #phase: "connecting" | "connected" | "off" = "connecting";
  #providerId: string | null = null;
  #lastAccepted: Moment | null = null;
  /** Of an earlier start, unix ms. */
  readonly #acceptedBefore: number | null;

  constructor(deps: SessionDeps) {
    const { adapter, ledger, now } = deps;
    this.#deps = deps;
    this.adapter = adapter;
    this.#asked = adapter.capabilities.work === false ? [...OF_MARKET, "books"] : OF_MARKET;
    const { id: market } = adapter;
    this.#troubles = new Troubles(
      {
        began: ({ error }) => ledger.audit("market-error", now(), error, { market }),
        ended: ({ call, error, since }) => {
          const lastedMs = Math.max(0, now() - since);
          ledger.audit("market-recovered", now(), { ...error, call, lastedMs }, { market });
        },
      },
      now,
    );
    this.#work = new WorkTaker(deps, this);
    this.#announcer = new Announcer(deps, this, (models) => this.#work.noteModels(models));
    this.#heartbeats = new Heartbeats(deps, this, {
      due: () => this.#announcer.look(),
      answered: (health) => this.#noteHeartbeat(health),
    });
    this.#books = new BooksReader(deps, this);
    this.#standing = new StandingWatch(deps, this, () => this.#work.wake());
    const accepted = ledger.service.lastAcceptedAt(market);
    // One that is still to come was written down by a clock that was wrong.
    this.#acceptedBefore = accepted !== null && accepted <= now() ? accepted : null;
  }

  onChange(listener: (change: SessionChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get registered(): boolean {
    return this.#providerId !== null;
  }

  get providerId(): string | null {
    return this.#providerId;
  }

  /** What the market last said of this provider; null before, and where it keeps no such books. */
  get standing(): ProviderStanding | null {
    return this.#standing.last;
  }

  /** What the market asks for; null before the first heartbeat. */
  get heartbeatIntervalMs(): number | null {
    return this.#heartbeats.intervalMs;
  }

  get reconciledAt(): number | null {
    return this.#books.readAt;
  }

  get #state(): MarketView["state"] {
    if (this.#phase === "off") return "off";
    const reach = this.#troubles.reach(this.#asked);
    return reach ?? (this.#phase === "connected" ? "registered" : "connecting");
  }

  view(): MarketView {
    const { adapter, board, now } = this.#deps;
    const paused = this.#deps.paused?.() ?? null;
    const standing = this.#standing.last;
    const trouble = this.#troubles.worst(this.#asked);
    return {
      id: adapter.id,
      name: adapter.name,
      currency: adapter.currency,
      endpoint: adapter.endpoint,
      state: this.#state,
      providerId: this.#providerId,
      lastHeartbeatAckAt: this.#heartbeats.lastAckAt,
      heartbeatIntervalMs: this.#heartbeats.intervalMs,
      ...this.#work.view(),
      lastAcceptedAt: this.#lastAccepted?.at(now()) ?? this.#acceptedBefore,
      leasesHeld: board.count(adapter.id),
      error: trouble?.error ?? (paused && pausedBecause(paused, adapter.name)) ?? this.#standing.withheld(),
      ...(trouble !== null && { failingSince: trouble.since }),
      ...clockView(adapter.clockSkewMs?.() ?? null),
      ...(paused && { paused }),
      ...(standing === null ? {} : { standing }),
      ...(adapter.serviceRules === undefined ? {} : { serviceWarnings: this.#deps.warnings?.() ?? 0 }),
      ...(givesJobs(adapter) ? {} : { givesJobs: false }),
      limits: [...(adapter.limits?.() ?? []), ...this.#booksLimit()],
    };
  }

  /** Work goes on without its books. */
  #booksLimit(): MarketLimit[] {
    const trouble = this.#asked.includes("books") ? null : this.#troubles.of("books");
    return trouble === null ? [] : [booksUnread(trouble.error)];
  }

  /** A result was accepted: the proof, and a reason to look at the books soon. */
  noteAccepted(): void {
    this.#lastAccepted = new Moment(this.#deps.now());
    this.#books.noteAccepted();
    this.tell();
  }

  /** Money moved by our own hand: the books are read now. */
  noteClaimed(): void {
    this.#books.readNow();
  }

  /** Something went wrong while talking to this market, here or in the submitter. */
  noteError(thrown: unknown, call: MarketCall): void {
    this.restraint.note(call, thrown);
    this.#note(() => this.#troubles.note(call, this.#valueOf(thrown)));
  }

  noteAnswered(call: MarketCall): void {
    this.#note(() => this.#troubles.answered(call));
  }

  noteOver(call: MarketCall): void {
    if (this.#troubles.has(call)) this.#note(() => this.#troubles.over(call));
  }

  /** Nobody knows which of our leases still stand: the market is asked. */
  askForLeases(): void {
    this.#work.leases.lookSoon();
  }

  /** Ask the market what it thinks of us; what it said before stands when it does not answer. */
  refreshStanding(signal: AbortSignal): Promise<void> {
    return this.#standing.refresh(signal);
  }

  /** Runs until `signal` aborts; every error is noted, waited out and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      const life = new AbortController();
      const both = AbortSignal.any([signal, life.signal]);
      const began = performance.now();
      try {
        await this.#named("connect", this.#connect(both), both);
        const working =
          this.adapter.capabilities.work === false
            ? []
            : [
                this.#named("heartbeat", this.#heartbeats.run(both), both),
                this.#named("standing", this.#standing.run(both), both),
                this.#named("register", this.#announcer.run(both), both),
                ...(givesJobs(this.adapter) ? [this.#named("poll", this.#work.run(both), both)] : []),
                this.#named("leases", this.#work.leases.run(both), both),
              ];
        const books = this.#named("books", this.#books.run(both), both);
        await allOrNone([...working, books, this.#listen(both)], life);
      } catch (thrown) {
        if (signal.aborted) break;
        if (isLedgerFailure(codeOf(thrown))) throw thrown;
        if (performance.now() - began > GOOD_AFTER) attempt = 1;
        await this.restraint.over("connect", signal);
        const pace = toErrorValue(thrown).actor === "user" ? RETRY_REFUSED : RETRY;
        await pause(backoffMs(attempt, pace), signal);
      }
    }
    this.#phase = "off";
    this.tell();
  }

  /** What ends a life is the trouble of the question that it was. */
  async #named<T>(call: MarketCall, loop: Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await loop;
    } catch (thrown) {
      const code = codeOf(thrown);
      if (!signal.aborted && !isLedgerFailure(code) && code !== "NOT_REGISTERED") {
        this.noteError(thrown, call);
        if (call === "connect") this.#phase = "connecting";
      }
      throw thrown;
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const { adapter, control, ledger, now } = this.#deps;
    await adapter.probe(within(signal));
    const registration = await this.#announcer.register(signal);
    if (registration.providerId !== this.#providerId) {
      ledger.audit("registered", now(), registration, { market: adapter.id });
      ledger.rememberProvider(adapter.id, registration.providerId, now());
    }
    this.#providerId = registration.providerId;
    if (adapter.capabilities.work !== false) {
      await this.#work.leases.look(signal);
      // A market may give no work to a provider whose first heartbeat it has not heard.
      await this.restraint.over("heartbeat", signal);
      if (control.intent !== "stopped")
        await this.#standing.afterHeartbeat(await this.#heartbeats.beat(signal), signal);
    }
    this.#note(() => {
      this.#phase = "connected";
      this.#troubles.answered("connect");
      // Heard just now, or not asked for: what was wrong with it in the life before is over.
      this.#troubles.over("heartbeat");
    });
  }

  #noteHeartbeat(health: string | null): void {
    this.#standing.noteHeartbeat(health);
    // What was asked while the market did not answer may have been heard all the same.
    if (this.#state !== "registered") this.#work.leases.noteLost();
    this.noteAnswered("heartbeat");
    this.#work.leases.noteHeard();
  }

  /** Pushed news only wake a loop that waits; what is true the loop then asks for. */
  async #listen(signal: AbortSignal): Promise<void> {
    await this.adapter.listen?.((news) => {
      switch (news) {
        case "work":
          return this.#work.wake();
        case "money":
          return this.#books.readSoon(signal);
        case "standing":
          void this.refreshStanding(signal).catch((thrown) => {
            if (!signal.aborted) this.noteError(thrown, "standing");
          });
      }
    }, signal);
  }

  #valueOf(thrown: unknown): ErrorValue {
    if (!isAbort(thrown)) return toErrorValue(thrown);
    return {
      code: "MARKET_TIMEOUT",
      message: `${this.adapter.name} did not answer in time`,
      actor: "network",
    };
  }

  /** Something was learnt of whether the market is there. */
  #note(learn: () => void): void {
    const before = this.#state;
    learn();
    if (before !== "registered" && this.#state === "registered") {
      this.#deps.ledger.outbox.retryAllNow(this.adapter.id, this.#deps.now());
      this.reachable.ring();
    }
    this.tell();
  }

  tell(change: SessionChange = "proofs"): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function givesJobs({ capabilities: { work = true, jobs = true } }: MarketAdapter): boolean {
  return work && jobs;
}

/** To the second: what is told again and again is not to change each time. */
function clockView(skewMs: number | null): Pick<MarketView, "clockSkewMs"> {
  return skewMs === null || skewMs === 0 ? {} : { clockSkewMs: Math.round(skewMs / SECOND) * SECOND };
}

function pausedBecause({ lost }: MarketPause, market: string): ErrorValue {
  return {
    code: "MARKET_PAUSED",
    message: `No more work is taken from ${market}: ${lost} leases in a row were lost after their jobs had begun`,
    actor: "user",
    help: "See under Jobs why they were lost; then take its work again on the Reliability screen or with `bellows start`.",
  };
}

/** Loops that live and die together: the first to fail ends the others, and all have ended before it is thrown. */
async function allOrNone(loops: readonly Promise<void>[], life: AbortController): Promise<void> {
  try {
    await Promise.all(loops);
  } finally {
    life.abort(new DOMException("A sibling loop ended", "AbortError"));
    await Promise.allSettled(loops);
  }
}

function codeOf(thrown: unknown): string | null {
  return thrown instanceof AppError ? thrown.code : null;
}

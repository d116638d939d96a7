/**
 * One market's life with us: connect and register, then heartbeat, take work and read the books side by side until
 * the market forgets us or the engine stops; then from the start again. It keeps the proofs the UI shows.
 */
import type { MarketPause, MarketView, ProviderStanding } from "../../shared/contract/views.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, type ErrorValue, isAbort, toErrorValue } from "../../shared/errors.ts";
import { toMoneyValue } from "../../shared/money.ts";
import { backoffMs, pause, Wakeup } from "../../shared/wait.ts";
import { LEDGER_FAILED } from "../ledger/database.ts";
import type { UnsettledPlace } from "../ledger/leases.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { WorkBoard } from "../work/board.ts";
import type { LeaseRoom } from "../work/lease-room.ts";
import type { RunControl } from "../work/run-control.ts";
import type { Lease, MarketAdapter, ProviderProfile, Registration } from "./port.ts";

const DEFAULT_HEARTBEAT = 10 * SECOND;
/** Never slower than this, whatever the market says: a status older than this is no status. */
const SLOWEST_HEARTBEAT = MINUTE;
const LONG_POLL = 20 * SECOND;
/** Pauses between polls at a market that answers at once: 100 polls a minute and IP is AITBC's limit. */
const POLL_BUSY = 700;
const POLL_IDLE = 3 * SECOND;
/** A market that was busy a moment ago is asked again sooner. */
const POLL_PACE = { base: SECOND, cap: POLL_IDLE, factor: 1.5 };
/** All workers of a market lose it at the same moment: they come back spread over the whole wait (docs/scaling.md). */
export const RETRY = { base: SECOND, cap: 10 * SECOND, jitter: 1 };
const RETRY_REFUSED = { base: 5 * SECOND, cap: MINUTE };
const CREDIT_FAST = 2 * SECOND;
const CREDIT_SLOW = 30 * SECOND;
const CREDIT_BATCH = 500;
const REQUEST_TIMEOUT = 30 * SECOND;
/** A look at the books is many requests, each with a limit of its own; a claim among them must not be cut off. */
const BOOKS_TIMEOUT = 3 * MINUTE;

export interface SessionDeps {
  readonly adapter: MarketAdapter;
  readonly board: WorkBoard;
  readonly control: RunControl;
  readonly ledger: Ledger;
  /** Leases whose result is not there yet that this market may have with us at once. */
  readonly quota: () => number;
  /** How many of them to ask for now; absent: all that are free. */
  readonly room?: Pick<LeaseRoom, "wish" | "asking">;
  readonly profile: () => ProviderProfile;
  /** What the service guard does at this market, one sentence each. */
  readonly advice?: () => readonly string[];
  /** Measures of service near or past their limit at this market now. */
  readonly warnings?: () => number;
  /** Why none of this market's work is taken until a person says so; null: it is taken. */
  readonly paused?: () => MarketPause | null;
  readonly now: () => number;
}

export class MarketSession {
  /** Rings when the market answers again after it did not: nobody waits out a back-off then. */
  readonly reachable = new Wakeup();
  readonly adapter: MarketAdapter;
  readonly #deps: SessionDeps;
  readonly #listeners = new Set<() => void>();
  #state: MarketView["state"] = "connecting";
  #providerId: string | null = null;
  #error: ErrorValue | null = null;
  #lastHeartbeatAckAt: number | null = null;
  #heartbeatIntervalMs: number | null = null;
  #lastPollAt: number | null = null;
  #lastPollAnswer: MarketView["lastPollAnswer"] = null;
  #lastAcceptedAt: number | null;
  #reconciledAt: number | null = null;
  /** The market may hold leases for us that we never heard of: an acquire ended without an answer. */
  #grantMayBeLost = false;
  readonly #creditsWanted = new Wakeup();
  /** Rings when the market says there may be work: nobody waits out a pause then. */
  readonly #workWanted = new Wakeup();
  /** Rings when the market says that money moved. */
  readonly #booksChanged = new Wakeup();
  /** Why the books could not be read at the last look. */
  #booksError: ErrorValue | null = null;
  #standing: ProviderStanding | null = null;
  /** The models the market was told of when it last registered us. */
  #announced = "";
  /** The last question for work: the models it names, and what cuts it short when they are no longer ours. */
  #poll: { readonly models: string; readonly outdated: AbortController } | null = null;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.adapter = deps.adapter;
    this.#lastAcceptedAt = deps.ledger.service.lastAcceptedAt(deps.adapter.id);
  }

  onChange(listener: () => void): () => void {
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
    return this.#standing;
  }

  /** What the market asks for; null before the first heartbeat. */
  get heartbeatIntervalMs(): number | null {
    return this.#heartbeatIntervalMs;
  }

  get reconciledAt(): number | null {
    return this.#reconciledAt;
  }

  view(): MarketView {
    const { adapter, board } = this.#deps;
    const paused = this.#deps.paused?.() ?? null;
    return {
      id: adapter.id,
      name: adapter.name,
      currency: adapter.currency,
      endpoint: adapter.endpoint,
      state: this.#state,
      providerId: this.#providerId,
      lastHeartbeatAckAt: this.#lastHeartbeatAckAt,
      heartbeatIntervalMs: this.#heartbeatIntervalMs,
      lastPollAt: this.#lastPollAt,
      lastPollAnswer: this.#lastPollAnswer,
      lastAcceptedAt: this.#lastAcceptedAt,
      leasesHeld: board.count(adapter.id),
      error:
        this.#error ?? (paused && pausedBecause(paused, adapter.name)) ?? withheldBecause(this.#standing),
      ...(paused && { paused }),
      ...(this.#standing === null ? {} : { standing: this.#standing }),
      ...(adapter.serviceRules === undefined ? {} : { serviceWarnings: this.#deps.warnings?.() ?? 0 }),
      limits: [
        ...(adapter.limits?.() ?? []),
        ...(this.#booksError === null ? [] : [`What was paid can't be read: ${this.#booksError.message}`]),
        ...(this.#deps.advice?.() ?? []),
      ],
    };
  }

  /** A result was accepted: the proof, and a reason to look at the books soon. */
  noteAccepted(): void {
    this.#lastAcceptedAt = this.#deps.now();
    this.#creditsWanted.ring();
    this.#tell();
  }

  /** Money moved by our own hand: the books are read now. */
  noteClaimed(): void {
    this.#booksChanged.ring();
  }

  /** Something went wrong while talking to this market, here or in the submitter. */
  noteError(thrown: unknown): void {
    const error = toErrorValue(isAbort(thrown) ? this.#timedOut() : thrown);
    const state =
      error.actor === "network" ? "unreachable" : error.actor === "user" ? "refused" : this.#state;
    if (error.code !== this.#error?.code) {
      this.#deps.ledger.audit("market-error", this.#deps.now(), error, { market: this.adapter.id });
    }
    this.#error = error;
    this.#state = state;
    this.#tell();
  }

  /** Runs until `signal` aborts; every error is noted, waited out and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      const life = new AbortController();
      const both = AbortSignal.any([signal, life.signal]);
      try {
        await this.#connect(both);
        attempt = 0;
        const working =
          this.adapter.capabilities.work === false ? [] : [this.#heartbeats(both), this.#takeWork(both)];
        await allOrNone([...working, this.#readBooks(both), this.#listen(both)], life);
      } catch (thrown) {
        if (signal.aborted) break;
        if (codeOf(thrown) === LEDGER_FAILED) throw thrown;
        if (codeOf(thrown) !== "NOT_REGISTERED") this.noteError(thrown);
        const pace = toErrorValue(thrown).actor === "user" ? RETRY_REFUSED : RETRY;
        await pause(Math.max(retryAfter(thrown), backoffMs(attempt + 1, pace)), signal);
      }
    }
    this.#state = "off";
    this.#tell();
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const { adapter, ledger, now, profile } = this.#deps;
    await adapter.probe(within(signal));
    const registration = await this.#register(profile(), signal);
    if (registration.providerId !== this.#providerId) {
      ledger.audit("registered", now(), registration, { market: adapter.id });
      ledger.rememberProvider(adapter.id, registration.providerId, now());
    }
    this.#providerId = registration.providerId;
    if (adapter.capabilities.work === false) return this.#noteReachable();
    await this.#reconcileLeases(signal);
    // A market may give no work to a provider whose first heartbeat it has not heard.
    if (this.#deps.control.intent !== "stopped") await this.#beat(signal);
    this.#noteReachable();
  }

  async #register(about: ProviderProfile, signal: AbortSignal): Promise<Registration> {
    const registration = await this.adapter.register(about, within(signal));
    this.#announced = about.models.join("\n");
    return registration;
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { adapter, board, control, now, profile, quota } = this.#deps;
    const about = profile();
    // A model came or went: some markets learn of models only when we register, which may be done again at any time.
    const models = about.models.join("\n");
    if (models !== this.#announced) await this.#register(about, signal);
    // A market that holds a question open does so for the models it names: it is asked anew.
    if (this.adapter.capabilities.longPoll && models !== (this.#poll?.models ?? models))
      this.#poll?.outdated.abort(new DOMException("The models changed", "AbortError"));
    const capacity = control.intent === "running" ? quota() : 0;
    const load = { inflight: board.count(adapter.id), capacity, profile: about };
    const ack = await adapter.heartbeat(load, within(signal));
    this.#lastHeartbeatAckAt = now();
    this.#deps.ledger.service.recordHeartbeat(adapter.id, this.#lastHeartbeatAckAt, capacity);
    this.#heartbeatIntervalMs = Math.min(ack.intervalMs ?? DEFAULT_HEARTBEAT, SLOWEST_HEARTBEAT);
    await this.refreshStanding(signal);
  }

  /** Ask the market what it thinks of us; what it said before stands when it does not answer. */
  async refreshStanding(signal: AbortSignal): Promise<void> {
    const { account } = this.#deps.adapter;
    if (account === undefined) return;
    try {
      const before = this.#standing;
      this.#standing = await account.standing(within(signal));
      this.#noteStakes(this.#standing);
      if (before !== null && before.state !== this.#standing.state)
        this.#noteStanding(before, this.#standing);
      this.#tell();
    } catch (thrown) {
      rethrowUnlessRetryable(thrown, signal);
    }
  }

  #noteStakes({ stake }: ProviderStanding): void {
    const { ledger, now } = this.#deps;
    if (stake.parts === undefined) return;
    for (const { what, kind, reference, amount } of ledger.stakes.put(this.adapter.id, stake.parts, now())) {
      const detail = { what, kind, reference, amount: toMoneyValue(amount) };
      ledger.audit("stake-changed", now(), detail, { market: this.adapter.id });
    }
  }

  #noteStanding(before: ProviderStanding, after: ProviderStanding): void {
    const { ledger, now } = this.#deps;
    const detail = { from: before.state, to: after.state, reasons: after.reasons, slashes: after.slashes };
    ledger.audit("standing-changed", now(), detail, { market: this.adapter.id });
    this.#workWanted.ring();
  }

  /** Pushed news only wake a loop that waits; what is true the loop then asks for. */
  async #listen(signal: AbortSignal): Promise<void> {
    await this.adapter.listen?.((news) => {
      switch (news) {
        case "work":
          return this.#workWanted.ring();
        case "money":
          return this.#booksChanged.ring();
        case "standing":
          void this.refreshStanding(signal).catch((thrown) => this.noteError(thrown));
      }
    }, signal);
  }

  /** Adopt what the market says we hold and we don't know; close what we hold and it does not know. */
  async #reconcileLeases(signal: AbortSignal): Promise<void> {
    const { adapter, board, ledger, now } = this.#deps;
    const before = board.held(adapter.id);
    const open = await adapter.openLeases(within(signal));
    this.#grantMayBeLost = false;
    if (open === null) return;
    const adopted = this.#adopt(open);
    if (adopted > 0) ledger.audit("lease-adopted", now(), { count: adopted }, { market: adapter.id });
    const known = new Set(open.map((lease) => lease.leaseId));
    for (const lease of before) {
      const unstarted = lease.state === "leased" || lease.state === "admitted";
      if (unstarted && !known.has(lease.leaseId))
        board.close(lease, "lose", "The market no longer knows this lease");
    }
  }

  /**
   * Written down first; and what came while the person pressed pause or stop goes straight back ("finish" keeps what
   * was on its way). Returns how many were new.
   */
  #adopt(leases: readonly Lease[]): number {
    const { board, control } = this.#deps;
    const adopted = board.grant(leases);
    if (control.intent === "paused" || control.intent === "stopped")
      board.giveBack("Not taking work", { running: false, market: this.adapter.id });
    return adopted;
  }

  async #heartbeats(signal: AbortSignal): Promise<never> {
    const { control } = this.#deps;
    let interval = this.#heartbeatIntervalMs ?? DEFAULT_HEARTBEAT;
    for (let attempt = 1; ; attempt++) {
      // A fleet started together does not beat together. A change of intent is told at once.
      await control.changed.wait(signal, heartbeatWait(interval));
      // A provider that was stopped is not online, and does not claim to be.
      if (control.intent === "stopped") continue;
      try {
        await this.#beat(signal);
        interval = this.#heartbeatIntervalMs ?? DEFAULT_HEARTBEAT;
        attempt = 0;
        if (this.#state !== "registered" || this.#grantMayBeLost) await this.#reconcileLeases(signal);
        this.#noteReachable();
      } catch (thrown) {
        rethrowUnlessRetryable(thrown, signal);
        this.noteError(thrown);
        interval = Math.max(retryAfter(thrown), Math.min(interval, backoffMs(attempt, RETRY)));
      }
    }
  }

  async #takeWork(signal: AbortSignal): Promise<never> {
    const { adapter, board, control, now, quota, room, profile } = this.#deps;
    let emptyPolls = 0;
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      if (control.intent !== "running") {
        await control.changed.wait(signal);
        continue;
      }
      const { models } = profile();
      if (models.length === 0) {
        await control.changed.wait(signal, POLL_IDLE);
        continue;
      }
      const most = quota();
      const max = room?.wish(adapter.id, most) ?? most - board.countUnsent(adapter.id);
      if (max <= 0) {
        await board.roomFreed.wait(signal, POLL_IDLE);
        continue;
      }
      const answered = room?.asking(adapter.id, max);
      const outdated = new AbortController();
      const taking = AbortSignal.any([signal, control.takingSignal, outdated.signal]);
      this.#poll = { models: models.join("\n"), outdated };
      try {
        const wish = {
          max,
          waitMs: adapter.capabilities.longPoll ? longPollWait() : 0,
          models,
        };
        const leases = await adapter
          .acquire(wish, within(taking, wish.waitMs + REQUEST_TIMEOUT))
          .finally(answered);
        this.#lastPollAt = now();
        this.#lastPollAnswer = leases.length > 0 ? "work" : "none";
        attempt = 0;
        emptyPolls = leases.length > 0 ? 0 : emptyPolls + 1;
        if (leases.length > 0) this.#adopt(leases);
        this.#noteReachable();
        // News of work don't end this wait: they may be of the very jobs that went back.
        const declined = board.pauseAfter(leases);
        if (declined > 0) await pause(declined, taking);
        if (!adapter.capabilities.longPoll) {
          await this.#pauseForWork(emptyPolls === 0 ? POLL_BUSY : backoffMs(emptyPolls, POLL_PACE), taking);
        }
      } catch (thrown) {
        if (signal.aborted) throw thrown;
        this.#grantMayBeLost = true;
        if (control.intent !== "running" || outdated.signal.aborted) {
          // The poll was cut short: what the market granted meanwhile is adopted, and after a pause goes back.
          await this.#reconcileLeases(signal).catch((error) => rethrowUnlessRetryable(error, signal));
          continue;
        }
        rethrowUnlessRetryable(thrown, signal);
        this.#lastPollAt = now();
        this.#lastPollAnswer = "error";
        this.noteError(thrown);
        await this.#pauseForWork(Math.max(retryAfter(thrown), backoffMs(attempt, RETRY)), taking);
      }
    }
  }

  async #readBooks(signal: AbortSignal): Promise<never> {
    const { adapter, board, ledger, now } = this.#deps;
    let interval = CREDIT_FAST;
    let turn: UnsettledPlace | undefined;
    for (;;) {
      const { jobs: unsettled, next } = ledger.leases.unsettled(adapter.id, CREDIT_BATCH, turn);
      turn = next;
      if (unsettled.length === 0) {
        await this.#creditsWanted.wait(signal, CREDIT_SLOW);
        interval = CREDIT_FAST;
        await pause(interval, signal);
        continue;
      }
      try {
        const credits = await adapter.credits(
          unsettled.map((lease) => lease.jobId),
          within(signal, BOOKS_TIMEOUT),
        );
        const settled = board.settle(unsettled, credits);
        interval = settled > 0 ? CREDIT_FAST : Math.min(CREDIT_SLOW, interval * 1.5);
        this.#reconciledAt = now();
        this.#booksError = null;
        this.#tell();
      } catch (thrown) {
        // Books that a person has to mend are no reason to stop working.
        if (!isUsersToMend(thrown)) rethrowUnlessRetryable(thrown, signal);
        this.#noteBooksError(thrown);
        interval = Math.max(retryAfter(thrown), Math.min(CREDIT_SLOW, interval * 2));
      }
      await this.#booksChanged.wait(signal, interval).catch(() => undefined);
      signal.throwIfAborted();
    }
  }

  /** Told once for as long as it lasts; work goes on, and whether the market is there is for its heartbeats to say. */
  #noteBooksError(thrown: unknown): void {
    if (this.adapter.capabilities.work === false) {
      this.noteError(thrown);
      return;
    }
    const error = toErrorValue(isAbort(thrown) ? this.#timedOut() : thrown);
    if (error.code !== this.#booksError?.code)
      this.#deps.ledger.audit("market-error", this.#deps.now(), error, { market: this.adapter.id });
    this.#booksError = error;
    this.#tell();
  }

  async #pauseForWork(ms: number, signal: AbortSignal): Promise<void> {
    await this.#workWanted.wait(signal, ms).catch(() => undefined);
  }

  #timedOut(): AppError {
    return new AppError({
      code: "MARKET_TIMEOUT",
      message: `${this.adapter.name} did not answer in time`,
      actor: "network",
      retryable: true,
    });
  }

  #noteReachable(): void {
    const back = this.#state !== "registered";
    this.#state = "registered";
    this.#error = null;
    if (back) {
      this.#deps.ledger.outbox.retryAllNow(this.adapter.id, this.#deps.now());
      this.reachable.ring();
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function pausedBecause({ lost }: MarketPause, market: string): ErrorValue {
  return {
    code: "MARKET_PAUSED",
    message: `No more work is taken from ${market}: ${lost} leases in a row were lost after their jobs had begun`,
    actor: "user",
    help: "See under Jobs why they were lost; then take its work again on the Reliability screen or with `bellows start`.",
  };
}

/** A market that withholds work has said why: shown for as long as it says so. */
function withheldBecause(standing: ProviderStanding | null): ErrorValue | null {
  if (standing === null || standing.reasons.length === 0) return null;
  return {
    code: standing.state === "jailed" ? "JAILED" : "NOT_ELIGIBLE",
    message: `No work is given to this provider: ${standing.reasons.map((reason) => reason.text).join("; ")}`,
    actor: "user",
    help: standing.reasons.map((reason) => reason.help).join(" "),
  };
}

/** How long a market may hold a poll, ms. Not the same for all: workers that began together would ask together for ever. */
export function longPollWait(random: () => number = Math.random): number {
  return Math.round(LONG_POLL * (0.7 + 0.3 * random()));
}

/** The next heartbeat comes up to a fifth early, never late: ms. */
export function heartbeatWait(interval: number, random: () => number = Math.random): number {
  return interval * (0.8 + 0.2 * random());
}

/** A call's own time limit on top of the life it belongs to. */
function within(signal: AbortSignal, ms = REQUEST_TIMEOUT): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
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

function retryAfter(thrown: unknown): number {
  return thrown instanceof AppError ? (thrown.retryAfterMs ?? 0) : 0;
}

/** NOT_REGISTERED and what nobody foresaw end this life of the session; the rest is waited out inside it. */
function rethrowUnlessRetryable(thrown: unknown, signal: AbortSignal): void {
  if (signal.aborted) throw thrown;
  if (isAbort(thrown)) return; // A call's time limit: the market did not answer.
  if (!(thrown instanceof AppError) || thrown.code === "NOT_REGISTERED" || thrown.actor === "user")
    throw thrown;
  if (thrown.actor === "bug" || thrown.code === LEDGER_FAILED) throw thrown;
}

function isUsersToMend(thrown: unknown): boolean {
  if (!(thrown instanceof AppError) || thrown.actor !== "user") return false;
  return thrown.code !== "NOT_REGISTERED" && thrown.code !== LEDGER_FAILED;
}

/**
 * The board: every lease we hold, in memory, exactly as the ledger has it. All moves of a job go through here, so
 * that the ledger row, the queue and the listeners never disagree.
 */
import type { JobState, MarketId } from "../../shared/contract/views.ts";
import { AppError, type ErrorValue } from "../../shared/errors.ts";
import { Wakeup } from "../../shared/wait.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { JobCredit, Lease, SubmitOutcome } from "../market/port.ts";
import type { Admission } from "./admission.ts";
import { Declines } from "./declines.ts";
import { HeldLeases } from "./held-leases.ts";
import { canHappen, type JobEvent, UNSTARTED_STATES } from "./job-machine.ts";
import { type ComputedItem, MarketWord, type Mover } from "./market-word.ts";
import { BatchPlanner, type BatchTaker, type NextBatch } from "./next-batch.ts";
import { Suspects } from "./suspects.ts";

export interface BoardChange {
  readonly row: number;
  readonly market: MarketId;
  readonly event: JobEvent | "lease";
  readonly state: JobState;
  /** Where it runs or ran last; null: nowhere yet. */
  readonly device: string | null;
}

export interface BoardDeps {
  readonly ledger: Ledger;
  /** In the settings of today; absent: every market that there is. */
  readonly markets?: readonly MarketId[];
  /** Judges a lease before it is queued; null: run it. */
  readonly admit: (lease: HeldLease) => Admission;
  /** What a job that took `ms` of a device brings, less its cost, in any one unit; absent, null: nobody knows. */
  readonly netValue?: (lease: HeldLease, ms: number) => number | null;
  readonly now: () => number;
}

const MARKET_LEFT: ErrorValue = {
  code: "MARKET_LEFT",
  message: "Its market was taken out of the settings, so nobody waits for the result",
  actor: "user",
};

export class WorkBoard {
  /** Rings when a job becomes ready to run. */
  readonly workReady = new Wakeup();
  /** Rings when fewer leases wait for their result. */
  readonly roomFreed = new Wakeup();
  /** Rings when a market has something to hear. */
  readonly outboxFilled = new Wakeup();

  readonly #held = new HeldLeases();
  readonly #suspects = new Suspects();
  readonly #declines = new Declines();
  /** By market: when it last gave us something new, unix ms. */
  readonly #lastGrant = new Map<MarketId, number>();
  readonly #listeners = new Set<(change: BoardChange) => void>();
  readonly #deps: BoardDeps;
  readonly #planner: BatchPlanner;
  readonly #word: MarketWord;

  constructor(deps: BoardDeps) {
    const { ledger, now } = deps;
    this.#deps = deps;
    this.#planner = new BatchPlanner(this.#held, this.#suspects, now);
    const move: Mover = (lease, event, fields) => this.#move(lease, event, fields);
    this.#word = new MarketWord({ ledger, held: this.#held, move, now });
  }

  onChange(listener: (change: BoardChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * After a start: what ran when the engine died runs again (nothing of it was promised), what was computed goes
   * out again under its old key, and what ran out of time is closed. Of a market that is not configured any more nobody
   * can hear: what had no result is closed, and results stay in the outbox until it is configured again.
   */
  recover(): { requeued: number; expired: number; toSubmit: number } {
    const now = this.#deps.now();
    const counts = { requeued: 0, expired: 0, toSubmit: 0 };
    this.#deps.ledger.transaction(() => {
      for (const lease of this.#deps.ledger.leases.held()) {
        const hasResult = lease.state === "computed" || lease.state === "submitting";
        if (this.#deps.markets?.includes(lease.market) === false) {
          if (!hasResult) this.#move(lease, "lose", { error: MARKET_LEFT });
          continue;
        }
        this.#held.put(lease);
        this.#planner.noteState(lease.row, lease.state);
        if (hasResult) counts.toSubmit++;
        else if (lease.expiresAt !== null && lease.expiresAt <= now) {
          counts.expired++;
          this.#move(lease, "expire", { note: "The lease ran out while the engine was not running" });
        } else if (lease.state === "running") {
          counts.requeued++;
          this.#suspects.recall(lease.row, lease.runs);
          this.#move(lease, "requeue", { note: "The engine ended while this job ran" });
        }
      }
    });
    for (const lease of this.#held.inState("leased")) this.#judge(lease);
    return counts;
  }

  /** New leases from a market: written down first, then judged. Known ones are left alone. Returns how many were new. */
  grant(leases: readonly Lease[]): number {
    const { ledger, now } = this.#deps;
    const fresh: HeldLease[] = [];
    ledger.transaction(() => {
      for (const lease of leases) {
        const row = ledger.leases.insert(lease, now());
        if (row !== null) fresh.push(ledger.leases.get(row));
      }
    });
    for (const lease of fresh) {
      this.#held.put(lease);
      this.#lastGrant.set(lease.market, now());
      this.#tell(lease, "lease");
    }
    ledger.transaction(() => {
      for (const lease of fresh) this.#judge(lease);
    });
    this.workReady.ring();
    return fresh.length;
  }

  /** How long to leave a market alone that gave us these, ms: 0 unless each of them was declined. */
  pauseAfter(leases: readonly Lease[]): number {
    return this.#declines.pauseAfter(leases);
  }

  /** Jobs that could run now, or those of them that `which` picks. */
  readyCount(which: (lease: HeldLease) => boolean = () => true): number {
    return this.#held.inState("admitted").filter(which).length;
  }

  /** Device time went to these jobs, ms in all: their markets' share of it is remembered. */
  noteServed(leases: readonly HeldLease[], ms: number): void {
    const { netValue } = this.#deps;
    const each = ms / leases.length;
    for (const lease of leases) this.#planner.noteServed(lease.market, each, netValue?.(lease, each) ?? null);
  }

  /**
   * The oldest ready job of the market served least, and others of the same model, marked running; empty when nothing
   * is ready. A job that failed before runs by itself.
   */
  takeBatch(taker: BatchTaker): HeldLease[] {
    const batch = this.#planner.plan(taker)?.batch ?? [];
    const { device } = taker;
    if (batch.length > 0) this.#suspects.noteTaken(device);
    return this.#deps.ledger.transaction(() => batch.map((lease) => this.#move(lease, "run", { device })));
  }

  /** null: nothing is ready for this device. */
  nextBatch(taker: BatchTaker): NextBatch | null {
    return this.#planner.preview(taker);
  }

  /** Results and their digests become durable in one commit, and with them the promise to submit them. */
  completeBatch(items: readonly ComputedItem[]): void {
    this.#word.promise(items);
    this.outboxFilled.ring();
  }

  /**
   * These jobs ran and came to nothing: each runs again by itself, on another device first, until it has failed too
   * often.
   */
  requeue(leases: readonly HeldLease[], error: AppError): void {
    this.#deps.ledger.transaction(() => {
      for (const lease of leases) {
        if (!this.#held.allowsInRun(lease, "requeue")) continue;
        if (this.#suspects.note(lease.row, lease.device)) this.#fail(lease, error);
        else this.#move(lease, "requeue", { note: error.message });
      }
    });
    this.workReady.ring();
    this.outboxFilled.ring();
  }

  /** The device went away from under these jobs, through no fault of theirs: they wait as before. */
  putBack(leases: readonly HeldLease[], reason: string): void {
    this.#deps.ledger.transaction(() => {
      for (const lease of leases)
        if (this.#held.allowsInRun(lease, "requeue")) this.#move(lease, "requeue", { note: reason });
    });
    this.workReady.ring();
  }

  /** No device here can compute these jobs: their market finds somebody else. */
  handBack(leases: readonly HeldLease[], error: AppError): void {
    this.#deps.ledger.transaction(() => {
      for (const lease of leases)
        if (this.#held.allowsInRun(lease, "giveBack")) this.#return(lease, error.message, error.code);
    });
    this.outboxFilled.ring();
  }

  /** What was admitted is judged again: the memory, the model or the time it counted on may be gone. */
  judgeAgain(): void {
    this.#deps.ledger.transaction(() => {
      for (const lease of this.#held.inState("admitted")) {
        const verdict = this.#deps.admit(lease);
        if (verdict.kind !== "admit") this.#decline(lease, verdict);
      }
    });
  }

  /** This job can't be done: the market is told so. */
  fail(lease: HeldLease, error: AppError): void {
    if (!this.#held.allows(lease.row, "fail")) return;
    this.#deps.ledger.transaction(() => this.#fail(lease, error));
    this.outboxFilled.ring();
  }

  /**
   * Give back what has not begun (and, with `running`, what has): pause, finish and stop come through here. With
   * `device`: what runs there, and nothing else.
   */
  giveBack(reason: string, options: { running: boolean; market?: MarketId; device?: string }): number {
    const states: JobState[] = options.running ? [...UNSTARTED_STATES, "running"] : [...UNSTARTED_STATES];
    const leases = this.#held
      .of()
      .filter(
        (lease) =>
          states.includes(lease.state) &&
          (options.market === undefined || lease.market === options.market) &&
          (options.device === undefined || (lease.state === "running" && lease.device === options.device)),
      );
    this.#deps.ledger.transaction(() => {
      for (const lease of leases) this.#return(lease, reason);
    });
    this.outboxFilled.ring();
    return leases.length;
  }

  /** The market has answered a submission. */
  settleSubmission(row: number, outcome: SubmitOutcome): void {
    this.#word.settleSubmission(row, outcome);
  }

  /** Credits the market has booked, matched to accepted jobs by job id. Returns how many were settled. */
  settle(unsettled: readonly { row: number; jobId: string }[], credits: readonly JobCredit[]): number {
    return this.#word.settle(unsettled, credits);
  }

  markSubmitting(row: number): void {
    this.#word.markSubmitting(row);
  }

  /**
   * A lease whose time is over, or that the market no longer knows, before its job began. What has begun since the
   * caller looked goes on: a market also forgets a lease whose result it has just taken, and only the answer to the
   * submission tells the two apart.
   */
  close(lease: HeldLease, event: "expire" | "lose", note: string): void {
    const current = this.#held.get(lease.row);
    if (current === undefined || (current.state !== "leased" && current.state !== "admitted")) return;
    this.#deps.ledger.transaction(() =>
      this.#move(current, event, {
        error: { code: event === "expire" ? "LEASE_EXPIRED" : "LEASE_LOST", message: note, actor: "market" },
      }),
    );
  }

  extend(row: number, expiresAt: number): void {
    const lease = this.#held.get(row);
    if (lease === undefined) return;
    this.#deps.ledger.leases.setExpiry(row, expiresAt);
    this.#held.put({ ...lease, expiresAt });
  }

  held(market?: MarketId): HeldLease[] {
    return this.#held.of(market);
  }

  count(market?: MarketId): number {
    return market === undefined ? this.#held.size : this.held(market).length;
  }

  /** Leases whose result is not there yet. */
  countUnsent(market: MarketId): number {
    return this.#held.countUnsent(market);
  }

  /** When the market last gave us something new, unix ms; null: not since this start. */
  lastGrant(market: MarketId): number | null {
    return this.#lastGrant.get(market) ?? null;
  }

  #judge(lease: HeldLease): void {
    const verdict = this.#deps.admit(lease);
    if (verdict.kind === "admit") {
      this.#declines.forget(lease);
      this.#move(lease, "admit");
    } else this.#decline(lease, verdict);
  }

  #decline(lease: HeldLease, verdict: Exclude<Admission, { kind: "admit" }>): void {
    this.#deps.ledger.audit("lease-declined", this.#deps.now(), verdict.error, {
      market: lease.market,
      row: lease.row,
    });
    const fate = this.#declines.note(lease, verdict.error);
    if (verdict.kind === "expired") this.#move(lease, "expire", { error: verdict.error });
    else if (fate.kind === "return") this.#return(lease, verdict.error.message, verdict.error.code);
    else this.#fail(lease, AppError.fromValue(verdict.error, { retryable: fate.retryable }));
    this.outboxFilled.ring();
  }

  #return(lease: HeldLease, reason: string, code = "RETURNED"): void {
    this.#move(lease, "giveBack", {
      note: reason,
      error: { code, message: reason, actor: code === "RETURNED" ? "user" : "machine" },
    });
    this.#word.tellReturned(lease, reason);
  }

  #fail(lease: HeldLease, error: AppError): void {
    this.#move(lease, "fail", { error: error.toValue() });
    this.#word.tellFailed(lease, error);
  }

  #move(lease: HeldLease, event: JobEvent, fields: Parameters<Ledger["leases"]["apply"]>[3] = {}): HeldLease {
    const state = this.#deps.ledger.leases.apply(lease.row, event, this.#deps.now(), fields);
    // Whoever moves it may know it from before its last renewal.
    const current = this.#held.get(lease.row) ?? lease;
    const moved: HeldLease = {
      ...current,
      state,
      runs: current.runs + (event === "run" ? 1 : 0),
      device: fields.device ?? current.device,
    };
    const open = state === "leased" || canHappen(state, "expire");
    if (state !== "admitted" && state !== "running") this.#suspects.delete(lease.row);
    this.#planner.noteState(lease.row, state);
    if (open) this.#held.put(moved);
    if (state === "computed" || (!open && this.#held.remove(lease.row))) this.roomFreed.ring();
    this.#tell(moved, event);
    return moved;
  }

  #tell(lease: HeldLease, event: JobEvent | "lease"): void {
    for (const listener of this.#listeners) {
      listener({ row: lease.row, market: lease.market, event, state: lease.state, device: lease.device });
    }
  }
}

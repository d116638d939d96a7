/**
 * Compares the leases that the market believes we hold with those on the board, whenever an answer may have been lost.
 * A list that fails is asked for again at a pace of its own: heartbeats and polls go on beside it.
 */
import { backoffMs, pause, Wakeup } from "../../shared/wait.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { MarketLink, SessionDeps } from "./market-link.ts";
import { RETRY, rethrowUnlessRetryable, within } from "./pace.ts";
import type { Lease } from "./port.ts";

/** After Stop: about a minute, for what was granted in its last moment; a market that is gone for longer is left alone. */
const TRIES_WHEN_STOPPED = 9;

export class LeaseReconciler {
  readonly #deps: Pick<SessionDeps, "adapter" | "board" | "control" | "ledger" | "now">;
  readonly #link: MarketLink;
  readonly #adopt: (leases: readonly Lease[]) => number;
  readonly #wanted = new Wakeup();
  /** The market may hold leases for us that we never heard of. */
  #inDoubt = false;
  #isWanted = false;

  /** `adopt` returns how many of them were new. */
  constructor(deps: SessionDeps, link: MarketLink, adopt: (leases: readonly Lease[]) => number) {
    this.#deps = deps;
    this.#link = link;
    this.#adopt = adopt;
  }

  /** An answer may have been lost: the list is asked for when the market is heard again. */
  noteLost(): void {
    this.#inDoubt = true;
  }

  /** The market answers. */
  noteHeard(): void {
    if (this.#inDoubt) this.#want();
  }

  /** The list is asked for as soon as may be. */
  lookSoon(): void {
    this.#inDoubt = true;
    this.#want();
  }

  /** Asks once; when that fails it is asked again beside whoever called. Throws what nobody can wait out. */
  async look(signal: AbortSignal): Promise<void> {
    this.#inDoubt = true;
    const mayAsk = this.#link.restraint.left("leases") === 0;
    if (!mayAsk || !(await this.#ask(signal))) this.#want();
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#isWanted) await this.#untilKnown(signal);
      else await this.#wanted.wait(signal);
    }
  }

  async #untilKnown(signal: AbortSignal): Promise<void> {
    const { control } = this.#deps;
    this.#isWanted = false;
    for (let failures = 0; this.#inDoubt; ) {
      await this.#link.restraint.over("leases", signal);
      signal.throwIfAborted();
      if (await this.#ask(signal)) return;
      failures += 1;
      if (control.intent === "stopped" && failures >= TRIES_WHEN_STOPPED) break;
      await pause(backoffMs(failures, RETRY), signal);
    }
    this.#link.noteOver("leases");
  }

  /** false: no answer that can be used. */
  async #ask(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#compare(signal);
      return true;
    } catch (thrown) {
      rethrowUnlessRetryable(thrown, signal);
      this.#link.noteError(thrown, "leases");
      return false;
    }
  }

  /** Adopt what the market says we hold and we don't know; close what we hold and it does not know. */
  async #compare(signal: AbortSignal): Promise<void> {
    const { adapter, board, ledger, now } = this.#deps;
    const before = board.held(adapter.id);
    const open = await adapter.openLeases(within(signal));
    this.#inDoubt = false;
    if (open === null) return this.#link.noteOver("leases");
    const adopted = this.#adopt(open);
    if (adopted > 0) ledger.audit("lease-adopted", now(), { count: adopted }, { market: adapter.id });
    const known = new Map(open.map((lease) => [lease.leaseId, lease]));
    for (const lease of before) {
      const unstarted = lease.state === "leased" || lease.state === "admitted";
      const there = known.get(lease.leaseId);
      if (there !== undefined) this.#takeExpiry(lease, there.expiresAt);
      else if (unstarted) board.close(lease, "lose", "The market no longer knows this lease");
    }
    this.#link.noteAnswered("leases");
  }

  /** Ours may be wrong when a clock was set. One that was renewed since the question is right. */
  #takeExpiry({ row, market, expiresAt }: HeldLease, theirs: number | null): void {
    const { board } = this.#deps;
    if (theirs === null || theirs === expiresAt) return;
    const current = board.held(market).find((lease) => lease.row === row);
    if (current?.expiresAt === expiresAt) board.extend(row, theirs);
  }

  #want(): void {
    this.#isWanted = true;
    this.#wanted.ring();
  }
}

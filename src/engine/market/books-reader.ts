/** The reading of a market's books: what was paid for the jobs it accepted, asked for as long as one of them is unpaid. */
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { Moment } from "../../shared/moment.ts";
import { pause, Wakeup } from "../../shared/wait.ts";
import { isLedgerFailure } from "../ledger/database.ts";
import type { UnsettledPlace } from "../ledger/leases.ts";
import { LateCredits } from "./late-credits.ts";
import type { MarketLink, SessionDeps } from "./market-link.ts";
import { moneyWait, rethrowUnlessRetryable, within } from "./pace.ts";

const CREDIT_FAST = 2 * SECOND;
const CREDIT_SLOW = 30 * SECOND;
const CREDIT_BATCH = 500;
/** A look at the books is many requests, each with a limit of its own; a claim among them must not be cut off. */
const BOOKS_TIMEOUT = 3 * MINUTE;

export class BooksReader {
  readonly #deps: Pick<SessionDeps, "adapter" | "board" | "ledger" | "now">;
  readonly #link: MarketLink;
  readonly #creditsWanted = new Wakeup();
  readonly #changed = new Wakeup();
  #readAt: Moment | null = null;
  /** A push waits for its turn. */
  #pushed: NodeJS.Timeout | undefined;

  constructor(deps: Pick<SessionDeps, "adapter" | "board" | "ledger" | "now">, link: MarketLink) {
    this.#deps = deps;
    this.#link = link;
  }

  /** When they were last read, unix ms. */
  get readAt(): number | null {
    return this.#readAt?.at(this.#deps.now()) ?? null;
  }

  /** There is a job more that will be paid: a reason to look soon. */
  noteAccepted(): void {
    this.#creditsWanted.ring();
  }

  /** Money moved by our own hand: they are read now. */
  readNow(): void {
    this.#changed.ring();
  }

  /** The market says that money moved, to all its providers in the same moment: each comes when its turn is. */
  readSoon(signal: AbortSignal): void {
    if (this.#pushed !== undefined) return;
    const end = () => {
      clearTimeout(this.#pushed);
      this.#pushed = undefined;
      signal.removeEventListener("abort", end);
    };
    this.#pushed = setTimeout(() => {
      end();
      this.#changed.ring();
    }, moneyWait());
    signal.addEventListener("abort", end, { once: true });
  }

  async run(signal: AbortSignal): Promise<never> {
    const { adapter, board, ledger, now } = this.#deps;
    let interval = CREDIT_FAST;
    let turn: UnsettledPlace | undefined;
    const late = new LateCredits(adapter.id, ledger.writeOffs);
    for (;;) {
      const { jobs, next } = ledger.leases.unsettled(adapter.id, CREDIT_BATCH, turn);
      turn = next;
      const unsettled = [...jobs, ...late.due(now())];
      if (unsettled.length === 0) {
        this.#link.noteOver("books");
        await this.#creditsWanted.wait(signal, CREDIT_SLOW);
        interval = CREDIT_FAST;
        await pause(interval, signal);
        continue;
      }
      try {
        await this.#link.restraint.over("books", signal);
        const jobIds = unsettled.map((lease) => lease.jobId);
        const settled = board.settle(unsettled, await adapter.credits(jobIds, within(signal, BOOKS_TIMEOUT)));
        late.noteAnswered();
        interval = settled > 0 ? CREDIT_FAST : Math.min(CREDIT_SLOW, interval * 1.5);
        this.#readAt = new Moment(now());
        this.#link.noteOver("books");
        this.#link.tell("books");
      } catch (thrown) {
        // Books that a person has to mend are no reason to stop working.
        if (!isUsersToMend(thrown)) rethrowUnlessRetryable(thrown, signal);
        this.#link.noteError(thrown, "books");
        interval = Math.min(CREDIT_SLOW, interval * 2);
      }
      await this.#changed.wait(signal, interval).catch(() => undefined);
      signal.throwIfAborted();
    }
  }
}

function isUsersToMend(thrown: unknown): boolean {
  if (!(thrown instanceof AppError) || thrown.actor !== "user") return false;
  return thrown.code !== "NOT_REGISTERED" && !isLedgerFailure(thrown.code);
}

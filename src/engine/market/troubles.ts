/**
 * What goes wrong with a market, by the kind of question: a poll that fails beside heartbeats that work is one trouble
 * for as long as it lasts, shown all the time and written down when it begins and when it is over.
 */
import { MINUTE } from "../../shared/durations.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import type { MarketCall } from "./market-call.ts";

/** What works again for so long is over; what fails again before is still the same. */
const CALM = MINUTE;
/** Refused these, a provider can do nothing here. */
const VITAL: ReadonlySet<MarketCall> = new Set(["connect", "heartbeat", "poll"]);
const WORST_FIRST: readonly ErrorValue["actor"][] = ["bug", "user", "machine", "network", "market"];

interface Spell {
  error: ErrorValue;
  /** Of its beginning, unix ms. */
  readonly since: number;
  /** Its place among all beginnings and answers. */
  turn: number;
  /** In a row; 0: it works again. */
  failures: number;
  /** Nobody answered at least once: an error page of what stands before the market is no answer of the market. */
  wasSilent: boolean;
  /** It worked in between, and failed again before that was for good. */
  hadCalm: boolean;
  /** Works again since then, by a clock that only goes on, ms. */
  calmSince: number;
  /** Codes that were written down. */
  readonly told: Set<string>;
}

export interface Trouble {
  readonly call: MarketCall;
  readonly error: ErrorValue;
  /** Unix ms. */
  readonly since: number;
}

/** Hears of each trouble once when it begins, once for each other error that it turns to, and once when it is over. */
export interface TroubleLog {
  began(trouble: Trouble): void;
  ended(trouble: Trouble): void;
}

export class Troubles {
  readonly #spells = new Map<MarketCall, Spell>();
  readonly #log: TroubleLog;
  readonly #now: () => number;
  /** Counts beginnings and answers: which came later is no question for a clock that may be set. */
  #turn = 0;
  #answeredTurn = 0;

  constructor(log: TroubleLog, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  note(call: MarketCall, error: ErrorValue): void {
    this.#endCalm();
    const spell = this.#spells.get(call) ?? this.#begin(call, error);
    spell.error = error;
    spell.failures += 1;
    if (error.actor === "network") spell.wasSilent = true;
    // Once may be chance, where it worked a moment ago.
    if (spell.hadCalm && spell.failures === 2) {
      spell.hadCalm = false;
      spell.turn = ++this.#turn;
    }
    if (spell.told.has(error.code)) return;
    spell.told.add(error.code);
    this.#log.began({ call, error, since: spell.since });
  }

  /** The market answered this question as it should. */
  answered(call: MarketCall): void {
    this.#answeredTurn = ++this.#turn;
    this.over(call);
  }

  /** It is no longer asked, or was answered by somebody who is not the market. */
  over(call: MarketCall): void {
    const spell = this.#spells.get(call);
    if (spell !== undefined && spell.failures > 0)
      Object.assign(spell, { failures: 0, wasSilent: false, hadCalm: true, calmSince: performance.now() });
    this.#endCalm();
  }

  /** Something went wrong with it, and that is not over yet. */
  has(call: MarketCall): boolean {
    return this.#spells.has(call);
  }

  /** What goes wrong with this question now; null: nothing. */
  of(call: MarketCall): Trouble | null {
    const spell = this.#spells.get(call);
    return spell === undefined || spell.failures === 0
      ? null
      : { call, error: spell.error, since: spell.since };
  }

  /** Of all that goes wrong with these questions, what matters most; of two alike the older one. */
  worst(calls: readonly MarketCall[]): Trouble | null {
    const all = calls.map((call) => this.of(call)).filter((trouble) => trouble !== null);
    const rank = ({ error, since }: Trouble) => [WORST_FIRST.indexOf(error.actor), since] as const;
    return (
      all.toSorted((a, b) => {
        const [[actorA, sinceA], [actorB, sinceB]] = [rank(a), rank(b)];
        return actorA - actorB || sinceA - sinceB;
      })[0] ?? null
    );
  }

  /**
   * Is the market there? A trouble that began before its last answer is no sign that it is not; a refusal of what is
   * vital stays one, whatever else is answered.
   */
  reach(calls: readonly MarketCall[]): "unreachable" | "refused" | null {
    const now = calls.flatMap((call) => {
      const spell = this.#spells.get(call);
      return spell === undefined || spell.failures === 0
        ? []
        : [{ ...spell, call, isNew: spell.turn > this.#answeredTurn }];
    });
    const isRefusal = ({ error, isNew, call }: (typeof now)[number]) =>
      error.actor === "user" && (isNew || VITAL.has(call));
    if (now.some(isRefusal)) return "refused";
    return now.some(({ wasSilent, isNew }) => wasSilent && isNew) ? "unreachable" : null;
  }

  #endCalm(): void {
    const now = performance.now();
    for (const [call, { failures, calmSince, error, since }] of this.#spells) {
      if (failures > 0 || now - calmSince < CALM) continue;
      this.#spells.delete(call);
      this.#log.ended({ call, error, since });
    }
  }

  #begin(call: MarketCall, error: ErrorValue): Spell {
    const spell: Spell = {
      ...{ error, since: this.#now(), turn: ++this.#turn },
      ...{ failures: 0, wasSilent: false, hadCalm: false, calmSince: 0, told: new Set<string>() },
    };
    this.#spells.set(call, spell);
    return spell;
  }
}

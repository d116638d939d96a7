/**
 * Leases that were lost after their job had begun, one after the other: something is wrong that trying on does not mend
 * (a machine too slow for the leases, a second worker with the same name, a market that takes its jobs back), and
 * each costs device time and standing. After five in a row nothing more is taken there until a person has looked.
 * What was held at the same time is lost for the same reason: a lease counts when it was taken after the last one that did.
 */
import { z } from "zod";
import type { GuardAction, GuardChange } from "../../shared/contract/service-level.ts";
import type { MarketId, MarketPause } from "../../shared/contract/views.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { say } from "../../shared/words/said.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { BoardChange } from "../work/board.ts";

const MOST_IN_A_ROW = 5;
const DEFAULT_INTERVAL = 15 * SECOND;
/** Two heartbeats that failed to come, and the time a call may take: longer silence is a market or a machine that was away. */
const IN_TOUCH = { intervals: 2, slack: 5 * SECOND } as const;
const BEAT_BEFORE = 2 * MINUTE;
/** Changes told since this start. */
const LOG_LENGTH = 50;

const CountSchema = z.object({
  /** In a row, since a result was accepted or a person looked. */
  lost: z.number().int().nonnegative(),
  /** When the last of them was, unix ms. */
  lastAt: z.number().int(),
  /** Unix ms; null: work is taken. */
  pausedAt: z.number().int().nullable(),
});
type Count = z.infer<typeof CountSchema>;
const NONE: Count = { lost: 0, lastAt: 0, pausedAt: null };

export interface LostLeasesDeps {
  readonly ledger: Ledger;
  /** How often a market is to hear of us, ms; null: it has not said. */
  readonly heartbeatIntervalMs: (market: MarketId) => number | null;
  readonly now: () => number;
  readonly onChange: () => void;
}

export class LostLeases {
  readonly #deps: LostLeasesDeps;
  readonly #counts = new Map<MarketId, Count>();
  readonly #log = new Map<MarketId, readonly GuardChange[]>();

  constructor(deps: LostLeasesDeps, markets: readonly MarketId[]) {
    this.#deps = deps;
    for (const market of markets) this.#counts.set(market, read(deps.ledger.setting(nameOf(market))));
  }

  /** Told with every move of a job, in the transaction that writes it down. */
  noteJob({ market, event, row }: BoardChange): void {
    const { ledger, now, onChange } = this.#deps;
    const { lost, lastAt, pausedAt } = this.#countOf(market);
    if (event === "accept" && lost > 0 && pausedAt === null) this.#set(market, NONE);
    if ((event !== "lose" && event !== "expire") || pausedAt !== null) return;
    const { runs, leasedAt } = ledger.leases.get(row);
    const at = now();
    const withTheLast = leasedAt < lastAt && lastAt <= at; // Else the clock was set back since.
    if (runs === 0 || withTheLast || !this.#wereInTouch(market, leasedAt)) return;
    const isEnough = lost + 1 >= MOST_IN_A_ROW;
    this.#set(market, { lost: lost + 1, lastAt: at, pausedAt: isEnough ? at : null });
    if (!isEnough) return;
    this.#tell(market, "began", actionOf({ since: at, lost: lost + 1 }));
    onChange();
  }

  /** null: its work is taken. */
  pauseAt(market: MarketId): MarketPause | null {
    const { lost, pausedAt } = this.#countOf(market);
    return pausedAt === null ? null : { since: pausedAt, lost };
  }

  /** The same as something the guard does; null: it does nothing. */
  actionAt(market: MarketId): GuardAction | null {
    const pause = this.pauseAt(market);
    return pause && actionOf(pause);
  }

  /** What changed at this market since the start, newest first. */
  changesAt(market: MarketId): readonly GuardChange[] {
    return this.#log.get(market) ?? [];
  }

  /** A person has looked: work is taken again, and counting begins anew. */
  resume(market: MarketId): void {
    const action = this.actionAt(market);
    if (action === null) return;
    this.#deps.ledger.transaction(() => {
      this.#set(market, NONE);
      this.#tell(market, "ended", action);
    });
    this.#deps.onChange();
  }

  /** Did the market hear of us all the while since then? Else the lease was lost to a line, a sleep or an outage. */
  #wereInTouch(market: MarketId, since: number): boolean {
    const { ledger, now, heartbeatIntervalMs } = this.#deps;
    const longest = IN_TOUCH.intervals * (heartbeatIntervalMs(market) ?? DEFAULT_INTERVAL) + IN_TOUCH.slack;
    const beats = ledger.service.heartbeats(market, since - BEAT_BEFORE);
    const before = beats.findLast((at) => at <= since) ?? since;
    const times = [before, ...beats.filter((at) => at > since), now()];
    return times.every((at, i) => i === 0 || Math.abs(at - (times[i - 1] ?? at)) <= longest);
  }

  #countOf(market: MarketId): Count {
    return this.#counts.get(market) ?? NONE;
  }

  #set(market: MarketId, count: Count): void {
    this.#counts.set(market, count);
    this.#deps.ledger.setSetting(nameOf(market), JSON.stringify(count));
  }

  #tell(market: MarketId, change: GuardChange["change"], action: GuardAction): void {
    const { ledger, now } = this.#deps;
    const acts = { began: change === "began" ? [action] : [], ended: change === "ended" ? [action] : [] };
    ledger.audit("guard-acted", now(), acts, { market });
    const { kind, measure, model, device, text, lost } = action;
    const told: GuardChange = { at: now(), change, kind, measure, model, device, text, lost };
    this.#log.set(market, [told, ...this.changesAt(market)].slice(0, LOG_LENGTH));
  }
}

function actionOf({ since, lost }: MarketPause): GuardAction {
  const { text } = say("guardPausesMarket", { count: lost });
  return { kind: "pause-market", since, measure: null, model: null, device: null, lost, text };
}

const nameOf = (market: MarketId): string => `lost-leases.${market}`;

/** What another version wrote counts for nothing. */
function read(text: string | null): Count {
  try {
    return CountSchema.parse(JSON.parse(text ?? "null"));
  } catch {
    return NONE;
  }
}

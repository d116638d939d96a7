/**
 * The guards of all markets that demand something of a provider's service, and beside them what holds for every market: no
 * more is taken where lease after lease is lost.
 */
import type { ServiceLevel, ServiceMeasure } from "../../shared/contract/service-level.ts";
import type { MarketId, MarketPause, ProviderStanding } from "../../shared/contract/views.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { FailedModel } from "../self-test/failed-models.ts";
import type { BoardChange } from "../work/board.ts";
import { ServiceGuard } from "./guard.ts";
import { LostLeases } from "./lost-leases.ts";
import type { ServiceRules } from "./rules.ts";

/** What a session knows of its market's word about us. */
export interface Watched {
  readonly standing: ProviderStanding | null;
  readonly heartbeatIntervalMs: number | null;
}

export interface GuardsDeps {
  readonly markets: readonly { readonly id: MarketId; readonly serviceRules?: ServiceRules }[];
  readonly watched: (market: MarketId) => Watched | undefined;
  readonly fullQuota: (market: MarketId) => number;
  readonly failedModels?: () => readonly FailedModel[];
  /** Measures that nobody is warned of. */
  readonly excused?: () => ReadonlySet<ServiceMeasure["name"]>;
  readonly ledger: Ledger;
  readonly now: () => number;
  readonly onChange: () => void;
}

export class ServiceGuards {
  readonly #guards = new Map<MarketId, ServiceGuard>();
  readonly #lost: LostLeases;
  readonly #fullQuota: (market: MarketId) => number;

  constructor(deps: GuardsDeps) {
    const { ledger, now, onChange, fullQuota } = deps;
    this.#fullQuota = fullQuota;
    const heartbeatIntervalMs = (market: MarketId) => deps.watched(market)?.heartbeatIntervalMs ?? null;
    const ids = deps.markets.map(({ id }) => id);
    this.#lost = new LostLeases({ ledger, heartbeatIntervalMs, now, onChange }, ids);
    for (const { id, serviceRules } of deps.markets) {
      if (serviceRules === undefined) continue;
      const market = {
        id,
        rules: serviceRules,
        standing: () => deps.watched(id)?.standing ?? null,
        heartbeatIntervalMs: () => deps.watched(id)?.heartbeatIntervalMs ?? null,
        fullQuota: () => fullQuota(id),
        failedModels: deps.failedModels ?? (() => []),
        ...(deps.excused !== undefined && { excused: deps.excused }),
      };
      this.#guards.set(id, new ServiceGuard({ market, ledger, now, onChange }));
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#guards.values()].map((guard) => guard.run(signal)));
  }

  /** Leases to hold at most at this market now. */
  quota(market: MarketId): number {
    if (this.pauseAt(market) !== null) return 0;
    return this.#guards.get(market)?.quota ?? this.#fullQuota(market);
  }

  /** Measures near or past their limit now. */
  warnings(market: MarketId): number {
    return this.#guards.get(market)?.warnings ?? 0;
  }

  level(market: MarketId): ServiceLevel | null {
    const level = this.#guards.get(market)?.level ?? null;
    if (level === null) return null;
    const action = this.#lost.actionAt(market);
    const log = [...this.#lost.changesAt(market), ...level.log].sort((a, b) => b.at - a.at);
    return { ...level, actions: action === null ? level.actions : [...level.actions, action], log };
  }

  /** Told with every move of a job. */
  noteJob(change: BoardChange): void {
    this.#lost.noteJob(change);
  }

  /** Why none of this market's work is taken until a person says so; null: it is taken. */
  pauseAt(market: MarketId): MarketPause | null {
    return this.#lost.pauseAt(market);
  }

  /** A person has looked: this market's work is taken again. */
  resume(market: MarketId): void {
    this.#lost.resume(market);
  }

  /** Something changed that is not seen in the ledger: look now. */
  look(): void {
    for (const guard of this.#guards.values()) guard.look();
  }
}

/** The guards of all markets that demand something of a provider's service; markets that don't have none. */
import type { ServiceLevel, ServiceMeasure } from "../../shared/contract/service-level.ts";
import type { MarketId, ProviderStanding } from "../../shared/contract/views.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { FailedModel } from "../self-test/failed-models.ts";
import { ServiceGuard } from "./guard.ts";
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
  readonly #fullQuota: (market: MarketId) => number;

  constructor(deps: GuardsDeps) {
    const { ledger, now, onChange, fullQuota } = deps;
    this.#fullQuota = fullQuota;
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
    return this.#guards.get(market)?.quota ?? this.#fullQuota(market);
  }

  /** What a guard does at this market, one sentence each. */
  sentences(market: MarketId): readonly string[] {
    return this.#guards.get(market)?.sentences ?? [];
  }

  /** Measures near or past their limit now. */
  warnings(market: MarketId): number {
    return this.#guards.get(market)?.warnings ?? 0;
  }

  level(market: MarketId): ServiceLevel | null {
    return this.#guards.get(market)?.level ?? null;
  }

  /** Something changed that is not seen in the ledger: look now. */
  look(): void {
    for (const guard of this.#guards.values()) guard.look();
  }
}

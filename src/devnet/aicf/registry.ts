/** Registration, stake and heartbeats: upstream's registry classes behind profile v1. */
import type { BlockClock, Clock } from "../clock.ts";
import type { Store } from "../store.ts";
import { UNBONDING_BLOCKS } from "./constants.ts";
import { ineligibleReasons, minimumStake, type Standing } from "./eligibility.ts";
import { badRequest, Refusal, unknownProvider } from "./errors.ts";
import { afterHeartbeat, type Health, healthAt } from "./health.ts";
import { type PendingRelease, type Provider, type ProviderProfile, Providers } from "./providers.ts";
import { availability, mean, percentile, SLA_THRESHOLDS, SLA_WINDOW_MS } from "./sla.ts";

export interface Heartbeat {
  readonly qos: number | null;
  readonly leasesActive: number | null;
  /** null: keep what was said before. */
  readonly leasesCapacity: number | null;
}

export class Registry {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #blocks: BlockClock;
  readonly #providers: Providers;
  readonly heartbeatMs: number;

  constructor(store: Store, clock: Clock, blocks: BlockClock, heartbeatMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#blocks = blocks;
    this.#providers = new Providers(store.db);
    this.heartbeatMs = heartbeatMs;
  }

  find(id: string): Provider | null {
    return this.#providers.get(id);
  }

  get(id: string): Provider {
    const provider = this.#providers.get(id);
    if (!provider) throw unknownProvider(id);
    return provider;
  }

  list(offset: number, limit: number): Provider[] {
    return this.#providers.list(offset, limit);
  }

  /** True when the id was new. Another key for a known id is refused. */
  register(profile: ProviderProfile): boolean {
    return this.#store.transact(() => {
      const known = this.#providers.get(profile.id);
      if (known && !Buffer.from(known.publicKey).equals(profile.publicKey)) {
        throw new Refusal(
          409,
          "AICF_REGISTRY_ERROR",
          `provider ${profile.id} is registered with another key`,
        );
      }
      this.#providers.save(profile, this.#clock());
      this.#store.log.record("aicf", {
        event: "registered",
        providerId: profile.id,
        created: known === null,
      });
      return known === null;
    });
  }

  stake(id: string, amount: number): void {
    this.#store.transact(() => {
      const { stake } = this.get(id);
      const total = stake + amount;
      if (!Number.isSafeInteger(total)) throw badRequest("amount is too large");
      this.#providers.addStake(id, amount);
      const event = {
        event: "staked",
        providerId: id,
        amount: String(amount),
        total: String(total),
      } as const;
      this.#store.log.record("aicf", event);
    });
  }

  /** Starts the release of 1…(what is not being released already). */
  unstake(id: string, amount: number): void {
    this.#store.transact(() => {
      const provider = this.get(id);
      const free = this.effectiveStake(provider);
      if (amount > free) {
        throw badRequest(`unstake amount must be between 1 and ${free}`, { effective: free });
      }
      const releaseHeight = this.#blocks.height() + UNBONDING_BLOCKS;
      this.#providers.addRelease(id, { amount, releaseHeight });
      this.#store.log.record("aicf", {
        event: "unstaked",
        providerId: id,
        amount: String(amount),
        releaseHeight,
      });
    });
  }

  heartbeat(id: string, beat: Heartbeat): Health {
    return this.#store.transact(() => {
      const provider = this.get(id);
      const now = this.#clock();
      const record = afterHeartbeat(healthRecord(provider), this.heartbeatMs, now);
      const leasesCapacity = beat.leasesCapacity ?? provider.leasesCapacity;
      this.#providers.recordHeartbeat(id, { score: record.score, at: now, qos: beat.qos, leasesCapacity });
      const told = { inflight: beat.leasesActive, capacity: leasesCapacity };
      this.#store.log.record("aicf", { event: "heartbeat", providerId: id, ...told });
      return healthAt(record, this.heartbeatMs, now);
    });
  }

  effectiveStake(provider: Provider): number {
    return Math.max(0, provider.stake - sum(this.#providers.pendingReleases(provider.id)));
  }

  standing(provider: Provider): Standing {
    return {
      capabilities: provider.capabilities,
      effectiveStake: this.effectiveStake(provider),
      health: this.#health(provider),
      everHeard: provider.lastHeartbeat !== null,
    };
  }

  /** Profile v1's ProviderDetail. */
  detail(id: string) {
    const provider = this.get(id);
    const now = this.#clock();
    const standing = this.standing(provider);
    const pending = this.#providers.pendingReleases(id);
    const reasons = ineligibleReasons(standing);
    return {
      ...this.view(provider),
      health: standing.health.score,
      health_state: standing.health.state,
      jailed_until_ms: null,
      stake: {
        total: provider.stake,
        effective: standing.effectiveStake,
        pending_release: pending.map(({ amount, releaseHeight }) => ({
          amount,
          release_height: releaseHeight,
        })),
        minimum: minimumStake(provider.capabilities),
      },
      sla: this.#sla(provider, now),
      slashes: [],
      heartbeat: { last_ms: provider.lastHeartbeat, interval_ms: this.heartbeatMs },
      eligible: reasons.length === 0,
      ineligible_reasons: reasons,
      height: this.#blocks.height(),
    };
  }

  /** Upstream's ProviderView. */
  view(provider: Provider) {
    return {
      id: provider.id,
      name: provider.name,
      capabilities: provider.capabilities,
      stake: provider.stake,
      status: "active",
      endpoint: provider.endpoint,
      region: provider.region,
    };
  }

  /** False when the nonce was used before. */
  spendNonce(id: string, nonce: string, expiresAt: number): boolean {
    return this.#store.transact(() => this.#providers.spendNonce(id, nonce, expiresAt));
  }

  /** Call now and then, inside a transaction. */
  tidy(): void {
    const now = this.#clock();
    this.#providers.releaseUpTo(this.#blocks.height());
    this.#providers.forgetHeartbeatsBefore(now - SLA_WINDOW_MS);
    this.#providers.forgetNoncesBefore(now);
  }

  #health(provider: Provider): Health {
    return healthAt(healthRecord(provider), this.heartbeatMs, this.#clock());
  }

  #sla(provider: Provider, now: number) {
    const from = Math.max(provider.registeredAt, now - SLA_WINDOW_MS);
    const beats = this.#providers.heartbeatsSince(provider.id, from);
    const latencies = this.#providers.latenciesSince(provider.id, from);
    return {
      window: { from_ms: from, to_ms: now, jobs: latencies.length },
      traps: null,
      qos: mean(beats.flatMap((beat) => (beat.qos === null ? [] : [beat.qos]))),
      latency_p95_ms: percentile(latencies, 0.95),
      availability: availability(
        beats.map((beat) => beat.at),
        from,
        now,
      ),
      thresholds: SLA_THRESHOLDS,
    };
  }
}

function healthRecord(provider: Provider) {
  return { score: provider.healthScore, lastMs: provider.lastHeartbeat };
}

function sum(releases: readonly PendingRelease[]): number {
  return releases.reduce((total, release) => total + release.amount, 0);
}

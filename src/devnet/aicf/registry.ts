/** Registration, stake and heartbeats: upstream's registry classes behind profile v1. */
import type { BlockClock, Clock } from "../clock.ts";
import type { Store } from "../store.ts";
import { UNBONDING_BLOCKS } from "./constants.ts";
import { ineligibleReasons, minimumStake, type Standing } from "./eligibility.ts";
import { badRequest, Refusal, unknownProvider } from "./errors.ts";
import { afterHeartbeat, type Health, healthAt } from "./health.ts";
import type { PendingRelease, Provider, ProviderProfile, Providers } from "./providers.ts";
import type { ServiceBook } from "./service-book.ts";
import { SLA_THRESHOLDS } from "./sla.ts";

export interface Heartbeat {
  readonly qos: number | null;
  readonly leasesActive: number | null;
  /** null: keep what was said before. */
  readonly leasesCapacity: number | null;
}

export interface RegistryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly blocks: BlockClock;
  readonly providers: Providers;
  readonly book: ServiceBook;
}

export interface RegistryRules {
  readonly heartbeatMs: number;
  /** Length of a service window. */
  readonly windowMs: number;
  /** Provider ids and regions the operator keeps out. */
  readonly deny: { readonly providers: readonly string[]; readonly regions: readonly string[] };
}

export class Registry {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #blocks: BlockClock;
  readonly #providers: Providers;
  readonly #book: ServiceBook;
  readonly #rules: RegistryRules;

  constructor(parts: RegistryParts, rules: RegistryRules) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#blocks = parts.blocks;
    this.#providers = parts.providers;
    this.#book = parts.book;
    this.#rules = rules;
  }

  get heartbeatMs(): number {
    return this.#rules.heartbeatMs;
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
      jailed: this.#jailedUntilMs(provider) !== null,
      denied: this.#denied(provider),
    };
  }

  /** When the jail ends, unix ms; null: free. */
  jailedUntilMs(id: string): number | null {
    return this.#jailedUntilMs(this.get(id));
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
      jailed_until_ms: this.#jailedUntilMs(provider),
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
      slashes: this.#book.slashes(id).map(({ reason, amount, height, at, jobId }) => ({
        reason,
        amount,
        height,
        at_ms: at,
        ...(jobId === null ? {} : { job_id: jobId }),
      })),
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
      status: this.#jailedUntilMs(provider) === null ? "active" : "jailed",
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
    this.#providers.forgetHeartbeatsBefore(now - 2 * this.#rules.windowMs);
    this.#book.forgetBefore(now - 2 * this.#rules.windowMs);
    this.#providers.forgetNoncesBefore(now);
  }

  #health(provider: Provider): Health {
    return healthAt(healthRecord(provider), this.heartbeatMs, this.#clock());
  }

  #jailedUntilMs({ jailedUntilHeight }: Provider): number | null {
    if (jailedUntilHeight === null || jailedUntilHeight <= this.#blocks.height()) return null;
    return this.#blocks.timeOf(jailedUntilHeight);
  }

  #denied({ id, region }: Provider): Standing["denied"] {
    const { providers, regions } = this.#rules.deny;
    if (providers.includes(id)) return "provider";
    return region !== null && regions.includes(region) ? "region" : null;
  }

  #sla(provider: Provider, now: number) {
    const from = Math.max(provider.registeredAt, now - this.#rules.windowMs);
    const measured = this.#book.measure(provider.id, from, now);
    return {
      window: { from_ms: from, to_ms: now, jobs: measured.jobs, traps: measured.trapsTotal },
      traps: measured.traps,
      qos: measured.qos,
      latency_p95_ms: measured.latencyP95Ms,
      availability: measured.availability,
      thresholds: SLA_THRESHOLDS,
      next_judged_ms: provider.windowFrom + this.#rules.windowMs,
    };
  }
}

function healthRecord(provider: Provider) {
  return { score: provider.healthScore, lastMs: provider.lastHeartbeat };
}

function sum(releases: readonly PendingRelease[]): number {
  return releases.reduce((total, release) => total + release.amount, 0);
}

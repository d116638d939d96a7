/** The AICF market as one object: its parts wired together, its clockwork started and stopped. */
import type { BlockClock, Clock } from "../clock.ts";
import type { Store } from "../store.ts";
import { Authenticator } from "./authenticate.ts";
import { TICK_MS } from "./constants.ts";
import { EventHub } from "./events.ts";
import { Inspector } from "./inspector.ts";
import { Jobs } from "./jobs.ts";
import { Leases } from "./leases.ts";
import { Outputs } from "./outputs.ts";
import { Providers } from "./providers.ts";
import { Queue } from "./queue.ts";
import { Receiver } from "./receiver.ts";
import { Registry, type RegistryRules } from "./registry.ts";
import { ServiceBook } from "./service-book.ts";
import { SLA_WINDOW_MS } from "./sla.ts";
import type { Traps } from "./traps.ts";
import { type SettlementOrder, Treasury } from "./treasury.ts";

export interface AicfOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly blocks: BlockClock;
  readonly chainId: number;
  readonly epochMs: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** Length of a service window; default upstream's 15 minutes. */
  readonly windowMs?: number | undefined;
  /** Default true. */
  readonly slashing?: boolean | undefined;
  readonly deny?: RegistryRules["deny"] | undefined;
  /** null or absent: no traps are set. */
  readonly traps?: Traps | null | undefined;
  readonly settlementOrder?: SettlementOrder | undefined;
  readonly onBug: (error: unknown) => void;
}

export class AicfMarket {
  readonly registry: Registry;
  readonly jobs: Jobs;
  readonly leases: Leases;
  readonly outputs: Outputs;
  readonly events: EventHub;
  readonly queue: Queue;
  readonly receiver: Receiver;
  readonly treasury: Treasury;
  readonly authenticator: Authenticator;
  readonly inspector: Inspector;
  readonly traps: Traps | null;
  readonly blocks: BlockClock;
  readonly chainId: number;
  readonly #options: AicfOptions;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: AicfOptions) {
    const { store, clock, blocks, chainId, leaseMs } = options;
    this.#options = options;
    this.blocks = blocks;
    this.chainId = chainId;
    const windowMs = options.windowMs ?? SLA_WINDOW_MS;
    const providers = new Providers(store.db);
    const book = new ServiceBook(store.db);
    this.traps = options.traps ?? null;
    this.registry = new Registry(
      { store, clock, blocks, providers, book },
      {
        heartbeatMs: options.heartbeatMs,
        windowMs,
        deny: options.deny ?? { providers: [], regions: [] },
      },
    );
    this.jobs = new Jobs(store.db);
    this.leases = new Leases(store.db);
    this.outputs = new Outputs(store, clock);
    this.events = new EventHub(clock);
    const { registry, jobs, leases, outputs, events } = this;
    this.queue = new Queue({
      store,
      clock,
      blocks,
      registry,
      jobs,
      leases,
      outputs,
      events,
      chainId,
      leaseMs,
    });
    this.receiver = new Receiver({
      store,
      clock,
      blocks,
      queue: this.queue,
      jobs,
      leases,
      outputs,
      events,
      registry,
      book,
      traps: this.traps,
    });
    this.treasury = new Treasury(store, clock, blocks, jobs, events, options.settlementOrder);
    this.inspector = new Inspector({
      store,
      clock,
      blocks,
      providers,
      book,
      events,
      windowMs,
      slashing: options.slashing ?? true,
    });
    this.authenticator = new Authenticator(registry, clock, chainId);
  }

  /** Ticks and epochs run from here on. An epoch that ended while the devnet was off is settled at once. */
  start(): void {
    this.#every(TICK_MS, () => {
      this.queue.sweep();
      this.inspector.inspect();
      if (this.#epochIsOver()) this.treasury.settle();
    });
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.events.close();
  }

  #epochIsOver(): boolean {
    const { store, clock, epochMs } = this.#options;
    const began =
      this.treasury.lastSettledAt() ?? Number(store.metaOnce("aicf.first-epoch", () => String(clock())));
    return clock() - began >= epochMs;
  }

  #every(ms: number, work: () => void): void {
    const timer = setInterval(() => {
      try {
        work();
      } catch (error) {
        this.#options.onBug(error);
      }
    }, ms);
    this.#timers.push(timer);
  }
}

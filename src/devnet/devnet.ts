/** Both markets in one process: opens the store, wires the markets, listens on four ports, and ends it all in order. */
import { join } from "node:path";
import type { DevnetConfig, DevnetReady } from "../shared/config.ts";
import { MINUTE } from "../shared/durations.ts";
import { DEFAULT_HEARTBEAT_MS, DEFAULT_LEASE_MS } from "./aicf/constants.ts";
import { AicfMarket } from "./aicf/market.ts";
import { nodeApp } from "./aicf/node-app.ts";
import { queueApp } from "./aicf/queue-app.ts";
import { Chain } from "./aitbc/chain.ts";
import { chainApp } from "./aitbc/chain-app.ts";
import { Coordinator } from "./aitbc/coordinator.ts";
import { coordinatorApp } from "./aitbc/coordinator-app.ts";
import { BlockClock, type Clock, DEFAULT_BLOCK_MS } from "./clock.ts";
import { startDemand } from "./demand.ts";
import { readDemoTexts } from "./demand-jobs.ts";
import { type ListeningSurface, listen, type Surface } from "./listen.ts";
import { Store } from "./store.ts";

export interface DevnetOptions {
  /** Told, in one line, of what a person might want to know; default: nobody. */
  readonly log?: (line: string) => void;
  /** Default: the wall clock. */
  readonly clock?: Clock;
}

export interface Devnet {
  readonly ready: DevnetReady;
  /** Ends listening, clockwork and store; everything is on disk anyway. Safe to repeat. */
  close(): Promise<void>;
}

type PortName = keyof DevnetConfig["ports"];
type SurfaceSpec = Omit<Surface, "port" | "preferredPort">;

const TIDY_EVERY_MS = MINUTE;

/** Resolves once every port listens. Throws AppError, e.g. PORT_IN_USE, and leaves nothing open then. */
export async function startDevnet(config: DevnetConfig, options: DevnetOptions = {}): Promise<Devnet> {
  const clock = options.clock ?? Date.now;
  const onBug = (error: unknown) =>
    options.log?.(`unexpected: ${error instanceof Error ? error.stack : String(error)}`);
  const undo: (() => void | Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      for (const step of undo.reverse()) await step();
    })();
    return closing;
  };

  try {
    const subjects = config.demand ? readDemoTexts(join(config.resourcesFolder, "demo", "texts.json")) : [];
    const store = Store.open(config.dataFolder, clock);
    undo.push(() => store.close());
    const genesisMs = Number(store.metaOnce("genesis-ms", () => String(clock())));
    const blocks = new BlockClock(genesisMs, config.blockMs ?? DEFAULT_BLOCK_MS, clock);
    const chain = new Chain(store, blocks);
    const coordinator = new Coordinator(store, chain, clock);
    const market = new AicfMarket({
      store,
      clock,
      blocks,
      chainId: config.chainId,
      epochMs: config.epochMs,
      leaseMs: config.leaseMs ?? DEFAULT_LEASE_MS,
      heartbeatMs: config.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
      onBug,
    });

    const { minerApiKey, rateLimits = false } = config;
    const specs: Record<PortName, SurfaceSpec> = {
      coordinator: {
        name: "AITBC coordinator",
        fetch: coordinatorApp({ coordinator, minerApiKey, clock, rateLimits, onBug }).fetch,
      },
      chainRpc: { name: "AITBC chain RPC", fetch: chainApp(chain, clock).fetch },
      queue: { name: "AICF queue", fetch: queueApp(market, onBug).fetch, upgrade: market.events.upgrade },
      node: { name: "AICF node", fetch: nodeApp(market, onBug).fetch, upgrade: market.events.upgrade },
    };
    const open = async (name: PortName): Promise<ListeningSurface> => {
      const before = Number(store.getMeta(`port.${name}`) ?? "0");
      const preferredPort = before === 0 ? undefined : before;
      const surface = await listen({ ...specs[name], port: config.ports[name], preferredPort });
      undo.push(() => surface.close());
      store.setMeta(`port.${name}`, String(surface.port));
      return surface;
    };
    const ready: DevnetReady = {
      kind: "ready",
      coordinatorUrl: (await open("coordinator")).url,
      chainRpcUrl: (await open("chainRpc")).url,
      queueUrl: (await open("queue")).url,
      nodeUrl: (await open("node")).url,
      logFile: store.log.file,
    };

    market.start();
    undo.push(() => market.stop());
    const tidying = setInterval(() => coordinator.tidy(), TIDY_EVERY_MS);
    undo.push(() => clearInterval(tidying));
    if (config.demand) {
      const stop = startDemand({
        ...config.demand,
        store,
        coordinator,
        queue: market.queue,
        countQueued: { aitbc: () => coordinator.countQueued(), aicf: () => market.jobs.countQueued() },
        subjects,
        payeeWallet: config.payeeWallet ?? null,
        onBug,
      });
      undo.push(stop);
    }
    options.log?.(`markets are open: AITBC ${ready.coordinatorUrl}, AICF ${ready.queueUrl}`);
    return { ready, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Both markets in one process: opens the store, wires the markets, listens on four ports, and ends it all in order. */
import { join } from "node:path";
import type { DevnetConfig, DevnetReady } from "../shared/config.ts";
import { MINUTE } from "../shared/durations.ts";
import { aicfOptions } from "./aicf/from-config.ts";
import { AicfMarket } from "./aicf/market.ts";
import { nodeApp } from "./aicf/node-app.ts";
import { queueApp } from "./aicf/queue-app.ts";
import { Chain } from "./aitbc/chain.ts";
import { chainApp } from "./aitbc/chain-app.ts";
import { Coordinator } from "./aitbc/coordinator.ts";
import { coordinatorApp } from "./aitbc/coordinator-app.ts";
import { gpuApp } from "./aitbc/gpu-app.ts";
import { GpuService } from "./aitbc/gpu-service.ts";
import { Marketplace } from "./aitbc/marketplace.ts";
import type { HasQuirk } from "./aitbc/quirks.ts";
import { BlockClock, type Clock, DEFAULT_BLOCK_MS } from "./clock.ts";
import { startDemand } from "./demand.ts";
import { readDemoTexts } from "./demand-jobs.ts";
import { type ListeningSurface, listen, type Surface } from "./listen.ts";
import { withMischief } from "./mischief.ts";
import { Store } from "./store.ts";

export interface DevnetOptions {
  /** Told, in one line, of what a person might want to know; default: nobody. */
  readonly log?: (line: string) => void;
  /** Default: the wall clock. */
  readonly clock?: Clock;
}

export interface Devnet {
  readonly ready: DevnetReady;
  /** Whether a client of the markets is connected, such as an engine that lives. */
  isUsed(): Promise<boolean>;
  /** Ends listening, clockwork and store; everything is on disk anyway. Safe to repeat. */
  close(): Promise<void>;
}

type PortName = Exclude<keyof DevnetConfig["ports"], "gpu">;
type SurfaceSpec = Omit<Surface, "port" | "preferredPort">;

const TIDY_EVERY_MS = MINUTE;
const DEFAULT_TRAP_SHARE = 0.05;

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
    const quirksOff: ReadonlySet<string> = new Set(config.aitbcQuirksOff ?? []);
    const has: HasQuirk = (quirk) => !quirksOff.has(quirk);
    const coordinator = new Coordinator(store, chain, clock, has);
    const marketplace = new Marketplace(store, clock, has);
    const market = new AicfMarket({ ...aicfOptions(config), store, clock, blocks, onBug });
    const mischief = config.aicf?.mischief;
    const plagued = (name: string, serve: Surface["fetch"]) =>
      mischief === undefined ? serve : withMischief(serve, mischief, name);

    const { minerApiKey, rateLimits = false } = config;
    const specs: Record<PortName, SurfaceSpec> = {
      coordinator: {
        name: "AITBC coordinator",
        fetch: coordinatorApp({ coordinator, marketplace, minerApiKey, clock, rateLimits, has, onBug }).fetch,
      },
      chainRpc: { name: "AITBC chain RPC", fetch: chainApp(chain, clock, store).fetch },
      queue: {
        name: "AICF queue",
        fetch: plagued("queue", queueApp(market, onBug).fetch),
        upgrade: market.events.upgrade,
      },
      node: {
        name: "AICF node",
        fetch: plagued("node", nodeApp(market, onBug).fetch),
        upgrade: market.events.upgrade,
      },
    };
    const surfaces: ListeningSurface[] = [];
    const isUsed = async () => {
      const counts = await Promise.all(surfaces.map((surface) => surface.connections()));
      return counts.some((count) => count > 0);
    };
    const openSurface = async (name: string, spec: SurfaceSpec, port: number): Promise<ListeningSurface> => {
      const before = Number(store.getMeta(`port.${name}`) ?? "0");
      const preferredPort = before === 0 ? undefined : before;
      const surface = await listen({ ...spec, port, preferredPort });
      surfaces.push(surface);
      undo.push(() => surface.close());
      store.setMeta(`port.${name}`, String(surface.port));
      return surface;
    };
    const open = (name: PortName) => openSurface(name, specs[name], config.ports[name]);
    const era = config.aitbcDialect;
    const gpuService =
      era === undefined || era === "coordinator"
        ? null
        : await openSurface(
            "gpu",
            {
              name: "AITBC gpu service",
              fetch: gpuApp({
                service: new GpuService(store, clock, { era, has }),
                apiKey: config.gpuApiKey ?? null,
                seededAtMs: genesisMs,
                has,
                onBug,
              }).fetch,
            },
            config.ports.gpu ?? 0,
          );
    const ready: DevnetReady = {
      kind: "ready",
      coordinatorUrl: (await open("coordinator")).url,
      gpuUrl: gpuService?.url ?? null,
      chainRpcUrl: (await open("chainRpc")).url,
      queueUrl: (await open("queue")).url,
      nodeUrl: (await open("node")).url,
      logFile: store.log.file,
    };

    market.start();
    undo.push(() => market.stop());
    if (mischief !== undefined && mischief.dropSocketsEveryMs > 0) {
      const dropping = setInterval(() => market.events.dropAll(), mischief.dropSocketsEveryMs);
      undo.push(() => clearInterval(dropping));
    }
    const tidying = setInterval(() => coordinator.tidy(), TIDY_EVERY_MS);
    undo.push(() => clearInterval(tidying));
    if (config.demand) {
      const stop = startDemand({
        ...config.demand,
        store,
        coordinator,
        queue: market.queue,
        traps: market.traps,
        trapShare: config.aicf?.trapShare ?? DEFAULT_TRAP_SHARE,
        countQueued: { aitbc: () => coordinator.countQueued(), aicf: () => market.jobs.countQueued() },
        subjects,
        payeeWallet: config.payeeWallet ?? null,
        onBug,
      });
      undo.push(stop);
    }
    options.log?.(`markets are open: AITBC ${ready.coordinatorUrl}, AICF ${ready.queueUrl}`);
    return { ready, isUsed, close };
  } catch (error) {
    await close();
    throw error;
  }
}

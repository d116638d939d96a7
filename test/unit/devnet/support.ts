/** Markets on a store of their own and a clock that only the test moves. */
import { onTestFinished } from "vitest";
import { AicfMarket, type AicfOptions } from "../../../src/devnet/aicf/market.ts";
import { Chain } from "../../../src/devnet/aitbc/chain.ts";
import { Coordinator } from "../../../src/devnet/aitbc/coordinator.ts";
import { BlockClock } from "../../../src/devnet/clock.ts";
import { readDevnetLog } from "../../../src/devnet/log.ts";
import { Store } from "../../../src/devnet/store.ts";
import { SECOND } from "../../../src/shared/durations.ts";
import { tempFolder } from "../../support/temp-folder.ts";

export const START = Date.UTC(2026, 10, 21, 19, 55, 37, 984);
export const BLOCK_MS = 12 * SECOND;
export const LEASE_MS = 120 * SECOND;
export const HEARTBEAT_MS = 15 * SECOND;

export interface TestClock {
  (): number;
  advance(ms: number): void;
}

export function testClock(start: number = START): TestClock {
  let now = start;
  return Object.assign(() => now, {
    advance: (ms: number) => {
      now += ms;
    },
  });
}

export function openStore(clock: () => number = testClock(), folder: string = tempFolder()) {
  const store = Store.open(folder, clock);
  onTestFinished(() => {
    if (store.db.open) store.close();
  });
  return { store, folder, log: () => readDevnetLog(store.log.file) };
}

export function aitbc() {
  const clock = testClock();
  const { store, log } = openStore(clock);
  const chain = new Chain(store, new BlockClock(START, BLOCK_MS, clock));
  return { coordinator: new Coordinator(store, chain, clock), chain, clock, log };
}

export function aicf(options: Partial<AicfOptions> = {}) {
  const clock = testClock();
  const { store, log } = openStore(clock);
  const bugs: unknown[] = [];
  const market = new AicfMarket({
    store,
    clock,
    blocks: new BlockClock(START, BLOCK_MS, clock),
    chainId: 1,
    epochMs: 10 * SECOND,
    leaseMs: LEASE_MS,
    heartbeatMs: HEARTBEAT_MS,
    onBug: (error) => bugs.push(error),
    ...options,
  });
  return { market, clock, log, bugs, store };
}

/**
 * AITBC behind the port: jobs from the coordinator (8203), offers at the gpu service (8101) and in the coordinator's
 * own registry; either service or both may be configured (protocols/aitbc.md §0, rules of §12).
 */
import type { AitbcConfig } from "../../../shared/config.ts";
import { AppError } from "../../../shared/errors.ts";
import { claimsInMemory } from "../claims-in-memory.ts";
import type { DebugSink } from "../http.ts";
import { createMarketClock, observed } from "../market-clock.ts";
import type { ClaimBook, MarketAccount, MarketAdapter, OfferBoard } from "../port.ts";
import { type Send, send } from "../send.ts";
import { createChainAccount } from "./account.ts";
import { hexAddress } from "./address.ts";
import { inventoryBoard, registryBoard } from "./boards.ts";
import { createChainBooks } from "./chain.ts";
import { createCoordinatorClient } from "./client.ts";
import { createCoordinatorWork } from "./coordinator-work.ts";
import { createInventory } from "./inventory.ts";
import { createInventoryWork } from "./inventory-work.ts";
import { netOf } from "./net.ts";
import { createPresence } from "./presence.ts";
import { GUIDE_PRICE_BANDS } from "./price-bands.ts";
import { createGpuRegistry } from "./registry.ts";
import { openWallet, signerFor } from "./wallet.ts";
import type { WorkDeps, WorkHalf } from "./work-half.ts";

export interface AitbcDeps {
  /** Where amounts are kept that the market tells once; absent: for as long as the adapter lives. */
  readonly claims?: ClaimBook | undefined;
  readonly fetch?: Send | undefined;
  /** Unix ms. */
  readonly now?: (() => number) | undefined;
  readonly onDebug?: DebugSink | undefined;
}

export function createAitbcAdapter(given: AitbcConfig, deps: AitbcDeps = {}): MarketAdapter {
  // Who has the wallet's key has said which wallet it is: to that one jobs must pay, and its releases are the credits.
  const config = { ...given, wallet: given.wallet ?? addressOfKey(given.walletKey) };
  const { coordinatorUrl, gpuUrl } = config;
  const now = deps.now ?? Date.now;
  const common = { fetch: deps.fetch, now, onDebug: deps.onDebug };
  const claims = deps.claims ?? claimsInMemory();
  const workDeps: WorkDeps = { config, claims, now: common.now, onDebug: deps.onDebug };
  const coordinator =
    coordinatorUrl === null
      ? null
      : createCoordinatorClient({ config: { ...config, coordinatorUrl }, ...common });
  // Each service has a clock of its own: the market's is that of the one that hands out jobs, where there is one.
  const clock = coordinator?.clock ?? createMarketClock(now);
  const gpuFetch = coordinator ? deps.fetch : observed(deps.fetch ?? send, clock, now);
  const inventory =
    gpuUrl === null ? null : createInventory({ config: { ...config, gpuUrl }, ...common, fetch: gpuFetch });
  const presence = inventory === null ? null : createPresence(inventory);

  return {
    ...workOf(),
    id: "aitbc",
    name: "AITBC",
    currency: "AIT",
    endpoint: coordinatorUrl ?? gpuUrl ?? "",
    capabilities: {
      ...{ renewableLeases: false, returnsLeases: false, longPoll: false, stake: false },
      jobs: coordinator !== null,
    },
    offers: { boards: boards(), priceBands: GUIDE_PRICE_BANDS },
    ...account(),
    expectedNet: netOf,
    clockSkewMs: clock.skewMs,
    renew() {
      return Promise.reject(
        new AppError({
          code: "NOT_SUPPORTED",
          message: "AITBC jobs have a fixed end that can't be renewed",
          actor: "bug",
        }),
      );
    },
  };

  function boards(): OfferBoard[] {
    const { minerId } = config;
    const found: OfferBoard[] = [];
    if (inventory && presence && gpuUrl !== null)
      // Without a coordinator the session itself registers and is heard there.
      found.push(inventoryBoard(inventory, presence, { minerId, endpoint: gpuUrl, isHeard: !coordinator }));
    if (coordinatorUrl !== null) {
      const registry = createGpuRegistry({ config: { ...config, coordinatorUrl }, ...common });
      found.push(registryBoard(registry, { minerId, endpoint: coordinatorUrl, toLocal: clock.toLocal }));
    }
    return found;
  }

  /** Where the chain and an address on it are known. */
  function account(): { account?: MarketAccount } {
    const { rpcUrl, minerId, walletKey } = config;
    const address = hexAddress(config.wallet ?? "") ?? addressOfKey(walletKey);
    if (rpcUrl === null || address === null) return {};
    return {
      account: createChainAccount({
        chain: createChainBooks({ rpcUrl, ...common }),
        minerId,
        address,
        inEscrow: async (signal) => {
          const gross = (await coordinator?.pendingEarnings(signal)) ?? null;
          return gross && netOf(gross);
        },
        signer: () => signerFor(address, walletKey),
        now: common.now,
      }),
    };
  }

  function workOf(): WorkHalf {
    if (coordinator) return createCoordinatorWork(coordinator, workDeps);
    if (inventory && presence) return createInventoryWork(inventory, presence, workDeps);
    throw new AppError({
      code: "NO_SERVICE",
      message: "AITBC is configured without a coordinator and without a gpu service",
      actor: "user",
      help: "Set AITBC_COORDINATOR_URL, AITBC_GPU_URL or both.",
    });
  }
}

/** null: there is no key, or none that can be read; `signerFor` says so when it is needed. */
function addressOfKey(walletKey: string | null | undefined): string | null {
  if (!walletKey) return null;
  try {
    return openWallet(walletKey).address;
  } catch (thrown) {
    if (thrown instanceof AppError) return null;
    throw thrown;
  }
}

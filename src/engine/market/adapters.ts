/** The one place that knows which markets there are: an adapter for each that is configured. */
import type { EngineConfig } from "../../shared/config.ts";
import type { MarketTerms } from "../../shared/contract/terms.ts";
import { type MarketId, MarketIdSchema } from "../../shared/contract/views.ts";
import { AppError } from "../../shared/errors.ts";
import { isBackupChecked } from "../identity/backup.ts";
import { identityFolder } from "../identity/identity.ts";
import { type AicfIdentity, createAicfAdapter } from "./aicf/adapter.ts";
import { AICF_TERMS } from "./aicf/terms.ts";
import { createAitbcAdapter } from "./aitbc/adapter.ts";
import { AITBC_TERMS } from "./aitbc/terms.ts";
import type { DebugSink } from "./http.ts";
import type { ClaimBook, MarketAdapter } from "./port.ts";

/** What each market says of itself, whether it is configured or not. */
export const PUBLISHED_TERMS: readonly MarketTerms[] = [AITBC_TERMS, AICF_TERMS];

export const configuredMarkets = ({ markets }: Pick<EngineConfig, "markets">): MarketId[] =>
  MarketIdSchema.options.filter((id) => markets[id] !== null);

/** Throws NO_MARKET when none is configured. */
export function createAdapters(
  config: EngineConfig,
  identity: AicfIdentity,
  claims: (market: MarketId) => ClaimBook,
  now: () => number,
  debug?: (market: MarketId) => DebugSink,
): MarketAdapter[] {
  const adapters: MarketAdapter[] = [];
  if (config.markets.aitbc)
    adapters.push(
      createAitbcAdapter(config.markets.aitbc, { claims: claims("aitbc"), now, onDebug: debug?.("aitbc") }),
    );
  if (config.markets.aicf)
    adapters.push(
      createAicfAdapter(config.markets.aicf, {
        identity,
        claims: claims("aicf"),
        mayStake: mayStake(config),
        now,
        onDebug: debug?.("aicf"),
      }),
    );
  if (adapters.length === 0) {
    throw new AppError({
      code: "NO_MARKET",
      message: "No market is configured",
      actor: "user",
      help: "Set AITBC_COORDINATOR_URL or AICF_QUEUE_URL, or try the demo with `bellows demo`.",
    });
  }
  return adapters;
}

/** With real money nothing is staked before a backup of the key was read back (users.md rule 20). */
function mayStake({ mode, dataFolder, markets }: EngineConfig): (() => Promise<boolean>) | undefined {
  if (mode === "demo" || markets.aicf?.stakeWithoutBackup === true) return undefined;
  return () => isBackupChecked(identityFolder(dataFolder));
}

/** What a person chooses in the set-up's markets step, as settings: which addresses of each market are asked for. */

import type { MarketId } from "../../shared/contract/market-id.ts";
import type { SettingKey, SettingPatch, SettingsView } from "../../shared/contract/settings.ts";

/** `word`: its label's key under welcome.markets. */
export const MARKET_FIELDS = {
  aitbc: [
    { key: "aitbc.coordinator_url", word: "coordinator", kind: "url" },
    { key: "aitbc.coordinator_key", word: "coordinatorKey", kind: "secret" },
    { key: "aitbc.gpu_url", word: "gpuService", kind: "url" },
    { key: "aitbc.api_key", word: "gpuKey", kind: "secret" },
    { key: "aitbc.wallet", word: "wallet", kind: "text" },
  ],
  aicf: [
    { key: "aicf.queue_url", word: "queue", kind: "url" },
    { key: "aicf.rpc_url", word: "node", kind: "url" },
  ],
} as const satisfies Record<
  MarketId,
  readonly { key: SettingKey; word: string; kind: "url" | "secret" | "text" }[]
>;

export type MarketField = (typeof MARKET_FIELDS)[MarketId][number];

/** A market is configured once one of its addresses is. */
export function chosenMarkets({ values }: SettingsView): MarketId[] {
  return (["aitbc", "aicf"] as const).filter((market) =>
    MARKET_FIELDS[market].some(({ key, kind }) => kind === "url" && values[key].isSet),
  );
}

/** What was typed and is not kept yet, by setting: a market's fields are kept together, as half of them make no market. */
export type Drafts = Readonly<Partial<Record<SettingKey, string>>>;

/** The wanted markets without any address, typed or kept. */
export function withoutAddress(
  wanted: readonly MarketId[],
  drafts: Drafts,
  { values }: SettingsView,
): MarketId[] {
  return wanted.filter(
    (market) =>
      !MARKET_FIELDS[market].some(
        ({ key, kind }) =>
          kind === "url" && (drafts[key] === undefined ? values[key].isSet : drafts[key].trim() !== ""),
      ),
  );
}

/** What was typed for these markets, as settings; an emptied field takes its setting away. */
export function patchOf(wanted: readonly MarketId[], drafts: Drafts): SettingPatch {
  const typed = wanted.flatMap((market) => MARKET_FIELDS[market].map(({ key }) => key));
  return Object.fromEntries(
    typed.flatMap((key) => {
      const draft = drafts[key]?.trim();
      return draft === undefined ? [] : [[key, draft === "" ? null : draft]];
    }),
  );
}

/** Takes back what this app saved of a market, so that it is not used; what file or environment say stays. */
export function forget(market: MarketId, { values }: SettingsView): SettingPatch {
  const saved = MARKET_FIELDS[market].filter(({ key }) => values[key].source.kind === "saved");
  return Object.fromEntries(saved.map(({ key }) => [key, null]));
}

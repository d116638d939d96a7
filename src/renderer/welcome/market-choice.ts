/** What a person chooses in the set-up's markets step, as settings: which addresses of each market are asked for. */

import { type AddressFault, readBaseAddress } from "../../shared/base-address.ts";
import type { MarketId } from "../../shared/contract/market-id.ts";
import type { SettingKey, SettingPatch, SettingsView } from "../../shared/contract/settings.ts";

/**
 * `word`: its label's key under welcome.markets; `group`: what it is for, the heading's key under welcome.markets.group;
 * `opens`: with this address the market is worked for (engine/config/from-environment.ts, chooseMode).
 */
export const MARKET_FIELDS = {
  aitbc: [
    { key: "aitbc.coordinator_url", word: "coordinator", kind: "url", group: "jobs", opens: true },
    { key: "aitbc.coordinator_key", word: "coordinatorKey", kind: "secret", group: "jobs", opens: false },
    { key: "aitbc.wallet", word: "wallet", kind: "text", group: "jobs", opens: false },
    { key: "aitbc.gpu_url", word: "gpuService", kind: "url", group: "rent", opens: true },
    { key: "aitbc.api_key", word: "gpuKey", kind: "secret", group: "rent", opens: false },
  ],
  aicf: [
    { key: "aicf.queue_url", word: "queue", kind: "url", group: "work", opens: true },
    { key: "aicf.rpc_url", word: "node", kind: "url", group: "work", opens: false },
  ],
} as const satisfies Record<
  MarketId,
  readonly { key: SettingKey; word: string; kind: "url" | "secret" | "text"; group: string; opens: boolean }[]
>;

export type MarketField = (typeof MARKET_FIELDS)[MarketId][number];

/** Those that are worked for with these settings. */
export function chosenMarkets({ values }: SettingsView): MarketId[] {
  return (["aitbc", "aicf"] as const).filter((market) =>
    MARKET_FIELDS[market].some(({ key, opens }) => opens && values[key].isSet),
  );
}

/** Markets are read when the engine starts: what was changed since counts from its next start. */
export function marketsWait({ values }: SettingsView): boolean {
  return Object.values(MARKET_FIELDS).some((fields) => fields.some(({ key }) => values[key].waitsForRestart));
}

/** What was typed and is not kept yet, by setting: a market's fields are kept together, as half of them make no market. */
export type Drafts = Readonly<Partial<Record<SettingKey, string>>>;

/** What keeps a field from being kept. */
export type FieldProblem = "needUrl" | "needKey" | AddressFault;

/** Of the wanted markets, by field; empty: they can be kept. */
export function problemsOf(
  wanted: readonly MarketId[],
  drafts: Drafts,
  { values }: SettingsView,
): ReadonlyMap<SettingKey, FieldProblem> {
  const problems = new Map<SettingKey, FieldProblem>();
  const isGiven = (key: SettingKey) =>
    drafts[key] === undefined ? values[key].isSet : drafts[key].trim() !== "";
  for (const market of wanted) {
    const addresses = MARKET_FIELDS[market].filter(({ kind }) => kind === "url");
    const opening = addresses.filter(({ opens }) => opens);
    if (!opening.some(({ key }) => isGiven(key)))
      for (const { key } of opening.slice(0, 1)) problems.set(key, "needUrl");
    for (const { key } of addresses) {
      const problem = addressFault(drafts[key] ?? "");
      if (problem !== null) problems.set(key, problem);
    }
  }
  // Without a GPU service its key means the coordinator (docs/configuration.md).
  const hasKey = isGiven("aitbc.coordinator_key") || (isGiven("aitbc.api_key") && !isGiven("aitbc.gpu_url"));
  if (wanted.includes("aitbc") && isGiven("aitbc.coordinator_url") && !hasKey)
    problems.set("aitbc.coordinator_key", "needKey");
  return problems;
}

/** Of a whole address; null: nothing, or there is none. */
export function addressFault(text: string): AddressFault | null {
  if (text.trim() === "") return null;
  const reading = readBaseAddress(text.trim());
  return "fault" in reading ? reading.fault : null;
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

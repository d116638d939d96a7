/**
 * What was chosen and typed in the markets step and is not kept yet: leaving the step, or the app, loses none of it. It
 * must not be a setting before it is whole, because the next start would go to a market that lacks half of what it needs.
 * Keys are no page's to keep on a disk: they stay while the window is open.
 */
import { useState } from "react";
import { z } from "zod";
import { type MarketId, MarketIdSchema } from "../../shared/contract/market-id.ts";
import { type SettingKey, SettingKeySchema, type SettingsView } from "../../shared/contract/settings.ts";
import { chosenMarkets, type Drafts, MARKET_FIELDS } from "./market-choice.ts";

export interface MarketDraft {
  readonly demo: boolean;
  readonly wanted: readonly MarketId[];
  readonly typed: Drafts;
}

const KEPT = "bellows.markets";
const KeptSchema = z.object({
  demo: z.boolean(),
  wanted: z.array(MarketIdSchema),
  typed: z.partialRecord(SettingKeySchema, z.string().max(2000)),
});

const SECRETS: ReadonlySet<SettingKey> = new Set(
  Object.values(MARKET_FIELDS).flatMap((fields) =>
    fields.filter(({ kind }) => kind === "secret").map(({ key }) => key),
  ),
);

let secrets: Drafts = {};

/** Begins with what was left, else with what holds. */
export function useMarketDraft(
  settings: SettingsView,
): [MarketDraft, (change: Partial<MarketDraft>) => void] {
  const [draft, setDraft] = useState<MarketDraft>(() => kept() ?? begun(settings));
  const change = (part: Partial<MarketDraft>) => {
    const next = { ...draft, ...part };
    keep(next);
    setDraft(next);
  };
  return [draft, change];
}

/** It has become settings, or is not wanted. */
export function forgetDraft(): void {
  secrets = {};
  try {
    window.localStorage.removeItem(KEPT);
  } catch {
    // Where nothing can be kept, nothing was.
  }
}

function begun(settings: SettingsView): MarketDraft {
  const wanted = chosenMarkets(settings);
  return { demo: wanted.length === 0, wanted, typed: {} };
}

function keep({ demo, wanted, typed }: MarketDraft): void {
  const of = (wantSecrets: boolean) =>
    Object.fromEntries(
      Object.entries(typed).filter(([key]) => SECRETS.has(key as SettingKey) === wantSecrets),
    ) as Drafts;
  secrets = of(true);
  try {
    window.localStorage.setItem(KEPT, JSON.stringify({ demo, wanted, typed: of(false) }));
  } catch {
    // A page that may keep nothing still has it until it is closed.
  }
}

function kept(): MarketDraft | null {
  try {
    const text = window.localStorage.getItem(KEPT);
    if (text === null) return null;
    const { demo, wanted, typed } = KeptSchema.parse(JSON.parse(text));
    return { demo, wanted, typed: { ...(typed as Drafts), ...secrets } };
  } catch {
    return null; // Of another version, or nothing can be kept.
  }
}

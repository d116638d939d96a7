/** What the engine makes of a draft, asked a moment after the last change and again when the market was looked at. */
import { useEffect, useState } from "react";
import type { OfferPreview, PriceStrategy } from "../../shared/contract/offers.ts";
import type { SettingKey } from "../../shared/contract/settings.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";

/** A handle that is being moved asks when it rests. */
const REST = 120;
/** Settings that a preview is worked out from. */
const ENERGY = [
  "energy.price",
  "energy.currency",
  "energy.second_price",
  "energy.second_hours",
  "energy.rest_of_system_watts",
  "energy.ait_worth",
  "energy.anm_worth",
] as const satisfies readonly SettingKey[];

export interface Previewing {
  /** Of the last draft that could be worked out; null before the first. */
  readonly preview: OfferPreview | null;
  /** The preview is of an older draft. */
  readonly pending: boolean;
  readonly error: ErrorValue | null;
}

export function usePreview(
  market: MarketId,
  device: string,
  strategy: PriceStrategy | null,
  occupancy: number | null,
): Previewing {
  const bridge = useBridge();
  const link = usePage((page) => page.link.state);
  const looked = usePage(({ engine }) => Math.max(0, ...lookedAt(engine?.offers.boards ?? [], market)));
  const energy = usePage(({ engine }) =>
    JSON.stringify(ENERGY.map((key) => engine?.settings.values[key]?.value)),
  );
  const [preview, setPreview] = useState<OfferPreview | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const [answered, setAnswered] = useState("");
  const asked = strategy === null ? null : JSON.stringify([strategy, occupancy]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new look at the market and another price of energy are reasons to ask again.
  useEffect(() => {
    if (link !== "up" || asked === null) return;
    let wanted = true;
    const timer = setTimeout(() => {
      const [wish, share] = JSON.parse(asked) as [PriceStrategy, number | null];
      const input = { market, device, strategy: wish, ...(share === null ? {} : { occupancy: share }) };
      bridge
        .invoke("offers.preview", input)
        .then(
          (answer) => {
            if (!wanted) return;
            setPreview(answer);
            setError(null);
          },
          (thrown: unknown) => {
            if (wanted) setError(toErrorValue(thrown));
          },
        )
        .finally(() => {
          if (wanted) setAnswered(asked);
        });
    }, REST);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [bridge, link, market, device, asked, looked, energy]);
  return { preview, pending: asked !== null && asked !== answered, error };
}

function lookedAt(
  boards: readonly { readonly market: MarketId; readonly checkedAt: number | null }[],
  market: MarketId,
): number[] {
  return boards.flatMap((board) =>
    board.market === market && board.checkedAt !== null ? [board.checkedAt] : [],
  );
}

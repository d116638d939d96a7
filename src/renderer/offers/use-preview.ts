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
  /** Of the last draft that could be worked out; null before the first. Where this one's could not, without a price. */
  readonly preview: OfferPreview | null;
  /** The preview is of an older draft: this one's is being worked out. */
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
  // Each with the question it answers: an older draft's price is not this one's, also where asking failed.
  const [answer, setAnswer] = useState<{ readonly to: string; readonly preview: OfferPreview } | null>(null);
  const [failure, setFailure] = useState<{ readonly of: string; readonly error: ErrorValue } | null>(null);
  const asked = strategy === null ? null : JSON.stringify([strategy, occupancy]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new look at the market and another price of energy are reasons to ask again.
  useEffect(() => {
    if (link !== "up" || asked === null) return;
    let wanted = true;
    const timer = setTimeout(() => {
      const [wish, share] = JSON.parse(asked) as [PriceStrategy, number | null];
      const input = { market, device, strategy: wish, ...(share === null ? {} : { occupancy: share }) };
      bridge.invoke("offers.preview", input).then(
        (preview) => {
          if (!wanted) return;
          setAnswer({ to: asked, preview });
          setFailure(null);
        },
        (thrown: unknown) => {
          if (wanted) setFailure({ of: asked, error: toErrorValue(thrown) });
        },
      );
    }, REST);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [bridge, link, market, device, asked, looked, energy]);
  const isOld = asked !== null && asked !== answer?.to;
  const error = failure !== null && failure.of === asked ? failure.error : null;
  const preview = answer?.preview ?? null;
  return {
    preview: preview !== null && isOld && error !== null ? withoutPrice(preview) : preview,
    pending: isOld && error === null,
    error,
  };
}

/** What is known of the market holds for any draft. */
function withoutPrice(preview: OfferPreview): OfferPreview {
  return { ...preview, price: null, percentile: null, cheaper: null, perHour: null };
}

function lookedAt(
  boards: readonly { readonly market: MarketId; readonly checkedAt: number | null }[],
  market: MarketId,
): number[] {
  return boards.flatMap((board) =>
    board.market === market && board.checkedAt !== null ? [board.checkedAt] : [],
  );
}

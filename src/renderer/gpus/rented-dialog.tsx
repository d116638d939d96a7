/** A GPU that is rented out is let rest only after its booking was named: the renter keeps it, whatever is paused here. */
import { type ReactNode, useState } from "react";
import type { DeviceView } from "../../shared/contract/views.ts";
import { rentedBy } from "../../shared/device-rest.ts";
import { t } from "../../shared/words/words.ts";
import { formatSoon } from "../format/time.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { useEngine, usePage } from "../state/store.ts";

interface Asking {
  /** Does it at once where nobody rents the GPU, else after a yes. */
  readonly ask: (rest: () => Promise<unknown>) => void;
  /** To be shown with the control. */
  readonly dialog: ReactNode;
}

export function useAskRenter({ id, name }: DeviceView, confirm: string): Asking {
  const booked = useEngine((state) => rentedBy(state.offers.offers, id));
  const now = usePage((page) => page.now);
  const [wish, setWish] = useState<{ readonly rest: () => Promise<unknown> } | null>(null);
  const endsAt = booked?.booking?.endsAt ?? null;
  return {
    ask: (rest) => {
      if (booked === undefined) void rest();
      else setWish({ rest });
    },
    dialog: (
      <ConfirmDialog
        open={wish !== null}
        onClose={() => setWish(null)}
        title={t("gpus.rented.title", { name })}
        words={
          endsAt === null
            ? t("gpus.rented.words")
            : t("gpus.rented.wordsUntil", { time: formatSoon(endsAt, now) })
        }
        confirm={confirm}
        onConfirm={() => wish?.rest() ?? Promise.resolve()}
      />
    ),
  };
}

/** What renting whole GPUs out was agreed to bring: a line of its own, as no market tells what was paid of it. */
import { CalendarClock } from "lucide-react";
import type { EarningSummary } from "../../shared/contract/earnings.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { showNumber } from "../format/reading.ts";
import { Note } from "../parts/note.tsx";

export function Rentals({ rentals: { month, total } }: Pick<EarningSummary, "rentals">) {
  if (total.rentals === 0) return null;
  const { currency } = total.agreed;
  return (
    <Note tone="info" icon={CalendarClock} help={t("earnings.rentals.apart")}>
      {t("earnings.rentals.agreed", {
        ...{ count: total.rentals, shown: showNumber(total.rentals), currency },
        ...{ month: amountText(month.agreed), total: amountText(total.agreed) },
      })}
      {total.running > 0 &&
        `, ${t("earnings.rentals.running", { count: total.running, shown: showNumber(total.running) })}`}
      {total.untold > 0 &&
        `, ${t("earnings.rentals.untold", { count: total.untold, shown: showNumber(total.untold) })}`}
    </Note>
  );
}

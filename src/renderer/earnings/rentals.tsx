/** What renting whole GPUs out was agreed to bring: a line of its own, as no market tells what was paid of it. */
import { CalendarClock } from "lucide-react";
import type { EarningSummary } from "../../shared/contract/earnings.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { Note } from "../parts/note.tsx";
import { owedText } from "./figures.ts";

export function Rentals({ rentals: { month, total } }: Pick<EarningSummary, "rentals">) {
  if (total.rentals === 0) return null;
  const agreed = (sums: typeof total) => owedText(sums.agreed, sums.untold) ?? UNKNOWN;
  return (
    <Note tone="info" icon={CalendarClock} help={t("earnings.rentals.apart")}>
      {t("earnings.rentals.agreed", {
        ...{ count: total.rentals, shown: showNumber(total.rentals) },
        ...{ month: agreed(month), total: agreed(total) },
      })}
      {total.running > 0 &&
        `, ${t("earnings.rentals.running", { count: total.running, shown: showNumber(total.running) })}`}
      {total.untold > 0 &&
        `, ${t("earnings.rentals.untold", { count: total.untold, shown: showNumber(total.untold) })}`}
    </Note>
  );
}

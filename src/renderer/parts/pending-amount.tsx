/** What is still to come; where the market has not said how much of it, at least so much, or nobody knows. */
import type { EarningSums } from "../../shared/contract/earnings.ts";
import { t } from "../../shared/words/words.ts";
import { UNKNOWN } from "../format/reading.ts";
import { Amount } from "./amount.tsx";

interface PendingAmountProps {
  readonly sums: Pick<EarningSums, "pending" | "unpriced">;
  readonly currency?: boolean;
}

export function PendingAmount({ sums: { pending, unpriced }, currency = true }: PendingAmountProps) {
  if (unpriced === 0) return <Amount value={pending} currency={currency} />;
  return (
    <span title={t("earnings.unpriced", { count: unpriced })}>
      {pending.minor === "0" ? (
        UNKNOWN
      ) : (
        <>
          ≥ <Amount value={pending} currency={currency} />
        </>
      )}
    </span>
  );
}

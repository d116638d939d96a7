/** How old a market's word of the stake is: it is asked for less often than the balance beside it. */
import { t } from "../../shared/words/words.ts";
import { Age } from "../parts/age.tsx";

export function AsOf({ at }: { at: number }) {
  return (
    <span className="as-of">
      {t("identity.account.asOf")} <Age at={at} />
    </span>
  );
}

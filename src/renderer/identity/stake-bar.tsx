/** The stake as a bar: what counts, what is being released, and the minimum as a line across it. */
import type { ProviderStanding } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";

/** Room past the larger of stake and minimum, so that the line never stands at the very end. */
const ROOM = 1.2;

export function StakeBar({ stake }: { stake: ProviderStanding["stake"] }) {
  const [effective, total, minimum] = [stake.effective, stake.total, stake.minimum].map(({ minor }) =>
    Number(BigInt(minor)),
  ) as [number, number, number];
  const whole = Math.max(total, minimum, 1) * ROOM;
  const percent = (part: number) => `${Math.min(100, (100 * part) / whole)}%`;
  const short = effective < minimum;
  return (
    <div
      className={`stake-bar ${short ? "tone-warn" : "tone-ok"}`}
      role="img"
      aria-label={`${t("identity.account.effective")}: ${amountText(stake.effective)} ${stake.effective.currency}, ${t(
        "identity.account.minimum",
      )}: ${amountText(stake.minimum)} ${stake.minimum.currency}`}
    >
      <i className="stake-counts" style={{ width: percent(effective) }} />
      <i className="stake-leaving" style={{ width: percent(Math.max(0, total - effective)) }} />
      <b className="stake-line" style={{ left: percent(minimum) }} />
    </div>
  );
}

/** Add to the stake or release some of it: the amount, what is left afterwards, and what can be lost. */
import { useId, useState } from "react";
import type { MarketView, ProviderStanding } from "../../shared/contract/views.ts";
import { AppError } from "../../shared/errors.ts";
import { parseDecimal } from "../../shared/money.ts";
import { currentLanguage, t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber } from "../format/reading.ts";
import { formatDuration } from "../format/time.ts";
import { readTyped, typedProblemText } from "../format/typed-decimal.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { useAnswer } from "../state/use-answer.ts";

type Stake = ProviderStanding["stake"];

interface StakeDialogProps {
  readonly market: MarketView;
  readonly stake: Stake;
  readonly direction: "add" | "take";
  readonly onClose: () => void;
}

export function StakeDialog({ market, stake, direction, onClose }: StakeDialogProps) {
  const bridge = useBridge();
  const id = useId();
  const [typed, setTyped] = useState(() => suggested(stake, direction));
  const { currency } = market;
  const { amount, wrong } = amountOf(typed, currency);
  const counts = BigInt(stake.effective.minor);
  const tooMuch = direction === "take" && amount !== null && amount > counts;
  const problem = tooMuch ? t("identity.stake.tooMuch") : wrong;
  const after = amount === null ? null : direction === "add" ? counts + amount : counts - amount;
  const below = direction === "take" && after !== null && !tooMuch && after < BigInt(stake.minimum.minor);
  const name = marketName(market.id);
  // Held for a time, and nothing is taken from it.
  const addWords =
    stake.lockMs === undefined
      ? null
      : t("identity.lockedStake.addText", { market: name, time: formatDuration(stake.lockMs) });
  const show = (minor: bigint) => amountText({ currency, minor: minor.toString() });
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t(direction === "add" ? "identity.stake.addTitle" : "identity.stake.takeTitle", {
        market: name,
      })}
      words={
        addWords ??
        t(direction === "add" ? "identity.stake.addText" : "identity.stake.takeText", { market: name })
      }
      confirm={t(direction === "add" ? "identity.stake.addConfirm" : "identity.stake.takeConfirm")}
      destructive={below}
      blocked={amount === null || tooMuch}
      onConfirm={() =>
        bridge.invoke(direction === "add" ? "provider.stake" : "provider.unstake", {
          market: market.id,
          amountMinor: (amount ?? 0n).toString(),
        })
      }
    >
      <div className="form-row">
        <label htmlFor={id}>{t("identity.stake.amount", { currency })}</label>
        <input
          id={id}
          className="text-field figures"
          type="text"
          inputMode="decimal"
          value={typed}
          autoComplete="off"
          aria-invalid={problem !== null}
          aria-describedby={`${id}-hint`}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <div id={`${id}-hint`} className={problem === null ? "form-hint" : "form-hint form-problem"}>
          {problem ?? (after !== null && t("identity.stake.after", { amount: show(after), currency }))}
        </div>
      </div>
      {below && <Note tone="warn">{t("identity.stake.takeBelow")}</Note>}
      {direction === "add" && stake.lockMs === undefined && <Losses market={market} />}
    </ConfirmDialog>
  );
}

/** By the market's own rules, as the guard knows them. */
function Losses({ market }: { market: MarketView }) {
  const { answer } = useAnswer("service.level", { market: market.id }, null);
  const measures = answer?.level?.measures ?? [];
  const jail = measures.find(({ name }) => name === "jail");
  const costly = measures.filter(({ breachBps }) => (breachBps ?? 0) > 0);
  return (
    <section className="losses" aria-label={t("identity.stake.losses")}>
      <h3>{t("identity.stake.losses")}</h3>
      <ul>
        {costly.length === 0 && <li>{t("identity.stake.lossOther")}</li>}
        {costly.map(({ name, breachBps }) => (
          <li key={name}>
            {t("identity.stake.loss", {
              what: t(`reliability.measure.${name}`),
              percent: showNumber((breachBps ?? 0) / 100, (breachBps ?? 0) % 100 === 0 ? 0 : 1),
            })}
          </li>
        ))}
        {jail !== undefined && <li>{t("identity.stake.lossJail", { count: jail.limit })}</li>}
        <li>{t("identity.stake.back", { market: marketName(market.id) })}</li>
      </ul>
    </section>
  );
}

/** What is missing to the minimum; nothing where nothing is. */
function suggested({ effective, minimum }: Stake, direction: "add" | "take"): string {
  const missing = BigInt(minimum.minor) - BigInt(effective.minor);
  if (direction === "take" || missing <= 0n) return "";
  return amountText({ currency: minimum.currency, minor: missing.toString() }).replaceAll(/[\s\u202f]/g, "");
}

/** Minor units, null for what is no positive amount; and what is wrong with it, once something is typed. */
function amountOf(
  typed: string,
  currency: MarketView["currency"],
): { amount: bigint | null; wrong: string | null } {
  if (typed.trim() === "") return { amount: null, wrong: null };
  const notAmount = { amount: null, wrong: t("identity.stake.notAmount", { example: showNumber(12.5, 1) }) };
  const found = readTyped(typed, currentLanguage());
  if (!("decimal" in found)) {
    return found.problem === "notNumber"
      ? notAmount
      : { amount: null, wrong: typedProblemText(typed, found) };
  }
  try {
    const { minor } = parseDecimal(currency, found.decimal);
    return minor > 0n ? { amount: minor, wrong: null } : notAmount;
  } catch (thrown) {
    if (thrown instanceof AppError) return notAmount;
    throw thrown;
  }
}

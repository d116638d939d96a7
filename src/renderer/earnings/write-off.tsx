/** Money that was owed for too long: how much it is, and the ways to wait for it no more and to wait for it again. */
import { useState } from "react";
import { type EarningSummary, WRITE_OFF_DAYS } from "../../shared/contract/earnings.ts";
import { DAY, MINUTE } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber } from "../format/reading.ts";
import { formatDate } from "../format/time.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { useAnswer } from "../state/use-answer.ts";
import { useCommand } from "../state/use-command.ts";
import { owedText } from "./figures.ts";

interface WriteOffProps {
  readonly summary: EarningSummary;
  readonly onChanged: () => void;
}

export function WriteOff({ summary, onChanged }: WriteOffProps) {
  const { overdue, writtenOff } = summary;
  const old = overdue.oldestAt !== null && overdue.oldestAt < Date.now() - WRITE_OFF_DAYS * DAY;
  return (
    <>
      {old && <Unpaid market={summary.market} onChanged={onChanged} />}
      {writtenOff.byPerson.jobs > 0 && <Given summary={summary} onChanged={onChanged} />}
      {writtenOff.byMarket > 0 && (
        <p className="risk-foot" title={t("earnings.writeOff.lateHint")}>
          {t("earnings.writeOff.unfunded", {
            count: writtenOff.byMarket,
            shown: showNumber(writtenOff.byMarket),
          })}
        </p>
      )}
    </>
  );
}

function Unpaid({ market, onChanged }: { market: EarningSummary["market"]; onChanged: () => void }) {
  const bridge = useBridge();
  const { answer, reload } = useAnswer("earnings.unpaid", { market, days: WRITE_OFF_DAYS }, MINUTE);
  const [asking, setAsking] = useState(false);
  if (answer === null || answer.jobs === 0) return null;
  const { jobs, net, unpriced, before } = answer;
  const words = {
    ...{ count: jobs, shown: showNumber(jobs), days: WRITE_OFF_DAYS, market: marketName(market) },
    ...{ sum: owedText(net, unpriced) ?? t("earnings.untold"), before: formatDate(before) },
  };
  return (
    <div className="write-off">
      <span>{t("earnings.writeOff.owed", words)}</span>
      <button type="button" className="button button-plain" onClick={() => setAsking(true)}>
        {t("earnings.writeOff.open")}
      </button>
      {asking && (
        <ConfirmDialog
          open
          onClose={() => setAsking(false)}
          title={t("earnings.writeOff.title", words)}
          words={t("earnings.writeOff.words", words)}
          confirm={t("earnings.writeOff.confirm")}
          onConfirm={async () => {
            await bridge.invoke("earnings.writeOff", { market, before });
            reload();
            onChanged();
          }}
        />
      )}
    </div>
  );
}

function Given({ summary, onChanged }: WriteOffProps) {
  const { run, pending, error } = useCommand();
  const { market, writtenOff } = summary;
  const { jobs, net, unpriced, lastJobs } = writtenOff.byPerson;
  const takeBack = async () => {
    if ((await run("earnings.takeBack", { market })) !== null) onChanged();
  };
  return (
    <>
      <div className="write-off" title={t("earnings.writeOff.lateHint")}>
        <span>
          {t("earnings.writeOff.given", {
            ...{ count: jobs, shown: showNumber(jobs) },
            ...{ sum: owedText(net, unpriced) ?? t("earnings.untold") },
          })}
        </span>
        <button
          type="button"
          className="button button-plain"
          disabled={pending !== null}
          title={lastJobs < jobs ? t("earnings.writeOff.takeBackHint") : undefined}
          onClick={() => void takeBack()}
        >
          {lastJobs < jobs
            ? t("earnings.writeOff.takeBackLast", { count: lastJobs, shown: showNumber(lastJobs) })
            : t("earnings.writeOff.takeBack")}
        </button>
      </div>
      {error !== null && <ErrorNote error={error} alert />}
    </>
  );
}

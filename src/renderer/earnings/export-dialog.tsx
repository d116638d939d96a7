/** The ledger as a file: which time, which market, and then it is put together here and saved. */
import { useRef, useState } from "react";
import type { MarketId } from "../../shared/contract/views.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber } from "../format/reading.ts";
import { Dialog } from "../parts/controls/dialog.tsx";
import { Segmented } from "../parts/controls/segmented.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { saveText } from "../parts/save-text.ts";
import { useBridge } from "../state/bridge-context.ts";

interface ExportDialogProps {
  market: MarketId;
  /** Are there others? */
  several: boolean;
  /** "30 days". */
  range: string;
  from: number | undefined;
  onClose: () => void;
}

export function ExportDialog({ market, several, range, from, onClose }: ExportDialogProps) {
  const bridge = useBridge();
  const [time, setTime] = useState<"shown" | "all">("shown");
  const [markets, setMarkets] = useState<"one" | "all">("one");
  const [lines, setLines] = useState<number | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const cancelled = useRef(false);

  const close = () => {
    cancelled.current = true;
    onClose();
  };
  const save = async () => {
    setError(null);
    setLines(0);
    try {
      const pieces: string[] = [];
      let rows = 0;
      for (let after: string | null | undefined; after !== null; ) {
        const piece = await bridge.invoke("earnings.csv", {
          ...(markets === "one" && { market }),
          ...(time === "shown" && from !== undefined && { from }),
          ...(after !== undefined && { after }),
        });
        if (cancelled.current) return;
        pieces.push(piece.text);
        rows += piece.rows;
        setLines(rows);
        after = piece.next;
      }
      const day = new Date().toISOString().slice(0, 10);
      saveText(`${t("earnings.csv.file")}-${day}.csv`, pieces, "text/csv;charset=utf-8");
      onClose();
    } catch (thrown) {
      setError(toErrorValue(thrown));
      setLines(null);
    }
  };
  return (
    <Dialog
      open
      onClose={close}
      title={t("earnings.csv.title")}
      words={t("earnings.csv.words")}
      actions={
        <>
          <button type="button" className="button button-plain" onClick={close}>
            {t("controls.cancel")}
          </button>
          <button
            type="button"
            className="button button-strong"
            disabled={lines !== null}
            aria-busy={lines !== null}
            onClick={() => void save()}
          >
            {lines === null
              ? t("earnings.csv.save")
              : t("earnings.csv.writing", { count: lines, shown: showNumber(lines) })}
          </button>
        </>
      }
    >
      <div className="export-choices">
        <span className="quiet">{t("earnings.csv.range")}</span>
        <Segmented
          label={t("earnings.csv.range")}
          value={time}
          onChange={setTime}
          options={[
            { value: "shown", label: t("earnings.csv.shownRange", { range }) },
            { value: "all", label: t("earnings.csv.everything") },
          ]}
        />
        {several && (
          <>
            <span className="quiet">{t("earnings.csv.market")}</span>
            <Segmented
              label={t("earnings.csv.market")}
              value={markets}
              onChange={setMarkets}
              options={[
                { value: "one", label: t("earnings.csv.oneMarket", { market: marketName(market) }) },
                { value: "all", label: t("earnings.csv.allMarkets") },
              ]}
            />
          </>
        )}
      </div>
      {error !== null && <ErrorNote error={error} alert />}
    </Dialog>
  );
}

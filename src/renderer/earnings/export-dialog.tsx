/** The ledger as a file: which time, which market. */
import { useState } from "react";
import type { MarketId } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber } from "../format/reading.ts";
import { Segmented } from "../parts/controls/segmented.tsx";
import { ExportDialog } from "../parts/export-dialog.tsx";
import { useBridge } from "../state/bridge-context.ts";

interface EarningsExportProps {
  market: MarketId;
  /** Are there others? */
  several: boolean;
  /** "30 days". */
  range: string;
  /** When it began; undefined: it is being asked for. */
  from: number | undefined;
  onClose: () => void;
}

export function EarningsExport({ market, several, range, from, onClose }: EarningsExportProps) {
  const bridge = useBridge();
  const [time, setTime] = useState<"shown" | "all">("shown");
  const [by, setBy] = useState<"accepted" | "paid">("accepted");
  const [markets, setMarkets] = useState<"one" | "all">("one");
  async function* pieces() {
    for (let after: string | null | undefined; after !== null; ) {
      const { text, rows, next } = await bridge.invoke("earnings.csv", {
        ...(by === "paid" && { by }),
        ...(markets === "one" && { market }),
        ...(time === "shown" && from !== undefined && { from }),
        ...(after !== undefined && { after }),
      });
      yield { text, rows };
      after = next;
    }
  }
  return (
    <ExportDialog
      title={t("earnings.csv.title")}
      words={t(by === "paid" ? "earnings.csv.wordsPaid" : "earnings.csv.words")}
      save={t("earnings.csv.save")}
      writing={(count) => t("earnings.csv.writing", { count, shown: showNumber(count) })}
      file={{ name: t("earnings.csv.file"), extension: "csv", type: "text/csv;charset=utf-8" }}
      // Without its beginning the time that is shown would be all there is.
      blocked={time === "shown" && from === undefined}
      pieces={pieces}
      onClose={onClose}
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
        <span className="quiet">{t("earnings.csv.by")}</span>
        <Segmented
          label={t("earnings.csv.by")}
          value={by}
          onChange={setBy}
          options={[
            { value: "accepted", label: t("earnings.csv.byAccepted") },
            { value: "paid", label: t("earnings.csv.byPaid") },
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
    </ExportDialog>
  );
}

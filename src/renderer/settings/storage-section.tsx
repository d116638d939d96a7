/** What Bellows keeps on this disk, and how much of it it may. */
import { useEffect, useState } from "react";
import type { CommandOutput } from "../../shared/contract/contract.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { Card } from "../parts/card.tsx";
import { Digest } from "../parts/digest.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine } from "../state/store.ts";
import { durationOptions, sizeOptions } from "./choices.ts";
import { Row } from "./row.tsx";
import { SelectRow } from "./setting-rows.tsx";

type Use = CommandOutput<"data.use">;

const PARTS = ["live", "demo", "models", "gpu-pack", "llama", "desktop"] as const;

export function StorageSection() {
  const folder = useEngine((state) => state.settings.dataFolder);
  const { use, error } = useDataUse();
  return (
    <Card
      title={t("settings.sections.storage")}
      aside={use === null ? undefined : t("settings.storage.free", { bytes: showBytes(use.freeBytes) })}
    >
      <Row
        label={t("settings.storage.folder")}
        help={t("settings.storage.folderHelp")}
        error={error}
        below={
          <>
            <Digest value={folder} what={t("settings.storage.folder")} whole />
            {use === null ? (
              error === null && <p className="settings-help">{t("settings.storage.measuring")}</p>
            ) : (
              <ul className="use-list figures">
                {partsOf(use).map(({ name, bytes }) => (
                  <li key={name}>
                    <span>{t(`settings.storage.parts.${name}`)}</span>
                    <span>{showBytes(bytes)}</span>
                  </li>
                ))}
              </ul>
            )}
          </>
        }
      >
        {() => <strong className="figures">{showBytes(use?.totalBytes ?? null)}</strong>}
      </Row>
      <SelectRow
        name="models.disk_limit"
        label={t("settings.storage.diskLimit")}
        help={t("settings.storage.diskLimitHelp")}
        none={t("settings.storage.noLimit")}
        options={sizeOptions(["5G", "10G", "20G", "50G", "100G", "200G"])}
      />
      <SelectRow
        name="models.download_rate"
        label={t("settings.storage.downloadRate")}
        help={t("settings.storage.downloadRateHelp")}
        none={t("settings.storage.noLimit")}
        options={sizeOptions(["1M", "5M", "10M", "50M"], (rate) => t("settings.storage.perSecond", { rate }))}
      />
      <SelectRow
        name="work.keep_outputs"
        label={t("settings.storage.keepOutputs")}
        help={t("settings.storage.keepOutputsHelp")}
        options={durationOptions(["1d", "7d", "30d", "90d"])}
      />
      <SelectRow
        name="work.keep_outputs_size"
        label={t("settings.storage.keepOutputsSize")}
        options={sizeOptions(["512M", "1G", "5G", "20G"])}
      />
      <SelectRow
        name="work.keep_receipts"
        label={t("settings.storage.keepReceipts")}
        help={t("settings.storage.keepReceiptsHelp")}
        options={durationOptions(["30d", "90d", "365d", "3650d"])}
      />
      <SelectRow
        name="work.keep_receipts_size"
        label={t("settings.storage.keepReceiptsSize")}
        options={sizeOptions(["512M", "2G", "10G", "50G"])}
      />
    </Card>
  );
}

/** Known parts by name, all else together; the biggest first. */
function partsOf({ parts }: Use) {
  const sums = new Map<(typeof PARTS)[number] | "other", number>();
  for (const { name, bytes } of parts) {
    const known = PARTS.find((part) => part === name) ?? "other";
    sums.set(known, (sums.get(known) ?? 0) + bytes);
  }
  return [...sums].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
}

function useDataUse(): { use: Use | null; error: ErrorValue | null } {
  const bridge = useBridge();
  const [use, setUse] = useState<Use | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  useEffect(() => {
    let isHere = true;
    bridge.invoke("data.use", {}).then(
      (answer) => isHere && setUse(answer),
      (thrown: unknown) => isHere && setError(toErrorValue(thrown)),
    );
    return () => {
      isHere = false;
    };
  }, [bridge]);
  return { use, error };
}

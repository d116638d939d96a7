/** How much is taken and how it is computed. */
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { durationOptions } from "./choices.ts";
import { NumberRow, SelectRow, SwitchRow } from "./setting-rows.tsx";

const BACKENDS = ["auto", "cuda", "webgpu", "dml", "cpu"] as const;

export function WorkSection() {
  return (
    <Card title={t("settings.sections.work")}>
      <NumberRow
        name="work.max_concurrency"
        label={t("settings.work.maxConcurrency")}
        help={t("settings.work.maxConcurrencyHelp")}
        min={1}
        max={256}
      />
      <NumberRow
        name="work.batch_size"
        label={t("settings.work.batchSize")}
        help={t("settings.work.batchSizeHelp")}
        min={1}
        max={256}
      />
      <SelectRow
        name="work.keep_alive"
        label={t("settings.work.keepAlive")}
        help={t("settings.work.keepAliveHelp")}
        options={durationOptions(["30s", "1m", "5m", "15m", "1h"])}
      />
      <SelectRow
        name="gpu.backend"
        label={t("settings.work.gpuBackend")}
        help={t("settings.work.gpuBackendHelp")}
        options={BACKENDS.map((value) => ({ value, label: t(`settings.work.backends.${value}`) }))}
      />
      <SwitchRow
        name="work.allow_unpaid"
        label={t("settings.work.allowUnpaid")}
        help={t("settings.work.allowUnpaidHelp")}
      />
    </Card>
  );
}

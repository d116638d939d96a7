/** How much is taken and how it is computed. */
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { durationOptions } from "./choices.ts";
import { NumberRow, SelectRow, SwitchRow, TextRow } from "./setting-rows.tsx";

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
        canBeEmpty
        placeholder={t("settings.work.byItself")}
      />
      <NumberRow
        name="work.batch_size"
        label={t("settings.work.batchSize")}
        help={t("settings.work.batchSizeHelp")}
        min={1}
        max={256}
        canBeEmpty
        placeholder={t("settings.work.byItself")}
      />
      <NumberRow
        name="work.latency_budget_ms"
        label={t("settings.work.latencyBudget")}
        help={t("settings.work.latencyBudgetHelp")}
        min={0}
        max={1000}
        unit="ms"
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
      <SelectRow
        name="models.ollama"
        label={t("settings.work.ollama")}
        help={t("settings.work.ollamaHelp")}
        options={[
          { value: "off", label: t("settings.work.ollamaOff") },
          { value: "auto", label: t("settings.work.ollamaAuto") },
        ]}
      />
      <TextRow
        name="models.ollama_device"
        label={t("settings.work.ollamaDevice")}
        help={t("settings.work.ollamaDeviceHelp")}
        placeholder={t("settings.work.ollamaOnlyOne")}
      />
      <SwitchRow
        name="work.allow_unpaid"
        label={t("settings.work.allowUnpaid")}
        help={t("settings.work.allowUnpaidHelp")}
      />
    </Card>
  );
}

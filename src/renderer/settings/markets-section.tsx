/** The markets: their addresses and keys, tried before they are saved. */
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { Card } from "../parts/card.tsx";
import { Note } from "../parts/note.tsx";
import { useEngine } from "../state/store.ts";
import { MarketForm } from "./market-form.tsx";

export function MarketsSection() {
  const isDemo = useEngine((state) => state.engine.mode === "demo");
  return (
    <Card title={t("settings.sections.markets")}>
      <p className="settings-help">
        {t("settings.markets.help")} {t("settings.markets.turnOff")}
      </p>
      {isDemo && <Note tone="info">{t("settings.markets.demo")}</Note>}
      <MarketForm
        title={marketName("aitbc")}
        fields={[
          {
            key: "aitbc.coordinator_url",
            label: t("settings.markets.coordinatorUrl"),
            help: t("settings.markets.coordinatorUrlHelp"),
            kind: "address",
          },
          { key: "aitbc.coordinator_key", label: t("settings.markets.coordinatorKey"), kind: "secret" },
          {
            key: "aitbc.gpu_url",
            label: t("settings.markets.gpuUrl"),
            help: t("settings.markets.gpuUrlHelp"),
            kind: "address",
          },
          { key: "aitbc.api_key", label: t("settings.markets.apiKey"), kind: "secret" },
          {
            key: "aitbc.rpc_url",
            label: t("settings.markets.rpcUrl"),
            help: t("settings.markets.rpcUrlHelp"),
            kind: "address",
          },
          { key: "aitbc.wallet", label: t("settings.markets.wallet"), kind: "text" },
          {
            key: "aitbc.region",
            label: t("settings.markets.region"),
            help: t("settings.markets.regionHelp"),
            kind: "text",
          },
        ]}
      />
      <MarketForm
        title={marketName("aicf")}
        fields={[
          {
            key: "aicf.queue_url",
            label: t("settings.markets.queueUrl"),
            help: t("settings.markets.queueUrlHelp"),
            kind: "address",
          },
          {
            key: "aicf.rpc_url",
            label: t("settings.markets.nodeUrl"),
            help: t("settings.markets.nodeUrlHelp"),
            kind: "address",
          },
          {
            key: "aicf.name",
            label: t("settings.markets.name"),
            help: t("settings.markets.nameHelp"),
            kind: "text",
          },
          {
            key: "aicf.region",
            label: t("settings.markets.region"),
            help: t("settings.markets.regionHelp"),
            kind: "text",
          },
          {
            key: "aicf.auto_stake",
            label: t("settings.markets.autoStake"),
            help: t("settings.markets.autoStakeHelp"),
            kind: "amount",
            unit: "ANM",
          },
        ]}
      />
    </Card>
  );
}

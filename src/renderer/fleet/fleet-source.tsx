/** Where the machines are named: two settings, on the settings screen and where nothing is named yet. */
import { t } from "../../shared/words/words.ts";
import { TextRow } from "../settings/setting-rows.tsx";

export function FleetSource() {
  return (
    <>
      <TextRow
        name="fleet.file"
        label={t("fleet.source.file")}
        help={t("fleet.source.fileHelp")}
        placeholder={t("fleet.source.filePlaceholder")}
      />
      <TextRow
        name="fleet.prometheus_url"
        label={t("fleet.source.prometheus")}
        help={t("fleet.source.prometheusHelp")}
        placeholder={t("fleet.source.prometheusPlaceholder")}
      />
    </>
  );
}

/** Language, look, and which file is in force. */
import { LANGUAGES, t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { useEngine } from "../state/store.ts";
import { THEMES } from "../state/theme-choice.ts";
import { Row } from "./row.tsx";
import { SegmentedRow } from "./setting-rows.tsx";

export function GeneralSection() {
  const configFile = useEngine((state) => state.settings.configFile);
  return (
    <Card title={t("settings.sections.general")}>
      <SegmentedRow
        name="app.language"
        label={t("settings.general.language")}
        options={(["system", ...LANGUAGES] as const).map((value) => ({
          value,
          label: t(`settings.general.languages.${value}`),
        }))}
      />
      <SegmentedRow
        name="app.theme"
        label={t("settings.general.theme")}
        options={THEMES.map((value) => ({ value, label: t(`settings.general.themes.${value}`) }))}
      />
      <Row
        label={t("settings.general.configFile")}
        help={
          configFile === null ? t("settings.general.configFileNone") : t("settings.general.configFileHelp")
        }
        below={configFile !== null && <p className="setting-path mono">{configFile}</p>}
      />
    </Card>
  );
}

/** For who runs more than one machine: where they are named, and the way to the page that shows them. */
import { t } from "../../shared/words/words.ts";
import { FleetSource } from "../fleet/fleet-source.tsx";
import { Card } from "../parts/card.tsx";
import { screenHref } from "../state/route.ts";

export function FleetSection() {
  return (
    <Card
      title={t("settings.sections.fleet")}
      aside={
        <a className="link" href={screenHref("fleet")}>
          {t("fleet.source.open")}
        </a>
      }
    >
      <p className="settings-help">{t("fleet.source.settingsHelp")}</p>
      <FleetSource />
    </Card>
  );
}

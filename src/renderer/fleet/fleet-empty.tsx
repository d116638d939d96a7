/** Nobody has named a machine yet: what a fleet is, how it is named, and where. */
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { useEngine } from "../state/store.ts";
import { CommandLine } from "./command-line.tsx";
import { EXAMPLE } from "./example.ts";
import { FleetSource } from "./fleet-source.tsx";
import type { Fleet } from "./use-fleet.ts";

const WAYS = ["data", "control", "metrics", "prometheus"] as const;

export function FleetEmpty({ fleet: { asked, reload } }: { fleet: Fleet }) {
  const folder = useEngine((state) => state.settings.dataFolder);
  return (
    <>
      <Card title={t("fleet.empty.title")} className="fleet-empty">
        <p>{t("fleet.empty.words")}</p>
      </Card>
      <Card title={t("fleet.empty.howTitle")} className="fleet-empty">
        <p>{t("fleet.empty.how")}</p>
        <div className="fleet-example">
          <CommandLine text={EXAMPLE.trimEnd()} what={t("fleet.empty.example")} />
          <ul>
            {WAYS.map((way) => (
              <li key={way}>
                <code className="mono">{way}</code> {t(`fleet.empty.${way}`)}
              </li>
            ))}
          </ul>
        </div>
        <div className="fleet-saved">
          <button type="button" className="button" aria-busy={asked} onClick={reload}>
            {t(asked ? "fleet.refreshing" : "fleet.empty.saved")}
          </button>
          <p className="quiet" role="status">
            {asked ? "" : t("fleet.empty.notFound", { folder })}
          </p>
        </div>
      </Card>
      <Card title={t("fleet.empty.elsewhere")}>
        <FleetSource />
      </Card>
    </>
  );
}

/** How hot this one may get before it rests, and what its driver lets it draw. */
import { useId } from "react";
import { LEAST_TEMPERATURE_LIMIT, MOST_TEMPERATURE_LIMIT } from "../../shared/contract/presence.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { NumberField } from "../parts/controls/number-field.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { usePage } from "../state/store.ts";
import { useCommand } from "../state/use-command.ts";

export function DeviceLimits({ device }: { device: DeviceView }) {
  const { id, gpu, temperatureLimit, name } = device;
  const command = useCommand();
  const stale = usePage((page) => page.stale);
  const label = useId();
  const words = useId();
  const general = temperatureLimit?.general ?? null;
  const limitW = showNumber(gpu?.powerLimitW ?? null);
  return (
    <section className="gpu-part" aria-label={`${t("gpus.limits.title")}: ${name}`}>
      <h3>{t("gpus.limits.title")}</h3>
      <div className="gpu-limit">
        <span id={label}>{t("gpus.limits.temperature")}</span>
        <NumberField
          labelledBy={label}
          describedBy={words}
          value={temperatureLimit?.own ?? null}
          canBeEmpty
          min={LEAST_TEMPERATURE_LIMIT}
          max={MOST_TEMPERATURE_LIMIT}
          unit="°C"
          placeholder={general === null ? UNKNOWN : String(general)}
          disabled={stale}
          onChange={(temperatureC) => void command.run("devices.setLimits", { device: id, temperatureC })}
        />
      </div>
      <p id={words} className="quiet gpu-words">
        {t("gpus.limits.temperatureHelp", {
          rule: general === null ? t("gpus.limits.ruleNone") : t("gpus.limits.ruleIs", { limit: general }),
        })}
      </p>
      {gpu !== undefined && (
        <>
          <div className="gpu-limit">
            <span>{t("gpus.limits.power")}</span>
            <span className="figures">{limitW === UNKNOWN ? UNKNOWN : `${limitW} W`}</span>
          </div>
          <p className="quiet gpu-words">{t("gpus.limits.powerHelp")}</p>
        </>
      )}
      {command.error !== null && <ErrorNote error={command.error} alert />}
    </section>
  );
}

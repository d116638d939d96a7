/** What electricity costs here: what is counted beside the net. */

import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { NumberField } from "../parts/controls/number-field.tsx";
import { Switch } from "../parts/controls/switch.tsx";
import { TimeField } from "../parts/controls/time-field.tsx";
import { Row } from "./row.tsx";
import { NumberRow, SelectRow } from "./setting-rows.tsx";
import { numberValue, textValue, useSetting, useSettingsChange } from "./use-setting.ts";

const CURRENCIES = [
  "EUR",
  "USD",
  "GBP",
  "CHF",
  "PLN",
  "CZK",
  "SEK",
  "NOK",
  "DKK",
  "CAD",
  "AUD",
  "JPY",
  "INR",
  "BRL",
];
const NIGHT = "22:00-06:00";

export function EnergySection() {
  const currency = textValue(useSetting("energy.currency").view);
  const perKwh = t("settings.energy.perKwh", { currency });
  return (
    <Card title={t("settings.sections.energy")}>
      <p className="settings-help">{t("settings.energy.help")}</p>
      <NumberRow
        name="energy.price"
        label={t("settings.energy.price")}
        min={0}
        max={100}
        step={0.01}
        digits={6}
        unit={perKwh}
        canBeEmpty
        placeholder={t("settings.energy.notSet")}
      />
      <SelectRow
        name="energy.currency"
        label={t("settings.energy.currency")}
        options={CURRENCIES.map((code) => ({ value: code, label: code }))}
      />
      <SecondTariff perKwh={perKwh} />
      <NumberRow
        name="energy.rest_of_system_watts"
        label={t("settings.energy.rest")}
        help={t("settings.energy.restHelp")}
        min={0}
        max={5000}
        step={5}
        unit="W"
      />
      {(["AIT", "ANM"] as const).map((coin) => (
        <NumberRow
          key={coin}
          name={coin === "AIT" ? "energy.ait_worth" : "energy.anm_worth"}
          label={t("settings.energy.worth", { coin })}
          help={t("settings.energy.worthHelp")}
          min={0}
          max={1_000_000}
          step={0.01}
          digits={6}
          unit={currency}
          canBeEmpty
          placeholder={t("settings.energy.notSet")}
        />
      ))}
    </Card>
  );
}

/** On: it has hours. What they cost is asked for only then. */
function SecondTariff({ perKwh }: { perKwh: string }) {
  const price = useSetting("energy.price");
  const second = useSetting("energy.second_price");
  const hours = useSetting("energy.second_hours");
  const { change, error } = useSettingsChange();
  const isOn = hours.view.value !== null;
  const [from = "", to = ""] = textValue(hours.view).split("-");
  const fixed = second.isFixed || hours.isFixed;
  return (
    <Row
      label={t("settings.energy.second")}
      help={t("settings.energy.secondHelp")}
      error={error ?? hours.error ?? second.error}
      below={(ids) =>
        isOn && (
          <div className="setting-fields">
            <NumberField
              label={t("settings.energy.secondPrice")}
              value={numberValue(second.view)}
              min={0}
              max={100}
              step={0.01}
              digits={6}
              unit={perKwh}
              errorId={ids.errorId}
              disabled={second.isFixed}
              onChange={(value) => second.set(value)}
            />
            <span>{t("settings.energy.secondFrom")}</span>
            <TimeField
              label={`${t("settings.energy.second")}: ${t("settings.energy.secondFrom")}`}
              value={from}
              disabled={hours.isFixed}
              onCommit={(value) => hours.set(`${value}-${to}`)}
            />
            <span>{t("settings.energy.secondTo")}</span>
            <TimeField
              label={`${t("settings.energy.second")}: ${t("settings.energy.secondTo")}`}
              value={to}
              disabled={hours.isFixed}
              onCommit={(value) => hours.set(`${from}-${value}`)}
            />
          </div>
        )
      }
    >
      {(ids) => (
        <>
          <Switch
            {...ids}
            checked={isOn}
            disabled={fixed}
            onChange={(on) =>
              void change(
                on
                  ? { "energy.second_hours": NIGHT, "energy.second_price": numberValue(price.view) }
                  : { "energy.second_hours": null, "energy.second_price": null },
              )
            }
          />
        </>
      )}
    </Row>
  );
}

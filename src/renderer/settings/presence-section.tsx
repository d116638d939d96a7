/** When the machine is its person's and not the markets': what pauses a GPU, and the hours of the week for work. */
import { X } from "lucide-react";
import { useState } from "react";
import { LEAST_TEMPERATURE_LIMIT, MOST_TEMPERATURE_LIMIT } from "../../shared/contract/presence.ts";
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { NumberField } from "../parts/controls/number-field.tsx";
import { Switch } from "../parts/controls/switch.tsx";
import { TextField } from "../parts/controls/text-field.tsx";
import { ScheduleRow } from "./presence-schedule.tsx";
import { Row } from "./row.tsx";
import { SwitchRow } from "./setting-rows.tsx";
import { useListAhead } from "./use-list-ahead.ts";
import { isOn, numberValue, useSetting } from "./use-setting.ts";
import "./presence.css";

/** What the switches turn on; 0 is off. */
const USUAL_MINUTES = 10;
const USUAL_LIMIT = 83;

export function PresenceSection() {
  return (
    <Card title={t("gpus.presence.title")}>
      <p className="settings-help">{t("gpus.presence.intro")}</p>
      <SwitchRow
        name="presence.pause_for_other_programs"
        label={t("gpus.presence.otherPrograms")}
        help={t("gpus.presence.otherProgramsHelp")}
      />
      <ProgramsRow />
      <SwitchRow
        name="presence.pause_for_fullscreen"
        label={t("gpus.presence.fullscreen")}
        help={t("gpus.presence.fullscreenHelp")}
      />
      <BusyRow />
      <AmountRow
        name="presence.idle_minutes"
        label={t("gpus.presence.idle")}
        help={t("gpus.presence.idleHelp")}
        amount={t("gpus.presence.idleMinutes")}
        usual={USUAL_MINUTES}
        min={1}
        max={240}
        unit="min"
      />
      <SwitchRow
        name="presence.pause_on_battery"
        label={t("gpus.presence.battery")}
        help={t("gpus.presence.batteryHelp")}
      />
      <AmountRow
        name="presence.temperature_limit"
        label={t("gpus.presence.temperature")}
        help={t("gpus.presence.temperatureHelp")}
        amount={t("gpus.presence.temperatureLimit")}
        usual={USUAL_LIMIT}
        min={LEAST_TEMPERATURE_LIMIT}
        max={MOST_TEMPERATURE_LIMIT}
        unit="°C"
      />
      <ScheduleRow />
    </Card>
  );
}

interface AmountRowProps {
  readonly name: "presence.idle_minutes" | "presence.temperature_limit";
  readonly label: string;
  readonly help: string;
  readonly amount: string;
  /** What it begins with when it is switched on. */
  readonly usual: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}

/** A number where 0 means off: a switch, and the number only while it is on. */
function AmountRow({ name, label, help, amount, usual, ...field }: AmountRowProps) {
  const setting = useSetting(name);
  const value = numberValue(setting.view) ?? 0;
  return (
    <Row label={label} help={help} setting={setting}>
      {(ids) => (
        <>
          {value > 0 && (
            <NumberField
              label={`${label}: ${amount}`}
              {...field}
              value={value}
              errorId={ids.errorId}
              disabled={setting.isFixed}
              onChange={(next) => setting.set(next)}
            />
          )}
          <Switch
            {...ids}
            checked={value > 0}
            disabled={setting.isFixed}
            onChange={(on) => setting.set(on ? usual : 0)}
          />
        </>
      )}
    </Row>
  );
}

function BusyRow() {
  const busy = useSetting("presence.pause_when_busy");
  const percent = useSetting("presence.busy_percent");
  const seconds = useSetting("presence.busy_seconds");
  const label = t("gpus.presence.busy");
  const help = t("gpus.presence.busyHelp", {
    percent: numberValue(percent.view) ?? 0,
    seconds: numberValue(seconds.view) ?? 0,
  });
  return (
    <Row
      label={label}
      help={help}
      setting={busy}
      error={busy.error ?? percent.error ?? seconds.error}
      below={(ids) =>
        isOn(busy.view) && (
          <div className="setting-fields">
            <span>{t("gpus.presence.busyPercent")}</span>
            <NumberField
              label={`${label}: ${t("gpus.presence.busyPercent")}`}
              value={numberValue(percent.view)}
              min={5}
              max={100}
              step={5}
              unit="%"
              errorId={ids.errorId}
              disabled={percent.isFixed}
              onChange={(value) => percent.set(value)}
            />
            <span>{t("gpus.presence.busySeconds")}</span>
            <NumberField
              label={`${label}: ${t("gpus.presence.busySeconds")}`}
              value={numberValue(seconds.view)}
              min={1}
              max={600}
              step={5}
              unit="s"
              errorId={ids.errorId}
              disabled={seconds.isFixed}
              onChange={(value) => seconds.set(value)}
            />
          </div>
        )
      }
    >
      {(ids) => (
        <Switch {...ids} checked={isOn(busy.view)} disabled={busy.isFixed} onChange={(on) => busy.set(on)} />
      )}
    </Row>
  );
}

function ProgramsRow() {
  const setting = useSetting("presence.pause_programs");
  const { list: programs, save, error } = useListAhead(setting);
  // A new field after each program that was added: the old one would keep its text.
  const [added, setAdded] = useState(0);
  const add = (text: string) => {
    const name = text.trim();
    setAdded(added + 1);
    if (name !== "" && !programs.includes(name)) void save([...programs, name]);
  };
  return (
    <Row
      label={t("gpus.presence.programs")}
      help={t("gpus.presence.programsHelp")}
      setting={setting}
      error={error ?? setting.error}
      below={
        <div className="program-list">
          {programs.map((name) => (
            <span key={name} className="program-tag">
              {name}
              <button
                type="button"
                className="program-remove"
                aria-label={t("gpus.presence.programsRemove", { name })}
                disabled={setting.isFixed}
                onClick={() => void save(programs.filter((each) => each !== name))}
              >
                <X size={13} aria-hidden />
              </button>
            </span>
          ))}
          <TextField
            key={added}
            label={t("gpus.presence.programsAdd")}
            value=""
            placeholder={t("gpus.presence.programsPlaceholder")}
            maxLength={100}
            disabled={setting.isFixed}
            onCommit={add}
          />
        </div>
      }
    />
  );
}

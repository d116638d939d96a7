/** Rows whose control follows from the kind of setting: a switch, a choice, a number, a text. */
import type { SettingKey } from "../../shared/contract/settings.ts";
import { NumberField } from "../parts/controls/number-field.tsx";
import { Segmented } from "../parts/controls/segmented.tsx";
import { type Option, Select } from "../parts/controls/select.tsx";
import { Switch } from "../parts/controls/switch.tsx";
import { TextField } from "../parts/controls/text-field.tsx";
import { optionOf } from "./choices.ts";
import { Row } from "./row.tsx";
import { isOn, numberValue, textValue, useSetting } from "./use-setting.ts";

interface CommonProps {
  readonly name: SettingKey;
  readonly label: string;
  readonly help?: string;
}

export function SwitchRow({ name, label, help }: CommonProps) {
  const setting = useSetting(name);
  return (
    <Row label={label} help={help} setting={setting}>
      {(ids) => (
        <Switch
          {...ids}
          checked={isOn(setting.view)}
          disabled={setting.isFixed}
          onChange={(on) => setting.set(on)}
        />
      )}
    </Row>
  );
}

/** `unsaid`: what holds while nobody has said anything, where it depends on what the engine runs in. */
export function SegmentedRow(
  props: CommonProps & { readonly options: readonly Option<string>[]; readonly unsaid?: string },
) {
  const { name, label, help, options, unsaid = "" } = props;
  const setting = useSetting(name);
  return (
    <Row label={label} help={help} setting={setting}>
      {(ids) => (
        <Segmented
          {...ids}
          value={textValue(setting.view) || unsaid}
          options={options}
          disabled={setting.isFixed}
          onChange={(value) => setting.set(value)}
        />
      )}
    </Row>
  );
}

/** What is set but not among the options (a file says 45m) is shown as it is. `none`: the option that means nothing set. */
export function SelectRow(
  props: CommonProps & { readonly options: readonly Option<string>[]; readonly none?: string },
) {
  const { name, label, help, options, none } = props;
  const setting = useSetting(name);
  const { value } = setting.view;
  const current = value === null ? NONE : String(value);
  const all = none === undefined ? options : [{ value: NONE, label: none }, ...options];
  const known = all.some((option) => option.value === current);
  return (
    <Row label={label} help={help} setting={setting}>
      {(ids) => (
        <Select
          {...ids}
          value={current}
          options={known ? all : [...all, optionOf(current)]}
          disabled={setting.isFixed}
          onChange={(next) => setting.set(next === NONE ? null : next)}
        />
      )}
    </Row>
  );
}

const NONE = "none";

interface NumberRowProps extends CommonProps {
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  readonly digits?: number;
  readonly unit?: string;
  readonly canBeEmpty?: boolean;
  readonly placeholder?: string;
}

export function NumberRow({ name, label, help, ...field }: NumberRowProps) {
  const setting = useSetting(name);
  return (
    <Row label={label} help={help} setting={setting}>
      {(ids) => (
        <NumberField
          {...ids}
          {...field}
          value={numberValue(setting.view)}
          disabled={setting.isFixed}
          onChange={(value) => setting.set(value)}
        />
      )}
    </Row>
  );
}

export function TextRow({ name, label, help, placeholder }: CommonProps & { readonly placeholder?: string }) {
  const setting = useSetting(name);
  return (
    <Row label={label} help={help} setting={setting}>
      {(ids) => (
        <TextField
          {...ids}
          value={textValue(setting.view)}
          disabled={setting.isFixed}
          onCommit={(value) => setting.set(value.trim() === "" ? null : value.trim())}
          {...(placeholder === undefined ? {} : { placeholder })}
        />
      )}
    </Row>
  );
}

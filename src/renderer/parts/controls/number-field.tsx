/** A number with its unit, told to `onChange` when the person is done with it (Enter, blur, arrow), not at every key. */
import { NumberField as Base } from "@base-ui/react/number-field";
import { Minus, Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { currentLanguage, t } from "../../../shared/words/words.ts";
import "./controls.css";
import { ariaName, type Named } from "./named.ts";

type NumberFieldProps = Named & {
  /** null: nothing is set, the field is empty. */
  readonly value: number | null;
  /** null: the person emptied the field; only where `canBeEmpty`. */
  readonly onChange: (value: number | null) => void;
  readonly canBeEmpty?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  /** Digits after the point, at most. */
  readonly digits?: number;
  readonly unit?: string;
  readonly placeholder?: string;
  readonly disabled?: boolean;
  /** Id of the error's element; the field is marked as wrong. */
  readonly errorId?: string | undefined;
};

export function NumberField(props: NumberFieldProps) {
  const { value, onChange, canBeEmpty = false, min, max, step = 1, digits = 0, unit } = props;
  const { placeholder, disabled = false, errorId, ...named } = props;
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);

  const commit = (next: number | null) => {
    if (next === value) return;
    if (next === null && !canBeEmpty) setDraft(value);
    else onChange(next);
  };
  return (
    <Base.Root
      className="number"
      value={draft}
      onValueChange={setDraft}
      onValueCommitted={commit}
      min={min}
      max={max}
      step={step}
      smallStep={step}
      largeStep={step * 10}
      format={{ maximumFractionDigits: digits }}
      locale={currentLanguage()}
      disabled={disabled}
    >
      <Base.Group className="number-group">
        <Base.Decrement className="number-step" aria-label={t("controls.less")} tabIndex={-1}>
          <Minus size={13} aria-hidden />
        </Base.Decrement>
        <Base.Input
          className="number-input figures"
          placeholder={placeholder}
          {...ariaName(named)}
          {...(errorId === undefined ? {} : { "aria-invalid": true, "aria-errormessage": errorId })}
          onKeyDown={(event) => {
            if (event.key === "Enter") event.currentTarget.blur();
          }}
        />
        {unit !== undefined && <span className="number-unit">{unit}</span>}
        <Base.Increment className="number-step" aria-label={t("controls.more")} tabIndex={-1}>
          <Plus size={13} aria-hidden />
        </Base.Increment>
      </Base.Group>
    </Base.Root>
  );
}

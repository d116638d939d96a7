/** A number with its unit, told to `onChange` when the person is done with it (Enter, blur, arrow), not at every key. */
import { NumberField as Base } from "@base-ui/react/number-field";
import { Minus, Plus } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { currentLanguage, t } from "../../../shared/words/words.ts";
import { readTyped, typedProblemText } from "../../format/typed-decimal.ts";
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
  const problemId = useId();
  const [problem, setProblem] = useState<string | null>(null);
  /** What stands in the field was typed, and not made by a step or from the value. */
  const isTyped = useRef(false);
  const typing = () => {
    isTyped.current = true;
    setProblem(null);
  };

  const wrongId = problem === null ? errorId : problemId;
  const commit = (next: number | null) => {
    if (next === value) return;
    if (next === null && !canBeEmpty) setDraft(value);
    else onChange(next);
  };
  return (
    <Base.Root
      className="number"
      value={draft}
      onValueChange={(next, { reason }) => {
        setDraft(next);
        if (TYPING.has(reason)) return;
        isTyped.current = false;
        setProblem(null);
      }}
      onValueCommitted={commit}
      min={min}
      max={max}
      step={step}
      smallStep={step}
      largeStep={step * 10}
      // A mark between thousands would be the decimal mark of another language.
      format={{ maximumFractionDigits: digits, useGrouping: false }}
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
          {...(wrongId === undefined ? {} : { "aria-invalid": true, "aria-errormessage": wrongId })}
          onChange={typing}
          onPaste={typing}
          onBlur={(event) => {
            const wrong = isTyped.current ? problemOf(event.currentTarget.value) : null;
            setProblem(wrong);
            // What can't be read for sure is not told to anybody, and stays to be corrected.
            if (wrong !== null) event.preventBaseUIHandler();
            else isTyped.current = false;
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") event.currentTarget.blur();
          }}
        />
        {unit !== undefined && <span className="number-unit">{unit}</span>}
        <Base.Increment className="number-step" aria-label={t("controls.more")} tabIndex={-1}>
          <Plus size={13} aria-hidden />
        </Base.Increment>
      </Base.Group>
      {problem !== null && (
        <p className="number-problem" id={problemId} role="alert">
          {problem}
        </p>
      )}
    </Base.Root>
  );
}

const TYPING: ReadonlySet<string> = new Set(["input-change", "input-paste", "input-clear", "input-blur"]);

function problemOf(typed: string): string | null {
  if (typed.trim() === "") return null;
  const found = readTyped(typed, currentLanguage());
  return "decimal" in found ? null : typedProblemText(typed, found);
}

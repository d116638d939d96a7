/**
 * A number with its unit, told to `onChange` when the person is done with it (Enter, blur, arrow), not at every key. What
 * is no number, or lies outside the range, is told to nobody: it stands until it is mended, and Escape or leaving the
 * field brings back what holds.
 */
import { NumberField as Base } from "@base-ui/react/number-field";
import { Minus, Plus } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { currentLanguage, t } from "../../../shared/words/words.ts";
import { readNumber } from "../../format/typed-number.ts";
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
  /** What the steps start from: the last readable number, before anybody else knows of it. */
  const [near, setNear] = useState(value);
  /** What is typed, until it has become the value; null: the value is shown. */
  const [typed, setTyped] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  /** Told and not answered for yet. */
  const sent = useRef<number | null | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  const problemId = useId();

  const restore = () => {
    sent.current = undefined;
    setTyped(null);
    setNear(value);
  };
  // Another value takes the place of what was typed.
  useEffect(restore, [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a refusal that comes takes back, and none that is there.
  useEffect(() => {
    // Refused after the field was left: what it shows is what holds.
    if (errorId !== undefined && document.activeElement !== input.current) restore();
  }, [errorId]);

  const tell = (next: number | null) => {
    sent.current = next;
    onChange(next);
  };
  const read = (text: string) => readNumber(text, { min, max, digits }, currentLanguage());
  const type = (text: string) => {
    setProblem(null);
    setTyped(text);
    const found = read(text);
    if ("number" in found) setNear(found.number);
  };
  const finish = (isLeft: boolean) => {
    if (typed === null) return;
    const isEmpty = typed.trim() === "";
    const found = isEmpty ? { number: null } : read(typed);
    if ("problem" in found) {
      if (isLeft) restore();
      setProblem(
        isLeft ? t("controls.typed.notKept", { typed: typed.trim(), why: found.problem }) : found.problem,
      );
      return;
    }
    const next = found.number;
    if (next === value || (isEmpty && !canBeEmpty)) return restore();
    // Once is enough; leaving the field after a refusal takes it back.
    if (next !== sent.current) tell(next);
    else if (isLeft && errorId !== undefined) restore();
  };

  const isWrong = problem !== null && typed !== null;
  const wrongId = isWrong ? problemId : errorId;
  return (
    <Base.Root
      className="number"
      value={near}
      // Only the steps come this way: what is typed is read above.
      onValueChange={(next) => {
        setNear(next);
        setTyped(next === null ? null : shown(next, digits));
        setProblem(null);
      }}
      onValueCommitted={(next) => {
        if (next === value) restore();
        else tell(next);
      }}
      min={min}
      max={max}
      step={step}
      smallStep={step}
      largeStep={step * 10}
      // How many digits a step keeps.
      format={{ maximumFractionDigits: digits, useGrouping: false }}
      locale={currentLanguage()}
      disabled={disabled}
    >
      <Base.Group className="number-group">
        <Base.Decrement className="number-step" aria-label={t("controls.less")} tabIndex={-1}>
          <Minus size={13} aria-hidden />
        </Base.Decrement>
        <Base.Input
          ref={input}
          className="number-input figures"
          placeholder={placeholder}
          {...ariaName(named)}
          {...(wrongId === undefined ? {} : { "aria-invalid": true, "aria-errormessage": wrongId })}
          value={typed ?? (value === null ? "" : shown(value, digits))}
          onChange={(event) => {
            event.preventBaseUIHandler();
            type(event.currentTarget.value);
          }}
          onPaste={(event) => event.preventBaseUIHandler()}
          onBlur={(event) => {
            event.preventBaseUIHandler();
            finish(true);
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowUp" || event.key === "ArrowDown") return;
            event.preventBaseUIHandler();
            if (event.key === "Enter") finish(false);
            else if (event.key === "Escape" && typed !== null) {
              // Of this field alone: a dialog around it stays open.
              event.preventDefault();
              event.stopPropagation();
              restore();
              setProblem(null);
            }
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

/** Without marks between thousands: one would be the decimal mark of another language. */
const shown = (value: number, digits: number): string =>
  new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: digits, useGrouping: false }).format(
    value,
  );

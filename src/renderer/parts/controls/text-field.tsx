/** One line of text, told to `onCommit` on Enter or when the field is left; Escape takes the change back. */
import { useEffect, useState } from "react";
import "./controls.css";
import { ariaName, type Named } from "./named.ts";

type TextFieldProps = Named & {
  readonly value: string;
  readonly onCommit: (value: string) => void;
  /** At every key, for a search; without it only `onCommit` is told. */
  readonly onInput?: (value: string) => void;
  readonly type?: "text" | "search" | "password" | "url";
  readonly placeholder?: string;
  readonly disabled?: boolean;
  readonly mono?: boolean;
  readonly maxLength?: number;
  readonly autoComplete?: string;
  /** Arrow up (1) or down (-1), with what is typed. */
  readonly onStep?: (typed: string, direction: 1 | -1) => void;
  readonly width?: "time";
  /** Which keyboard a touch screen shows. */
  readonly inputMode?: "numeric";
  /** Id of the error's element; the field is marked as wrong. */
  readonly errorId?: string | undefined;
};

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowUp: 1, ArrowDown: -1 };

export function TextField(props: TextFieldProps) {
  const { value, onCommit, onInput, type = "text", placeholder, disabled = false, mono = false } = props;
  const { maxLength, autoComplete = "off", errorId, inputMode, onStep, width, ...named } = props;
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);

  const change = (next: string) => {
    setDraft(next);
    onInput?.(next);
  };
  const commit = () => {
    if (draft !== value) onCommit(draft);
  };
  return (
    <input
      className={`text-field ${mono ? "mono" : ""} ${width === "time" ? "time-field" : ""}`}
      type={type}
      value={draft}
      placeholder={placeholder}
      disabled={disabled}
      maxLength={maxLength}
      autoComplete={autoComplete}
      inputMode={inputMode}
      spellCheck={false}
      {...ariaName(named)}
      {...(errorId === undefined ? {} : { "aria-invalid": true, "aria-errormessage": errorId })}
      onChange={(event) => change(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        const direction = STEPS[event.key];
        if (direction !== undefined && onStep !== undefined) {
          event.preventDefault();
          onStep(draft, direction);
        } else if (event.key === "Enter") commit();
        else if (event.key === "Escape" && draft !== value) {
          event.stopPropagation();
          change(value);
        }
      }}
    />
  );
}

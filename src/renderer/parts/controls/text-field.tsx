/** One line of text, told to `onCommit` on Enter or when the field is left; Escape takes the change back. */
import { useEffect, useState } from "react";
import "./controls.css";
import { ariaName, type Named } from "./named.ts";

type TextFieldProps = Named & {
  readonly value: string;
  readonly onCommit: (value: string) => void;
  /** At every key, for a search; without it only `onCommit` is told. */
  readonly onInput?: (value: string) => void;
  readonly type?: "text" | "search" | "password" | "url" | "time";
  readonly placeholder?: string;
  readonly disabled?: boolean;
  readonly mono?: boolean;
  readonly maxLength?: number;
  readonly autoComplete?: string;
  /** Id of the error's element; the field is marked as wrong. */
  readonly errorId?: string | undefined;
};

export function TextField(props: TextFieldProps) {
  const { value, onCommit, onInput, type = "text", placeholder, disabled = false, mono = false } = props;
  const { maxLength, autoComplete = "off", errorId, ...named } = props;
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
      className={`text-field ${mono ? "mono" : ""}`}
      type={type}
      value={draft}
      placeholder={placeholder}
      disabled={disabled}
      maxLength={maxLength}
      autoComplete={autoComplete}
      spellCheck={false}
      {...ariaName(named)}
      {...(errorId === undefined ? {} : { "aria-invalid": true, "aria-errormessage": errorId })}
      onChange={(event) => change(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        else if (event.key === "Escape" && draft !== value) {
          event.stopPropagation();
          change(value);
        }
      }}
    />
  );
}

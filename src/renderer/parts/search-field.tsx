/** A field that searches while one types: what is typed counts after a short pause, or at once with Enter. */
import { useEffect, useRef, useState } from "react";
import { TextField } from "./controls/text-field.tsx";

const PAUSE_AFTER_KEY = 180;

interface SearchFieldProps {
  label: string;
  placeholder: string;
  value: string | undefined;
  mono?: boolean;
  /** undefined: nothing is searched for. */
  onChange: (text: string | undefined) => void;
}

export function SearchField({ label, placeholder, value, mono = false, onChange }: SearchFieldProps) {
  const [typed, setTyped] = useState(value ?? "");
  const wanted = typed.trim() === "" ? undefined : typed.trim();
  // Other filters may change during the pause: the newest listener knows them.
  const listener = useRef(onChange);
  listener.current = onChange;
  useEffect(() => setTyped(value ?? ""), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the wait anew.
  useEffect(() => {
    if (wanted === value) return;
    const timer = setTimeout(() => listener.current(wanted), PAUSE_AFTER_KEY);
    return () => clearTimeout(timer);
  }, [wanted]);
  return (
    <TextField
      label={label}
      type="search"
      value={typed}
      placeholder={placeholder}
      maxLength={200}
      mono={mono}
      onInput={setTyped}
      onCommit={() => listener.current(wanted)}
    />
  );
}

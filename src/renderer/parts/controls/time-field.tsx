/**
 * A time of day on the 24-hour clock, whatever clock the browser would choose: "6", "6:30", "630" and "6.30" are read as
 * people write them. The arrow keys go by a quarter of an hour.
 */
import { useState } from "react";
import type { Named } from "./named.ts";
import { TextField } from "./text-field.tsx";
import { readTime, stepTime } from "./time-text.ts";

type TimeFieldProps = Named & {
  /** "06:30". */
  readonly value: string;
  readonly onCommit: (value: string) => void;
  readonly disabled?: boolean;
};

const STEP_MINUTES = 15;

export function TimeField({ value, onCommit, disabled = false, ...named }: TimeFieldProps) {
  // Rises when something was typed that is no time: the field goes back to what it was.
  const [refused, setRefused] = useState(0);
  return (
    <TextField
      key={refused}
      {...named}
      value={value}
      disabled={disabled}
      maxLength={8}
      inputMode="numeric"
      width="time"
      onStep={(typed, direction) => onCommit(stepTime(readTime(typed) ?? value, direction * STEP_MINUTES))}
      onCommit={(typed) => {
        const time = readTime(typed);
        if (time === null) setRefused((count) => count + 1);
        else if (time !== value) onCommit(time);
        else if (typed !== value) setRefused((count) => count + 1);
      }}
    />
  );
}

/** One of two to five, all in sight: a radio group that looks like a strip. */
import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";
import type { ReactNode } from "react";
import "./controls.css";
import { ariaName, type Named } from "./named.ts";

export interface Segment<T extends string> {
  readonly value: T;
  readonly label: ReactNode;
  readonly disabled?: boolean;
}

type SegmentedProps<T extends string> = Named & {
  readonly value: T;
  readonly options: readonly Segment<T>[];
  readonly onChange: (value: T) => void;
  readonly disabled?: boolean;
};

export function Segmented<T extends string>(props: SegmentedProps<T>) {
  const { value, options, onChange, disabled = false, ...named } = props;
  return (
    <RadioGroup<T>
      className="segmented"
      value={value}
      onValueChange={(next) => onChange(next)}
      disabled={disabled}
      {...ariaName(named)}
    >
      {options.map((segment) => (
        // biome-ignore lint/a11y/noLabelWithoutControl: the radio inside renders its own input.
        <label key={segment.value} className="segment">
          <Radio.Root className="segment-radio" value={segment.value} disabled={segment.disabled} />
          <span>{segment.label}</span>
        </label>
      ))}
    </RadioGroup>
  );
}

/** A value on a line. What lies behind the line (quantiles, a limit) is drawn by the caller as `behind`, in per cent of its length. */
import { Slider as Base } from "@base-ui/react/slider";
import type { ReactNode } from "react";
import { currentLanguage } from "../../../shared/words/words.ts";
import "./controls.css";
import { ariaName, type Named } from "./named.ts";

type SliderProps = Named & {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  /** While it moves. */
  readonly onChange: (value: number) => void;
  /** When it is let go. */
  readonly onCommit?: (value: number) => void;
  /** The value as a person says it: "0.25 AIT an hour". */
  readonly valueText?: (value: number) => string;
  readonly behind?: ReactNode;
  readonly disabled?: boolean;
};

export function Slider(props: SliderProps) {
  const { value, min, max, step = 1, onChange, onCommit, valueText, behind, disabled = false } = props;
  return (
    <Base.Root
      className="slider"
      value={value}
      min={min}
      max={max}
      step={step}
      largeStep={step * 10}
      locale={currentLanguage()}
      disabled={disabled}
      onValueChange={(next) => onChange(next)}
      onValueCommitted={(next) => onCommit?.(next)}
    >
      <Base.Control className="slider-control">
        {behind !== undefined && (
          <div className="slider-behind" aria-hidden>
            {behind}
          </div>
        )}
        <Base.Track className="slider-track">
          <Base.Indicator className="slider-filled" />
          <Base.Thumb
            className="slider-thumb"
            {...ariaName(props)}
            getAriaValueText={valueText === undefined ? null : (_formatted, current) => valueText(current)}
          />
        </Base.Track>
      </Base.Control>
    </Base.Root>
  );
}

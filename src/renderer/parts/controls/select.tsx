/** One of a few, from a list that opens. */
import { Select as Base } from "@base-ui/react/select";
import { Check, ChevronDown } from "lucide-react";
import "./controls.css";
import { ariaName, type Named } from "./named.ts";

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
  /** A quiet second line. */
  readonly hint?: string;
  readonly disabled?: boolean;
}

type SelectProps<T extends string> = Named & {
  readonly value: T;
  readonly options: readonly Option<T>[];
  readonly onChange: (value: T) => void;
  readonly disabled?: boolean;
};

export function Select<T extends string>(props: SelectProps<T>) {
  const { value, options, onChange, disabled = false, ...named } = props;
  return (
    <Base.Root
      value={value}
      items={options.map((option) => ({ value: option.value, label: option.label }))}
      onValueChange={(next) => {
        if (next !== null && next !== value) onChange(next);
      }}
      disabled={disabled}
      modal={false}
    >
      <Base.Trigger className="select" {...ariaName(named)}>
        <Base.Value className="clip" />
        <Base.Icon className="select-icon">
          <ChevronDown size={14} aria-hidden />
        </Base.Icon>
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className="popup-place" sideOffset={4} alignItemWithTrigger={false}>
          <Base.Popup className="popup">
            <Base.List className="popup-list">
              {options.map((option) => (
                <Base.Item
                  key={option.value}
                  className="popup-item"
                  value={option.value}
                  disabled={option.disabled}
                >
                  <Base.ItemIndicator className="popup-mark">
                    <Check size={14} aria-hidden />
                  </Base.ItemIndicator>
                  <span className="popup-text">
                    <Base.ItemText>{option.label}</Base.ItemText>
                    {option.hint !== undefined && <span className="popup-hint">{option.hint}</span>}
                  </span>
                </Base.Item>
              ))}
            </Base.List>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

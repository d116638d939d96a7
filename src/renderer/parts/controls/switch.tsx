/** On or off, at once: for what takes effect without a button. */
import { Switch as Base } from "@base-ui/react/switch";
import "./controls.css";
import { ariaName, type Named } from "./named.ts";

type SwitchProps = Named & {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
};

export function Switch({ checked, onChange, disabled = false, ...named }: SwitchProps) {
  return (
    <Base.Root
      className="switch"
      checked={checked}
      onCheckedChange={(next) => onChange(next)}
      disabled={disabled}
      {...ariaName(named)}
    >
      <Base.Thumb className="switch-thumb" />
    </Base.Root>
  );
}

/** Actions behind one button. */
import { Menu as Base } from "@base-ui/react/menu";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import "./controls.css";

export interface MenuEntry {
  readonly key: string;
  readonly label: string;
  readonly hint?: string;
  readonly icon?: LucideIcon;
  readonly onSelect: () => void;
  readonly disabled?: boolean;
  readonly destructive?: boolean;
}

interface MenuProps {
  /** What the button shows; when that is only an icon, `label` says what it is. */
  readonly trigger: ReactNode;
  readonly label?: string;
  readonly className?: string;
  /** Groups, divided by a line. */
  readonly groups: readonly (readonly MenuEntry[])[];
  readonly disabled?: boolean;
  readonly align?: "start" | "end";
}

export function Menu({
  trigger,
  label,
  className = "button",
  groups,
  disabled = false,
  align = "end",
}: MenuProps) {
  return (
    <Base.Root modal={false} disabled={disabled}>
      <Base.Trigger className={className} aria-label={label}>
        {trigger}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className="popup-place" sideOffset={4} align={align}>
          <Base.Popup className="popup">
            {groups
              .filter((group) => group.length > 0)
              .map((group, index) => (
                <Base.Group key={group[0]?.key} className="popup-list">
                  {index > 0 && <Base.Separator className="popup-line" />}
                  {group.map((entry) => (
                    <Entry key={entry.key} entry={entry} />
                  ))}
                </Base.Group>
              ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Entry({ entry }: { entry: MenuEntry }) {
  const { icon: Icon } = entry;
  return (
    <Base.Item
      className={`popup-item ${entry.destructive === true ? "popup-item-danger" : ""}`}
      disabled={entry.disabled}
      onClick={entry.onSelect}
      label={entry.label}
    >
      {Icon !== undefined && <Icon size={14} className="popup-icon" aria-hidden />}
      <span className="popup-text">
        <span>{entry.label}</span>
        {entry.hint !== undefined && <span className="popup-hint">{entry.hint}</span>}
      </span>
    </Base.Item>
  );
}

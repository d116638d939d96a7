/** A question or a form in front of everything: Escape, the ground beside it and Cancel change nothing. */
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { t } from "../../../shared/words/words.ts";
import "./controls.css";

interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** One or two sentences under the title: what this is about, what it costs. */
  readonly words?: ReactNode;
  readonly wide?: boolean;
  readonly children?: ReactNode;
  /** Buttons, the gentlest first. */
  readonly actions?: ReactNode;
}

export function Dialog(props: DialogProps) {
  const { open, onClose, title, words, wide = false, children, actions } = props;
  return (
    <Base.Root
      open={open}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="dialog-scrim" />
        <Base.Viewport className="dialog-place">
          <Base.Popup className={`dialog ${wide ? "dialog-wide" : ""}`}>
            <div className="dialog-head">
              <Base.Title className="dialog-title">{title}</Base.Title>
              <Base.Close className="icon-button" aria-label={t("controls.close")}>
                <X size={16} aria-hidden />
              </Base.Close>
            </div>
            {words !== undefined && <Base.Description className="dialog-words">{words}</Base.Description>}
            {children !== undefined && <div className="dialog-body">{children}</div>}
            {actions !== undefined && <div className="dialog-actions">{actions}</div>}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}

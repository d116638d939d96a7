/** Asked only when a stop would end jobs that are under way: what it costs, and the gentler way. */

import { useEffect, useRef } from "react";
import { t } from "../../shared/words/words.ts";

interface StopDialogProps {
  /** Leases held now, at least one. */
  held: number;
  onStop: () => void;
  onFinish: () => void;
  onClose: () => void;
}

/** A modal dialog: Escape, the backdrop and Cancel all change nothing. */
export function StopDialog({ held, onStop, onFinish, onClose }: StopDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const close = () => dialog.current?.close();
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the click is on the backdrop; the keyboard has Escape and the buttons.
    <dialog
      ref={dialog}
      className="ask"
      aria-labelledby="stop-title"
      aria-describedby="stop-words"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <div className="ask-inner">
        <h2 id="stop-title">{t("home.stop.title", { count: held })}</h2>
        <p id="stop-words">{t("home.stop.text")}</p>
        <div className="ask-actions">
          <button type="button" className="button button-plain" onClick={close}>
            {t("home.stop.cancel")}
          </button>
          <button
            type="button"
            className="button"
            onClick={() => {
              close();
              onFinish();
            }}
          >
            {t("home.stop.finish")}
          </button>
          <button
            type="button"
            className="button"
            onClick={() => {
              close();
              onStop();
            }}
          >
            {t("home.stop.now")}
          </button>
        </div>
      </div>
    </dialog>
  );
}

/** Asked only when a stop would end jobs that are under way: what it costs, and the gentler way. */
import { useEffect, useRef } from "react";
import { plural } from "../format/reading.ts";

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
        <h2 id="stop-title">Stop with {plural(held, "job")} under way?</h2>
        <p id="stop-words">
          What runs ends at once and is given back or counts as failed. Results that are computed are still
          submitted.
        </p>
        <div className="ask-actions">
          <button type="button" className="button button-plain" onClick={close}>
            Cancel
          </button>
          <button
            type="button"
            className="button"
            onClick={() => {
              close();
              onFinish();
            }}
          >
            Finish current and stop
          </button>
          <button
            type="button"
            className="button"
            onClick={() => {
              close();
              onStop();
            }}
          >
            Stop now
          </button>
        </div>
      </div>
    </dialog>
  );
}

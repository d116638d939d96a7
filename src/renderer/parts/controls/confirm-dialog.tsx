/** Asked before something is lost or money moves: says what happens, and stays open with the reason when it could not be done. */
import { type ReactNode, useState } from "react";
import { type ErrorValue, toErrorValue } from "../../../shared/errors.ts";
import { t } from "../../../shared/words/words.ts";
import { ErrorNote } from "../note.tsx";
import { Dialog } from "./dialog.tsx";

interface ConfirmDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** What happens, and what can't be taken back. */
  readonly words: ReactNode;
  readonly confirm: string;
  /** The button is red: something is lost. */
  readonly destructive?: boolean;
  /** Not yet: a word has to be typed, a box ticked. */
  readonly blocked?: boolean;
  /** The dialog closes when it is done. */
  readonly onConfirm: () => Promise<unknown>;
  readonly children?: ReactNode;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const {
    open,
    onClose,
    title,
    words,
    confirm,
    destructive = false,
    blocked = false,
    onConfirm,
    children,
  } = props;
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ErrorValue | null>(null);

  const close = () => {
    setError(null);
    onClose();
  };
  const go = () => {
    setPending(true);
    setError(null);
    onConfirm()
      .then(close, (thrown: unknown) => setError(toErrorValue(thrown)))
      .finally(() => setPending(false));
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      title={title}
      words={words}
      actions={
        <>
          <button type="button" className="button button-plain" onClick={close}>
            {t("controls.cancel")}
          </button>
          <button
            type="button"
            className={`button ${destructive ? "button-danger" : "button-strong"}`}
            disabled={blocked || pending}
            aria-busy={pending}
            onClick={go}
          >
            {confirm}
          </button>
        </>
      }
    >
      {(children !== undefined || error !== null) && (
        <>
          {children}
          {error !== null && <ErrorNote error={error} alert />}
        </>
      )}
    </Dialog>
  );
}

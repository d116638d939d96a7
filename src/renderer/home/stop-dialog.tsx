/** Asked only when a stop would end jobs that are under way: what it costs, and the gentler way. */
import { t } from "../../shared/words/words.ts";
import { Dialog } from "../parts/controls/dialog.tsx";

interface StopDialogProps {
  open: boolean;
  /** Leases held now, at least one. */
  held: number;
  onStop: () => void;
  onFinish: () => void;
  onClose: () => void;
}

export function StopDialog({ open, held, onStop, onFinish, onClose }: StopDialogProps) {
  const choose = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("home.stop.title", { count: held })}
      words={t("home.stop.text")}
      actions={
        <>
          <button type="button" className="button button-plain" onClick={onClose}>
            {t("home.stop.cancel")}
          </button>
          <button type="button" className="button" onClick={choose(onFinish)}>
            {t("home.stop.finish")}
          </button>
          <button type="button" className="button" onClick={choose(onStop)}>
            {t("home.stop.now")}
          </button>
        </>
      }
    />
  );
}

/** Make room: the size to keep under, and, before anything goes, what would go. */
import { useEffect, useId, useState } from "react";
import type { ModelDisk, Pruned } from "../../shared/contract/models.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { NumberField } from "../parts/controls/number-field.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";

const GB = 1e9;
/** Half of what there is, where no cap says better; to a tenth of a GB. */
const suggested = ({ maxBytes, modelBytes }: ModelDisk): number =>
  maxBytes !== null && maxBytes < modelBytes ? maxBytes / GB : Math.floor((modelBytes / GB / 2) * 10) / 10;

export function PruneDialog({ disk, onClose }: { disk: ModelDisk; onClose: () => void }) {
  const bridge = useBridge();
  const label = useId();
  const [gigabytes, setGigabytes] = useState(() => suggested(disk));
  const toBytes = Math.round(gigabytes * GB);
  const { plan, error } = usePlan(toBytes);
  const freed = plan?.removed.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t("models.prune.title")}
      words={t("models.prune.words")}
      confirm={t("models.prune.yes", { size: showBytes(freed) })}
      destructive
      blocked={freed === 0}
      onConfirm={() => bridge.invoke("models.prune", { toBytes })}
    >
      <div className="prune-size">
        <span id={label}>{t("models.prune.keep")}</span>
        <NumberField
          labelledBy={label}
          value={gigabytes}
          onChange={(value) => setGigabytes(value ?? 0)}
          min={0}
          step={0.1}
          digits={1}
          unit={t("models.prune.unit")}
        />
      </div>
      <div className="prune-plan" role="status">
        {error !== null ? (
          <ErrorNote error={error} />
        ) : plan === null ? (
          <p className="quiet">{t("models.prune.asking")}</p>
        ) : (
          <Plan plan={plan} toBytes={toBytes} />
        )}
      </div>
    </ConfirmDialog>
  );
}

function Plan({ plan, toBytes }: { plan: Pruned; toBytes: number }) {
  const left = showBytes(plan.bytesLeft);
  const stuck = plan.bytesLeft > toBytes && <p className="quiet">{t("models.prune.tooMuch")}</p>;
  if (plan.removed.length === 0)
    return stuck || <p className="quiet">{t("models.prune.nothing", { size: left })}</p>;
  return (
    <>
      <p>{t("models.prune.gone")}</p>
      <ul className="prune-list">
        {plan.removed.map(({ id, bytes }) => (
          <li key={id}>
            <span className="clip">{id}</span>
            <span className="quiet figures nowrap">{showBytes(bytes)}</span>
          </li>
        ))}
      </ul>
      <p className="quiet">{t("models.prune.left", { size: left })}</p>
      {stuck}
    </>
  );
}

/** What would go for that size, as the engine would do it now; null while it has not said. */
function usePlan(toBytes: number): { plan: Pruned | null; error: ErrorValue | null } {
  const bridge = useBridge();
  const [plan, setPlan] = useState<Pruned | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  useEffect(() => {
    let wanted = true;
    setPlan(null);
    bridge.invoke("models.prune", { toBytes, dryRun: true }).then(
      (answer) => {
        if (!wanted) return;
        setPlan(answer);
        setError(null);
      },
      (thrown: unknown) => {
        if (wanted) setError(toErrorValue(thrown));
      },
    );
    return () => {
      wanted = false;
    };
  }, [bridge, toBytes]);
  return { plan, error };
}

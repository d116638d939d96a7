/** The room that models take, against the cap and the disk. */
import { useEffect, useState } from "react";
import type { ModelDisk, ModelView } from "../../shared/contract/models.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { showBytes } from "../format/bytes.ts";
import { UNKNOWN } from "../format/reading.ts";
import { Card } from "../parts/card.tsx";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import { PruneDialog } from "./prune-dialog.tsx";

export function DiskCard({ models }: { models: readonly ModelView[] }) {
  const { disk, error } = useDisk(models);
  const stale = usePage((page) => page.stale);
  const [asking, setAsking] = useState(false);
  const taken = disk === null ? null : disk.modelBytes + disk.partialBytes;
  const over = disk !== null && disk.maxBytes !== null && disk.modelBytes > disk.maxBytes;
  return (
    <Card
      title={t("models.disk.title")}
      aside={
        <span className="mono clip disk-folder" title={disk?.folder}>
          {disk?.folder ?? UNKNOWN}
        </span>
      }
    >
      <div className="disk">
        <div className="disk-figures">
          <strong className="figures">
            {t("models.disk.taken", { size: showBytes(disk?.modelBytes ?? null) })}
          </strong>
          {disk !== null && disk.partialBytes > 0 && (
            <span className="quiet figures">
              {t("models.disk.partial", { size: showBytes(disk.partialBytes) })}
            </span>
          )}
          <span className="quiet figures">
            {disk === null
              ? UNKNOWN
              : disk.maxBytes === null
                ? t("models.disk.noCap")
                : t("models.disk.cap", { size: showBytes(disk.maxBytes) })}
          </span>
          <span className="quiet figures">
            {t("models.disk.free", { size: showBytes(disk?.freeBytes ?? null) })}
          </span>
        </div>
        <button
          type="button"
          className="button"
          disabled={stale || disk === null || disk.modelBytes === 0}
          onClick={() => setAsking(true)}
        >
          {t("models.disk.room")}
        </button>
      </div>
      {disk !== null && taken !== null && <DiskBar disk={disk} />}
      {over && <Note tone="warn">{t("models.disk.over")}</Note>}
      {error !== null && <ErrorNote error={error} />}
      {asking && disk !== null && <PruneDialog disk={disk} onClose={() => setAsking(false)} />}
    </Card>
  );
}

/** What models take of the cap; without one, of the room there is for them. The figures above it say the same. */
function DiskBar({ disk }: { disk: ModelDisk }) {
  const { modelBytes, partialBytes, maxBytes, freeBytes } = disk;
  const taken = modelBytes + partialBytes;
  const whole = maxBytes ?? (freeBytes === null ? null : taken + freeBytes);
  if (whole === null || whole === 0) return null;
  const percent = (bytes: number) => `${Math.min(100, (bytes / Math.max(whole, taken)) * 100)}%`;
  return (
    <div className="disk-bar" aria-hidden>
      <span className="disk-bar-whole" style={{ width: percent(modelBytes) }} />
      <span className="disk-bar-partial" style={{ width: percent(partialBytes) }} />
    </div>
  );
}

/** Asked again whenever something came or went; the engine reads the folder only then. */
function useDisk(models: readonly ModelView[]): { disk: ModelDisk | null; error: ErrorValue | null } {
  const bridge = useBridge();
  const link = usePage((page) => page.link.state);
  const [disk, setDisk] = useState<ModelDisk | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  const changes = models.map(({ id, state, ownBytes }) => `${id} ${state} ${ownBytes}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `changes` is why it is asked again.
  useEffect(() => {
    if (link !== "up") return;
    let wanted = true;
    bridge.invoke("models.disk", {}).then(
      (answer) => {
        if (!wanted) return;
        setDisk(answer);
        setError(null);
      },
      (thrown: unknown) => {
        if (wanted) setError(toErrorValue(thrown));
      },
    );
    return () => {
      wanted = false;
    };
  }, [bridge, link, changes]);
  return { disk, error };
}

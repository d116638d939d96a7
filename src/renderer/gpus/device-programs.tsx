/** Who is on a GPU: our own marked, each other one a click away from the list of programs that always pause. */
import { CirclePause } from "lucide-react";
import type { DeviceView, GpuDetails } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { showGigabytes, UNKNOWN } from "../format/reading.ts";
import { ErrorNote } from "../parts/note.tsx";
import { useEngine, usePage } from "../state/store.ts";
import { useCommand } from "../state/use-command.ts";

/** Windows lists every window. */
const SHOWN = 8;
type GpuProcess = NonNullable<GpuDetails["processes"]>[number];

export function DevicePrograms({ device, gpu }: { device: DeviceView; gpu: GpuDetails }) {
  const { processes, unknown } = gpu;
  const command = useCommand();
  const setting = useEngine((state) => state.settings.values["presence.pause_programs"]);
  const stale = usePage((page) => page.stale);
  const list = Array.isArray(setting.value) ? setting.value.map(String) : [];
  const fixed = setting.source.kind !== "saved" && setting.source.kind !== "default";
  const add = (name: string) =>
    void command.run("settings.set", { patch: { "presence.pause_programs": [...list, name] } });
  const ordered = (processes ?? []).toSorted(
    (a, b) => Number(b.ours) - Number(a.ours) || (b.memoryMb ?? 0) - (a.memoryMb ?? 0),
  );
  const more = ordered.length - SHOWN;
  return (
    <section className="gpu-part" aria-label={`${t("gpus.programs.title")}: ${device.name}`}>
      <h3>{t("gpus.programs.title")}</h3>
      {processes === null && (
        <p className="quiet">
          {t("gpus.programs.unknown")} {unknown.processes ?? ""}
        </p>
      )}
      {processes?.length === 0 && <p className="quiet">{t("gpus.programs.none")}</p>}
      <ul className="gpu-programs">
        {ordered.slice(0, SHOWN).map((process) => (
          <Program
            key={process.pid}
            process={process}
            listed={list.some((name) => isSame(name, process.name))}
            onPause={fixed || stale ? null : add}
          />
        ))}
      </ul>
      {more > 0 && <p className="quiet">{t("gpus.programs.more", { count: more })}</p>}
      {command.error !== null && <ErrorNote error={command.error} alert />}
    </section>
  );
}

interface ProgramProps {
  readonly process: GpuProcess;
  readonly listed: boolean;
  /** null: the list can't be changed here. */
  readonly onPause: ((name: string) => void) | null;
}

function Program({ process, listed, onPause }: ProgramProps) {
  const { pid, name, memoryMb, ours, kind = "compute" } = process;
  const what = ours ? t("gpus.programs.ours") : (name ?? t("gpus.programs.process", { pid: String(pid) }));
  return (
    <li className="gpu-program">
      <span className={`gpu-program-name ${ours ? "strong" : ""}`}>
        {what}
        {ours && <span className="tag tone-info">{pid}</span>}
        {listed && <span className="tag tone-warn">{t("gpus.programs.listed")}</span>}
      </span>
      <span className="quiet">{t(`gpus.programs.${kind}`)}</span>
      <span className="figures gpu-program-memory">
        {showGigabytes(memoryMb)}
        {showGigabytes(memoryMb) !== UNKNOWN && <span className="quiet"> GB</span>}
      </span>
      {!ours && name !== null && !listed && onPause !== null ? (
        <button
          type="button"
          className="icon-button"
          title={t("gpus.programs.pauseForShort")}
          aria-label={t("gpus.programs.pauseFor", { name })}
          onClick={() => onPause(name)}
        >
          <CirclePause size={15} aria-hidden />
        </button>
      ) : (
        <span className="gpu-program-space" aria-hidden />
      )}
    </li>
  );
}

const bare = (name: string): string => name.toLowerCase().replace(/\.exe$/, "");
const isSame = (listed: string, name: string | null): boolean => name !== null && bare(listed) === bare(name);

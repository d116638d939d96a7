/** GPUs: every device of this machine, what it does, why it rests, and the person's say over each. */
import { Cpu, Search } from "lucide-react";
import { useState } from "react";
import type { HistorySpan } from "../../shared/contract/devices.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { Segmented } from "../parts/controls/segmented.tsx";
import { ErrorNote, Note } from "../parts/note.tsx";
import { useEngine, usePage } from "../state/store.ts";
import { useCommand } from "../state/use-command.ts";
import { useDeviceWatch } from "../state/use-device-watch.ts";
import { DeviceCard } from "./device-card.tsx";
import { GpuPackCard } from "./gpu-pack-card.tsx";
import { HostLine } from "./host-line.tsx";
import "./gpus.css";

/** More than these begin folded. */
const OPEN_AT_FIRST = 2;
/** More than these have no charts while they are folded: a machine with 16 GPUs would draw 64 every second. */
const CHARTS_AT_MOST = 4;

export function Gpus() {
  useDeviceWatch();
  const devices = useEngine((state) => state.devices);
  const host = useEngine((state) => state.engine.host);
  const stale = usePage((page) => page.stale);
  const command = useCommand();
  const [looked, setLooked] = useState<string | null>(null);
  const look = async () => {
    setLooked(null);
    const answer = await command.run("devices.redetect", {});
    if (answer !== null) setLooked(lookedWords(devices, answer.devices));
  };
  const [span, setSpan] = useState<HistorySpan>("minutes");
  const lacksParts = useEngine(
    ({ gpuPack }) => gpuPack?.parts.some(({ state }) => state === "missing") ?? false,
  );
  // What is missing is said before the GPUs that miss it, and stays there when it came; what was whole before is no news.
  const [packFirst, setPackFirst] = useState(lacksParts);
  if (lacksParts && !packFirst) setPackFirst(true);
  const paused = devices.filter((device) => device.paused !== null).length;
  const noGpu = devices.length > 0 && devices.every(({ kind }) => kind === "cpu");
  return (
    <div className="screen gpus-screen">
      <div className="screen-head gpus-head">
        <h1>{t("gpus.title")}</h1>
        <p className="quiet figures">
          {t("gpus.count", { count: devices.length })}
          {paused > 0 && ` · ${t("gpus.pausedCount", { count: paused })}`}
        </p>
        <div className="screen-tools">
          <Segmented<HistorySpan>
            label={t("gpus.span.label")}
            value={span}
            onChange={setSpan}
            options={[
              { value: "minutes", label: t("gpus.span.minutes") },
              { value: "day", label: t("gpus.span.day") },
            ]}
          />
          <button
            type="button"
            className="button"
            title={t("gpus.lookAgainHint")}
            disabled={stale || command.pending !== null}
            aria-busy={command.pending !== null}
            onClick={() => void look()}
          >
            <Search size={14} aria-hidden />
            {t("gpus.lookAgain")}
          </button>
        </div>
      </div>
      {host !== undefined && <HostLine host={host} />}
      {command.error !== null && <ErrorNote error={command.error} alert />}
      <p className="visually-hidden" role="status">
        {looked ?? ""}
      </p>
      {looked !== null && <Note tone="info">{looked}</Note>}
      {noGpu && (
        <Note tone="info" icon={Cpu} help={t("gpus.noGpu.words")}>
          {t("gpus.noGpu.title")}
        </Note>
      )}
      {devices.length === 0 && <NoDevice />}
      {packFirst && <GpuPackCard />}
      <div className={`gpus-list ${stale ? "gpus-stale" : ""}`}>
        {devices.map((device) => (
          <DeviceCard
            key={device.id}
            device={device}
            span={span}
            open={devices.length <= OPEN_AT_FIRST}
            dense={devices.length > CHARTS_AT_MOST}
          />
        ))}
      </div>
      {!packFirst && <GpuPackCard />}
    </div>
  );
}

/** What a look for GPUs brought: what is new, what is gone, or that nothing is. */
function lookedWords(before: readonly DeviceView[], after: readonly DeviceView[]): string {
  const gpusOf = (devices: readonly DeviceView[]) => devices.filter(({ kind }) => kind === "gpu");
  const namesWithout = (those: readonly DeviceView[], others: readonly DeviceView[]) =>
    gpusOf(those)
      .filter(({ id }) => others.every((other) => other.id !== id))
      .map(({ name }) => name)
      .join(", ");
  const [came, went] = [namesWithout(after, before), namesWithout(before, after)];
  const changes = [
    ...(came === "" ? [] : [t("gpus.looked.came", { names: came })]),
    ...(went === "" ? [] : [t("gpus.looked.went", { names: went })]),
  ];
  if (changes.length > 0) return changes.join(" ");
  const count = gpusOf(after).length;
  return count === 0 ? t("gpus.looked.none") : t("gpus.looked.same", { count });
}

/** A driver may come up late: the headline says whether one is waited for. */
function NoDevice() {
  const { sentence, said, reasons } = useEngine((state) => state.headline);
  return (
    <section className="card card-empty">
      <Cpu size={22} strokeWidth={1.6} aria-hidden />
      <strong>{reasons.length === 0 ? t("gpus.emptyTitle") : hear(sentence, said)}</strong>
      {reasons.length === 0 && t("gpus.empty")}
      {reasons.map((reason) => (
        <span key={reason.text}>
          {asSentence(hear(reason.text, reason.said))}
          {reason.help !== undefined && ` ${hear(reason.help, reason.helpSaid)}`}
        </span>
      ))}
    </section>
  );
}

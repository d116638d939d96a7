/** One device, whole: its state and why, its controls, its readings over time, and everything its driver tells. */
import { ChevronDown, CirclePause, Cpu, Gpu } from "lucide-react";
import { useId, useState } from "react";
import type { HistorySpan } from "../../shared/contract/devices.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { isLeftOut } from "../../shared/gpu/left-out.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { showGigabytes, showNumber, showRate, UNKNOWN } from "../format/reading.ts";
import { ErrorNote, Note } from "../parts/note.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { usePage } from "../state/store.ts";
import { useCommand } from "../state/use-command.ts";
import { DeviceCharts } from "./device-charts.tsx";
import { DeviceSwitch, PauseControl } from "./device-controls.tsx";
import { DeviceFacts } from "./device-facts.tsx";
import { hasTemperature } from "./device-kind.ts";
import { DeviceLimits } from "./device-limits.tsx";
import {
  BACKEND_LABELS,
  deviceLook,
  pauseHelp,
  pauseSentence,
  verdictHelp,
  verdictWords,
} from "./device-look.ts";
import { DeviceOllama } from "./device-ollama.tsx";
import { DevicePrograms } from "./device-programs.tsx";
import { DeviceRest } from "./device-rest.tsx";
import { DeviceSelfTest } from "./device-self-test.tsx";
import { DeviceSteps } from "./device-steps.tsx";
import { whereItIs } from "./where-it-is.ts";

interface DeviceCardProps {
  readonly device: DeviceView;
  readonly span: HistorySpan;
  /** Shown whole from the start. */
  readonly open: boolean;
  /** One of many: folded it shows its readings in a line, not as charts. */
  readonly dense: boolean;
}

export function DeviceCard({ device, span, open: openAtFirst, dense }: DeviceCardProps) {
  const command = useCommand();
  const now = usePage((page) => page.now);
  const [open, setOpen] = useState(openAtFirst);
  const heading = useId();
  const body = useId();
  const { kind, name, paused, gpu } = device;
  const Icon = kind === "gpu" ? Gpu : Cpu;
  return (
    <section className="card gpu-card" aria-labelledby={heading}>
      <div className="gpu-head">
        <Icon size={18} strokeWidth={1.7} className="gpu-icon" aria-hidden />
        <div className="gpu-who">
          <h2 id={heading} title={whereItIs(device)}>
            {name}
          </h2>
          <StatusWord look={deviceLook(device)} />
        </div>
        <div className="gpu-controls">
          <PauseControl device={device} command={command} />
          <DeviceSwitch device={device} command={command} />
        </div>
      </div>
      {command.error !== null && <ErrorNote error={command.error} alert />}
      {paused !== null && (
        <Note
          tone={paused.by === "switch" ? "info" : "warn"}
          icon={CirclePause}
          help={pauseHelp(paused, now)}
        >
          {pauseSentence(paused)}
        </Note>
      )}
      <Verdict device={device} />
      {dense && !open ? <Readings device={device} /> : <DeviceCharts device={device} span={span} />}
      <button
        type="button"
        className="button button-plain gpu-more"
        aria-expanded={open}
        aria-controls={body}
        aria-label={t("gpus.detailsOf", { name })}
        onClick={() => setOpen(!open)}
      >
        <ChevronDown size={14} className={open ? "gpu-more-open" : ""} aria-hidden />
        {t("gpus.details")}
      </button>
      <div id={body} hidden={!open}>
        {open && (
          <div className="gpu-parts">
            {gpu !== undefined && <DeviceFacts device={device} gpu={gpu} />}
            <div className="gpu-column">
              {gpu !== undefined && <DevicePrograms device={device} gpu={gpu} />}
              <DeviceSteps device={device} />
              <DeviceSelfTest device={device} />
            </div>
            <div className="gpu-column">
              <DeviceRest device={device} />
              {hasTemperature(device) && <DeviceLimits device={device} />}
            </div>
          </div>
        )}
      </div>
    </section>
  );
}

function Readings({ device }: { device: DeviceView }) {
  const { temperatureC, powerW, utilisationPct, memoryUsedMb, memoryTotalMb } = device;
  const readings = [
    [t("gpus.reading.temperature"), showNumber(temperatureC), "°C"],
    [t("gpus.reading.power"), showNumber(powerW), "W"],
    [t("gpus.reading.load"), showNumber(utilisationPct), "%"],
    [
      t("gpus.reading.memory"),
      showGigabytes(memoryUsedMb),
      memoryTotalMb === null ? "GB" : `/ ${showGigabytes(memoryTotalMb)} GB`,
    ],
  ] as const;
  return (
    <dl className="gpu-readings">
      {readings.map(([name, value, unit]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {value !== UNKNOWN && <span className="quiet"> {unit}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What it runs on and why, or why not and what to do; and what it does now. */
function Verdict({ device }: { device: DeviceView }) {
  const {
    verdict,
    backend,
    backendReason,
    backendSaid,
    state,
    stateReason,
    stateSaid,
    runningJobs,
    textsPerSecond,
  } = device;
  const up = state === "working" || state === "ready";
  const how = backendReason === null ? null : hear(backendReason, backendSaid);
  const words = verdict === undefined ? how : verdictWords(verdict);
  const help = verdict === undefined ? null : verdictHelp(verdict);
  const bad = verdict?.usable === false;
  const resting = state === "breaker" || stateSaid?.key === "modelRests";
  const trouble = (resting || (state === "failed" && !bad)) && stateReason !== null;
  return (
    <>
      <div className="gpu-verdict">
        {backend !== null && <span className="tag">{BACKEND_LABELS[backend]}</span>}
        {words !== null && !bad && <span className="gpu-how">{asSentence(words)}</span>}
        {!bad && help !== null && <span className="quiet">{help}</span>}
        {up && (
          <span className="figures gpu-pace">
            {showNumber(runningJobs)} {t("gpus.reading.jobs", { count: runningJobs })}
            <span aria-hidden> · </span>
            {showRate(textsPerSecond)} {t("gpus.reading.textsPerSecond")}
          </span>
        )}
      </div>
      {bad && (
        <Note tone={help === null || isLeftOut(device) ? "info" : "bad"} help={help}>
          {t("gpus.verdict.unusable")}: {asSentence(verdictWords(verdict))}
        </Note>
      )}
      {trouble && <Note tone="warn">{asSentence(hear(stateReason, stateSaid))}</Note>}
      <DeviceOllama deviceId={device.id} />
    </>
  );
}

/** What does the work: each device with its switch, its live readings, and why it rests. */
import { Cpu, Gpu } from "lucide-react";
import type { ReactNode } from "react";
import type { DeviceView } from "../../shared/contract/views.ts";
import { isSnoozed } from "../../shared/device-rest.ts";
import { hear } from "../../shared/words/hear.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { showGigabytes, showNumber, showRate, UNKNOWN } from "../format/reading.ts";
import { DeviceSwitch, ResumeButton } from "../gpus/device-controls.tsx";
import {
  BACKEND_LABELS,
  deviceLook,
  pauseHelp,
  pauseSentence,
  verdictHelp,
  verdictWords,
} from "../gpus/device-look.ts";
import { whereItIs } from "../gpus/where-it-is.ts";
import { Card } from "../parts/card.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { StatusWord } from "../parts/status-word.tsx";
import { screenHref } from "../state/route.ts";
import { useEngine, usePage } from "../state/store.ts";
import { type CommandRunner, useCommand } from "../state/use-command.ts";
import { useDeviceWatch } from "../state/use-device-watch.ts";

export function Devices() {
  useDeviceWatch();
  const devices = useEngine((state) => state.devices);
  return (
    <Card
      title={t("gpus.homeTitle")}
      className="devices"
      aside={
        devices.length > 0 && (
          <a className="link" href={screenHref("gpus")}>
            {t("gpus.homeAll")}
          </a>
        )
      }
    >
      {devices.length === 0 ? (
        <div className="card-empty">
          <Cpu size={22} strokeWidth={1.6} aria-hidden />
          <strong>{t("gpus.emptyTitle")}</strong>
          {t("gpus.empty")}
        </div>
      ) : (
        <ul>
          {devices.map((device) => (
            <Device key={device.id} device={device} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Device({ device }: { device: DeviceView }) {
  const command = useCommand();
  const Icon = device.kind === "gpu" ? Gpu : Cpu;
  return (
    <li className="device">
      <div className="device-head">
        <Icon
          size={16}
          strokeWidth={1.7}
          className="device-icon"
          aria-label={device.kind === "gpu" ? "GPU" : t("gpus.processor")}
        />
        <h3 className="device-name" title={whereItIs(device)}>
          {device.name}
        </h3>
        <StatusWord look={deviceLook(device)} />
        <DeviceSwitch device={device} command={command} />
      </div>
      <dl className="readings">
        {(device.kind === "gpu" || device.temperatureC !== null) && (
          <Reading label={t("gpus.reading.temperature")} value={showNumber(device.temperatureC)} unit="°C" />
        )}
        {(device.kind === "gpu" || device.powerW !== null) && (
          <Reading label={t("gpus.reading.power")} value={showNumber(device.powerW)} unit="W" />
        )}
        <Reading label={t("gpus.reading.load")} value={showNumber(device.utilisationPct)} unit="%" />
        <Reading
          label={t("gpus.reading.memory")}
          value={showGigabytes(device.memoryUsedMb)}
          unit={device.memoryTotalMb === null ? "GB" : `/ ${showGigabytes(device.memoryTotalMb)} GB`}
        />
        <Reading
          label={t("gpus.reading.throughput")}
          value={showRate(isUp(device) ? device.textsPerSecond : null)}
          unit={t("gpus.reading.textsPerSecond")}
        />
        <Reading
          label={t("gpus.reading.running")}
          value={showNumber(device.runningJobs)}
          unit={t("gpus.reading.jobs", { count: device.runningJobs })}
        />
      </dl>
      {command.error !== null && <ErrorNote error={command.error} alert />}
      <Reason device={device} command={command} />
      {(device.backend !== null || device.backendReason !== null) && (
        <p className="device-reason quiet">
          {device.backend !== null && (
            <span className={`tag ${device.state === "working" ? "tone-ember" : ""}`}>
              {BACKEND_LABELS[device.backend]}
            </span>
          )}
          {device.backendReason !== null && hear(device.backendReason, device.backendSaid)}
        </p>
      )}
    </li>
  );
}

/** Why it does nothing now, or not as it should; a pause says more than the state of a process that is not there. */
function Reason({ device, command }: { device: DeviceView; command: CommandRunner }) {
  const { paused, state, stateReason, stateSaid, verdict } = device;
  const now = usePage((page) => (paused?.until == null ? 0 : page.now));
  if (paused !== null) {
    return (
      <div className="device-reason device-resume">
        <p>
          {pauseSentence(paused)} <span className="quiet">{pauseHelp(paused, now)}</span>
        </p>
        {isSnoozed(device) && <ResumeButton device={device} command={command} />}
      </div>
    );
  }
  // A runtime that failed has a reason of its own.
  if (state === "failed" && verdict?.usable === false && stateReason?.startsWith(verdict.why) === true) {
    const help = verdictHelp(verdict);
    return (
      <p className="device-reason">
        {asSentence(verdictWords(verdict))} {help !== null && <span className="quiet">{help}</span>}
      </p>
    );
  }
  return stateReason === null ? null : (
    <p className="device-reason">{asSentence(hear(stateReason, stateSaid))}</p>
  );
}

/** A rate of the last minute of work says nothing about a device that has no runtime now. */
const isUp = ({ state }: DeviceView): boolean => state === "working" || state === "ready";

function Reading({ label, value, unit }: { label: string; value: string; unit: string }): ReactNode {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <b>{value}</b>
        {value !== UNKNOWN && <span className="quiet"> {unit}</span>}
      </dd>
    </div>
  );
}

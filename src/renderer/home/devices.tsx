/** What does the work: each device with its live readings. */
import {
  CircleCheck,
  CircleX,
  Cpu,
  Flame as FlameIcon,
  Gpu,
  LoaderCircle,
  Moon,
  TriangleAlert,
} from "lucide-react";
import type { ReactNode } from "react";
import type { DeviceView } from "../../shared/contract/views.ts";
import { plural, showGigabytes, showNumber, showRate, UNKNOWN } from "../format/reading.ts";
import { asSentence } from "../format/sentence.ts";
import { Card } from "../parts/card.tsx";
import { type StatusLook, StatusWord } from "../parts/status-word.tsx";
import { useEngine } from "../state/store.ts";

const LOOK: Readonly<Record<DeviceView["state"], StatusLook>> = {
  asleep: { icon: Moon, word: "asleep", tone: "muted" },
  starting: { icon: LoaderCircle, word: "starting", tone: "info" },
  ready: { icon: CircleCheck, word: "ready", tone: "ok" },
  working: { icon: FlameIcon, word: "working", tone: "ember" },
  breaker: { icon: TriangleAlert, word: "on hold", tone: "warn" },
  failed: { icon: CircleX, word: "failed", tone: "bad" },
};

const BACKENDS = { cuda: "CUDA", cpu: "CPU", webgpu: "WebGPU", dml: "DirectML" } as const;

export function Devices() {
  const devices = useEngine((state) => state.devices);
  return (
    <Card
      title="Devices"
      className="devices"
      aside={devices.length === 0 ? undefined : plural(devices.length, "device")}
    >
      {devices.length === 0 ? (
        <div className="card-empty">
          <Cpu size={22} strokeWidth={1.6} aria-hidden />
          <strong>No device found</strong>
          Without a GPU or a processor that it can use, Bellows can’t run jobs.
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
  const Icon = device.kind === "gpu" ? Gpu : Cpu;
  return (
    <li className="device">
      <div className="device-head">
        <Icon
          size={16}
          strokeWidth={1.7}
          className="device-icon"
          aria-label={device.kind === "gpu" ? "GPU" : "Processor"}
        />
        <h3 className="device-name" title={device.name}>
          {device.name}
        </h3>
        <StatusWord look={LOOK[device.state]} />
      </div>
      <dl className="readings">
        <Reading label="Temperature" value={showNumber(device.temperatureC)} unit="°C" />
        <Reading label="Power" value={showNumber(device.powerW)} unit="W" />
        <Reading label="Load" value={showNumber(device.utilisationPct)} unit="%" />
        <Reading
          label="Memory"
          value={showGigabytes(device.memoryUsedMb)}
          unit={device.memoryTotalMb === null ? "GB" : `/ ${showGigabytes(device.memoryTotalMb)} GB`}
        />
        <Reading
          label="Throughput"
          value={showRate(isUp(device) ? device.textsPerSecond : null)}
          unit="texts/s"
        />
        <Reading
          label="Running"
          value={showNumber(device.runningJobs)}
          unit={device.runningJobs === 1 ? "job" : "jobs"}
        />
      </dl>
      {device.stateReason !== null && <p className="device-reason">{asSentence(device.stateReason)}</p>}
      {(device.backend !== null || device.backendReason !== null) && (
        <p className="device-reason quiet">
          {device.backend !== null && (
            <span className={`tag ${device.state === "working" ? "tone-ember" : ""}`}>
              {BACKENDS[device.backend]}
            </span>
          )}
          {device.backendReason}
        </p>
      )}
    </li>
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

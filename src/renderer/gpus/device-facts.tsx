/** What the driver tells of a card: what it is, how it is connected, what holds it back. */
import type { ReactNode } from "react";
import type { DeviceView, GpuDetails } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { showGigabytes, showNumber, UNKNOWN } from "../format/reading.ts";
import { Digest } from "../parts/digest.tsx";

const MODES = {
  default: "gpus.fact.modeDefault",
  exclusive: "gpus.fact.modeExclusive",
  prohibited: "gpus.fact.modeProhibited",
} as const;

export function DeviceFacts({ device, gpu }: { device: DeviceView; gpu: GpuDetails }) {
  const { pcie } = gpu;
  return (
    <section className="gpu-part" aria-label={`${t("gpus.fact.title")}: ${device.name}`}>
      <h3>{t("gpus.fact.title")}</h3>
      <dl className="facts">
        <Fact label={t("gpus.fact.driver")}>{gpu.driver ?? UNKNOWN}</Fact>
        <Fact label={t("gpus.fact.cuda")}>{gpu.cuda ?? UNKNOWN}</Fact>
        <Fact label={t("gpus.fact.compute")}>{gpu.computeCap ?? UNKNOWN}</Fact>
        <Fact label={t("gpus.fact.throttle")} why={gpu.unknown.throttle}>
          {throttleWords(gpu)}
        </Fact>
        <Fact label={t("gpus.fact.clock")}>
          {outOf(showNumber(gpu.clockMhz), showNumber(gpu.clockMaxMhz), "MHz")}
        </Fact>
        <Fact label={t("gpus.fact.memoryClock")} why={gpu.unknown.clockMemoryMhz}>
          {outOf(showNumber(gpu.clockMemoryMhz), showNumber(gpu.clockMemoryMaxMhz), "MHz")}
        </Fact>
        <Fact label={t("gpus.fact.fan")} why={gpu.unknown.fanPct}>
          {withUnit(showNumber(gpu.fanPct), "%")}
        </Fact>
        <Fact label={t("gpus.fact.free")}>
          {outOf(showGigabytes(gpu.memoryFreeMb), showGigabytes(device.memoryTotalMb), "GB")}
        </Fact>
        <Fact label={t("gpus.fact.pcie")}>
          {t("gpus.fact.pcieNow", {
            gen: showNumber(pcie.gen),
            width: showNumber(pcie.width),
            genMax: showNumber(pcie.genMax),
            widthMax: showNumber(pcie.widthMax),
          })}
        </Fact>
        {gpu.pstate !== null && <Fact label={t("gpus.fact.pstate")}>{gpu.pstate}</Fact>}
        {gpu.computeMode !== null && <Fact label={t("gpus.fact.mode")}>{t(MODES[gpu.computeMode])}</Fact>}
        <Fact label={t("gpus.fact.display")} why={gpu.unknown.displayActive}>
          {gpu.displayActive === null
            ? UNKNOWN
            : t(gpu.displayActive ? "gpus.fact.displayOn" : "gpus.fact.displayOff")}
        </Fact>
        {gpu.driverModel !== null && <Fact label={t("gpus.fact.driverModel")}>{gpu.driverModel}</Fact>}
        {gpu.mig !== "off" && (
          <Fact label={t("gpus.fact.mig")}>
            {t(gpu.mig === "slice" ? "gpus.fact.migSlice" : "gpus.fact.migParent")}
          </Fact>
        )}
        <Fact label={t("gpus.fact.address")}>
          <span className="mono">{gpu.pciBusId ?? UNKNOWN}</span>
        </Fact>
        <Fact label={t("gpus.fact.id")}>
          <Digest value={device.id} what={t("gpus.fact.id")} />
        </Fact>
        <Fact label={t("gpus.fact.source")} why={gpu.sourceReason ?? undefined}>
          {gpu.source === "nvml" ? "NVML" : gpu.source === "nvidia-smi" ? "nvidia-smi" : UNKNOWN}
        </Fact>
      </dl>
    </section>
  );
}

/** `why`: what the driver says instead of the value. */
function Fact({ label, why, children }: { label: string; why?: string | undefined; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {children}
        {why !== undefined && <span className="quiet gpu-why">{why}</span>}
      </dd>
    </div>
  );
}

function throttleWords({ throttle }: GpuDetails): string {
  if (throttle === null) return UNKNOWN;
  return throttle.length === 0 ? t("gpus.fact.nothing") : throttle.join(", ");
}

const withUnit = (value: string, unit: string): string => (value === UNKNOWN ? value : `${value} ${unit}`);

function outOf(value: string, most: string, unit: string): string {
  if (value === UNKNOWN && most === UNKNOWN) return UNKNOWN;
  return `${t("gpus.fact.of", { value, most })} ${unit}`;
}

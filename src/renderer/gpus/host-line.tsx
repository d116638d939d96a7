/** The machine around the devices, in a line: processor, memory, system, battery. */
import type { HostInfo } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { showGigabytes } from "../format/reading.ts";

export function HostLine({ host }: { host: HostInfo }) {
  const { cpu, cores, memoryMb, os, wsl, battery } = host;
  const parts = [
    cpu,
    t("gpus.host.cores", { count: cores }),
    t("gpus.host.memory", { size: showGigabytes(memoryMb) }),
    wsl ? t("gpus.host.wsl", { os }) : os,
    battery === null
      ? null
      : t(battery.charging ? "gpus.host.charging" : "gpus.host.battery", { percent: battery.percent }),
  ];
  return <p className="quiet figures gpus-host">{parts.filter((part) => part !== null).join(" · ")}</p>;
}

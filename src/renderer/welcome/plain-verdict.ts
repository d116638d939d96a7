/** Can this device earn, in one plain line: the engine's own words, with libraries and versions in them, stand behind it. */
import type { DeviceView } from "../../shared/contract/views.ts";

/** Keys under welcome.machine.plain. */
export type PlainVerdict =
  | "gpuFast"
  | "gpuSlow"
  | "gpuBusy"
  | "gpuDriver"
  | "gpuOld"
  | "gpuSilent"
  | "gpuSliced"
  | "gpuNotYet"
  | "cpuAlone"
  | "cpuToo";

/** `code` of a verdict (engine/device/verdict.ts); one that is not here is told as "not yet". */
const OBSTACLES: Readonly<Record<string, PlainVerdict>> = {
  busy: "gpuBusy",
  "driver-old": "gpuDriver",
  "compute-capability": "gpuOld",
  lost: "gpuSilent",
  "needs-reset": "gpuSilent",
  "mig-parent": "gpuSliced",
};
const FAST = /^(?:expects|runs-on)-(?:cuda|dml)$/;

export function plainVerdict(
  { kind, verdict, state }: Pick<DeviceView, "kind" | "verdict" | "state">,
  hasGpu: boolean,
): PlainVerdict {
  if (kind === "cpu") return hasGpu ? "cpuToo" : "cpuAlone";
  if (verdict === undefined) return state === "failed" ? "gpuNotYet" : "gpuFast";
  if (verdict.usable) return FAST.test(verdict.code) ? "gpuFast" : "gpuSlow";
  return OBSTACLES[verdict.code] ?? "gpuNotYet";
}

export const isUsable = ({ verdict, state }: Pick<DeviceView, "verdict" | "state">): boolean =>
  verdict?.usable ?? state !== "failed";

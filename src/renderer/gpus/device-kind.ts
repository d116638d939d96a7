/** What is worth showing of a device: a processor has no memory, programs or fans of its own that could be told. */
import type { PresenceSignal } from "../../shared/contract/presence.ts";
import type { SelfTestStep } from "../../shared/contract/self-test.ts";
import type { DeviceView } from "../../shared/contract/views.ts";

type Kind = Pick<DeviceView, "kind">;

/** Of a GPU the unknown is news; of a processor it is usual. */
export function shownSteps<S extends Pick<SelfTestStep, "ok">>(
  { kind }: Kind,
  steps: readonly S[],
): readonly S[] {
  return kind === "gpu" ? steps : steps.filter(({ ok }) => ok !== null);
}

/** Rules for GPUs alone: that none asks for them on a processor would read as if they were off in the settings. */
const OF_GPUS: ReadonlySet<PresenceSignal["name"]> = new Set(["otherProgram", "busy", "temperature"]);

export function shownSignals<S extends Pick<PresenceSignal, "name" | "state">>(
  { kind }: Kind,
  signals: readonly S[],
): readonly S[] {
  if (kind === "gpu") return signals;
  return signals.filter(({ name, state }) => state !== "unknown" && !(state === "off" && OF_GPUS.has(name)));
}

/** A limit is of use where something measures what it limits. */
export function hasTemperature({
  kind,
  temperatureC,
  temperatureLimit,
}: Pick<DeviceView, "kind" | "temperatureC" | "temperatureLimit">): boolean {
  return kind === "gpu" || temperatureC !== null || (temperatureLimit?.own ?? null) !== null;
}

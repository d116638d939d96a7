/** A device's readings over time: asked for once, then followed as they come, and asked again now and then. */
import { useEffect, useState } from "react";
import type { DeviceSample, HistorySpan } from "../../shared/contract/devices.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { DAY, MINUTE, SECOND } from "../../shared/durations.ts";
import { pageStore } from "../state/store.ts";
import { useAnswer } from "../state/use-answer.ts";

export const SPAN_MS: Readonly<Record<HistorySpan, number>> = { minutes: 10 * MINUTE, day: DAY };
/** What was read in between is asked for with the next question. */
const ASK_EVERY: Readonly<Record<HistorySpan, number>> = { minutes: 15 * SECOND, day: MINUTE };
/** Readings farther apart than this leave a gap: nobody looked meanwhile, or the engine was not there. */
const GAP: Readonly<Record<HistorySpan, number>> = { minutes: 70 * SECOND, day: 3 * MINUTE };

/** Oldest first; null until the first answer. */
export function useHistory(device: DeviceView, span: HistorySpan): readonly DeviceSample[] | null {
  const { answer } = useAnswer("devices.history", { device: device.id, span }, ASK_EVERY[span]);
  const [live, setLive] = useState<readonly DeviceSample[]>([]);
  useEffect(() => {
    const at = pageStore.getState().now;
    setLive((before) => [
      ...before.filter((old) => old.at > at - MINUTE && old.at < at),
      sampleOf(device, at),
    ]);
  }, [device]);
  if (answer === null) return null;
  if (span === "day") return withGaps(answer.samples, GAP.day);
  const newest = answer.samples.at(-1)?.at ?? 0;
  return withGaps([...answer.samples, ...live.filter(({ at }) => at > newest)], GAP.minutes);
}

function sampleOf(device: DeviceView, at: number): DeviceSample {
  const { temperatureC, powerW, utilisationPct, memoryUsedMb, textsPerSecond } = device;
  return { at, temperatureC, powerW, utilisationPct, memoryUsedMb, textsPerSecond };
}

/** An unknown sample within each gap, so that no line is drawn across it. */
export function withGaps(samples: readonly DeviceSample[], gapMs: number): DeviceSample[] {
  return samples.flatMap((sample, index) => {
    const before = samples[index - 1];
    if (before === undefined || sample.at - before.at <= gapMs) return [sample];
    return [{ ...NOTHING, at: before.at + 1 }, sample];
  });
}

const NOTHING = {
  temperatureC: null,
  powerW: null,
  utilisationPct: null,
  memoryUsedMb: null,
  textsPerSecond: null,
} as const;

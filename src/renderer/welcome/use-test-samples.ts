/** What is seen of a device while its self-test runs, reading by reading; it stays until the next test begins. */
import { useEffect, useState } from "react";
import type { SelfTestProgress } from "../../shared/contract/self-test.ts";
import type { DeviceView } from "../../shared/contract/views.ts";

/** As many as a picture of that width can show. */
const MOST = 120;

export interface TestSample {
  readonly textsPerSecond: number | null;
  readonly utilisationPct: number | null;
  readonly temperatureC: number | null;
  readonly powerW: number | null;
}

export interface TestSamples {
  readonly startedAt: number;
  /** Oldest first. */
  readonly samples: readonly TestSample[];
  /** The last that was told of it. */
  readonly steps: SelfTestProgress["steps"];
}

/** null: no test was seen yet. */
export function useTestSamples(device: DeviceView): TestSamples | null {
  const [seen, setSeen] = useState<TestSamples | null>(null);
  useEffect(() => {
    const { selfTest, utilisationPct, temperatureC, powerW } = device;
    if (selfTest === undefined) return;
    const { startedAt, steps, textsPerSecond } = selfTest;
    const sample = { textsPerSecond, utilisationPct, temperatureC, powerW };
    setSeen((before) => ({
      startedAt,
      steps,
      samples: [...(before?.startedAt === startedAt ? before.samples : []), sample].slice(-MOST),
    }));
  }, [device]);
  return seen;
}

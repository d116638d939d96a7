/** A self-test as an engine tells it while it runs: the card gets warm and fast, and its parts are done one after another. */
import type { SelfTestStep } from "../../src/shared/contract/self-test.ts";
import type { DeviceView, State } from "../../src/shared/contract/views.ts";

export const SELF_TEST_STEPS: readonly SelfTestStep[] = [
  { name: "device", ok: true, detail: "NVIDIA GeForce RTX 4090, driver 590.48.01" },
  { name: "backend", ok: true, detail: "runs on CUDA" },
  { name: "answer", ok: true, detail: "the known answer (cosine 0.999998, largest difference 0.0003)" },
  { name: "throughput", ok: true, detail: "1840 short texts a second" },
  { name: "memory", ok: true, detail: "1210 MB in use, 800 MB more than before" },
  { name: "temperature", ok: true, detail: "61 °C" },
];

interface Teller {
  readonly state: State;
  tell(slices: Partial<State>): void;
}

/** Of the first device; it is still at its throughput at the end. */
export function playSelfTest(engine: Teller, beats: number, startedAt = Date.now()): void {
  for (let beat = 0; beat < beats; beat += 1) {
    const [device, ...others] = engine.state.devices;
    if (device !== undefined) engine.tell({ devices: [atBeat(device, beat, startedAt), ...others] });
  }
}

const atBeat = (device: DeviceView, beat: number, startedAt: number): DeviceView => ({
  ...device,
  temperatureC: 36 + beat,
  powerW: 21 + Math.min(12 * beat, 280),
  utilisationPct: Math.min(99, 9 * beat),
  selfTest: {
    startedAt,
    steps: SELF_TEST_STEPS.slice(0, Math.min(3, 1 + Math.floor(beat / 4))),
    textsPerSecond: beat < 10 ? null : 1_500 + ((beat * 37) % 340),
  },
});

import { expect, test } from "vitest";
import { LayeredGpus } from "../../../../src/engine/device/layered-gpus.ts";
import { MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { ScriptedGpus, testGpu } from "../../../support/gpus.ts";

function layers(nvmlAnswer: ScriptedGpus["answer"], smiAnswer: ScriptedGpus["answer"]) {
  const clock = { now: 0 };
  const nvml = new ScriptedGpus(nvmlAnswer);
  const smi = new ScriptedGpus(smiAnswer);
  return { clock, nvml, smi, gpus: new LayeredGpus({ nvml, smi, clock: () => clock.now }) };
}

test("NVML is asked first, and nvidia-smi not at all while it answers", async () => {
  const { gpus, smi } = layers([testGpu()], [testGpu({ name: "from nvidia-smi" })]);
  expect(await gpus.read()).toMatchObject({
    source: "nvml",
    sourceReason: null,
    gpus: [{ name: testGpu().name }],
  });
  expect(smi.reads).toBe(0);
});

test("when NVML fails nvidia-smi answers, and it is said why", async () => {
  const { gpus } = layers("NVML gave no answer within 5 s", [testGpu()]);
  expect(await gpus.read()).toMatchObject({
    source: "nvidia-smi",
    sourceReason: "NVML gave no answer within 5 s",
  });
});

test("a failing NVML rests, longer each time, and is tried again", async () => {
  const { gpus, nvml, clock } = layers("The NVML helper ended unexpectedly (SIGSEGV)", [testGpu()]);
  for (; clock.now < 10 * MINUTE; clock.now += SECOND) await gpus.read();
  expect(nvml.reads).toBeGreaterThan(3);
  expect(nvml.reads).toBeLessThan(10);
  nvml.answer = [testGpu()];
  gpus.retryNow();
  expect((await gpus.read()).source).toBe("nvml");
});

test("when both fail the reasons of both are told", async () => {
  const { gpus } = layers(
    "NVML could not begin: no permission",
    "No NVIDIA driver answered: nvidia-smi not found",
  );
  await expect(gpus.read()).rejects.toThrow(
    "No NVIDIA driver answered: nvidia-smi not found. NVML could not begin: no permission",
  );
});

test("letting go lets go of both", () => {
  const { gpus, nvml, smi } = layers([], []);
  gpus.close();
  expect([nvml.closes, smi.closes]).toEqual([1, 1]);
});

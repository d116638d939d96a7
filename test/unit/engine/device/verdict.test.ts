import { afterEach, describe, expect, test } from "vitest";
import { type GpuFacts, judgeCpu, judgeGpu, programName } from "../../../../src/engine/device/verdict.ts";
import { hear } from "../../../../src/shared/words/hear.ts";
import { setLanguage } from "../../../../src/shared/words/words.ts";
import { testGpu } from "../../../support/gpus.ts";

type Change = Partial<Omit<GpuFacts, "gpu">> & { gpu?: Parameters<typeof testGpu>[0] };

const facts = ({ gpu = {}, ...change }: Change = {}): GpuFacts => ({
  gpu: testGpu(gpu),
  slices: 0,
  isSlice: false,
  platform: "linux",
  wsl: false,
  wanted: "auto",
  proved: null,
  ourPids: new Set(),
  ...change,
});

const burn = { pid: 4242, name: "/home/somebody/burn", memoryMb: 23_000 };

/** [what it is about, the facts, usable, code, words of the sentence, words of the help (null: none)] */
const TABLE: [string, Change, boolean, string, RegExp, RegExp | null][] = [
  [
    "a good GPU that has not worked yet",
    {},
    true,
    "expects-cuda",
    /^Should run on CUDA; .* proves it$/,
    null,
  ],
  [
    "facts nobody knows",
    { gpu: { driverVersion: null, computeCap: null, memoryFreeMb: null, processes: null } },
    true,
    "expects-cuda",
    /CUDA/,
    null,
  ],
  [
    "the oldest driver that will do",
    { gpu: { driverVersion: "580.65.06" } },
    true,
    "expects-cuda",
    /CUDA/,
    null,
  ],
  [
    "an old driver",
    { gpu: { driverVersion: "575.57.08" } },
    true,
    "driver-old",
    /WebGPU, not on CUDA: the driver 575\.57\.08 is older than the 580/,
    /Install NVIDIA driver 580/,
  ],
  [
    "an old driver, with CUDA forced",
    { gpu: { driverVersion: "575.57.08" }, wanted: "cuda" },
    false,
    "driver-old",
    /older than the 580/,
    /Install NVIDIA driver 580/,
  ],
  [
    "an old driver in WSL",
    { gpu: { driverVersion: "575.57.08" }, wsl: true },
    false,
    "driver-old",
    /older than the 580/,
    /in Windows/,
  ],
  ["a good driver in WSL", { wsl: true }, true, "expects-cuda", /CUDA through WSL/, null],
  [
    "the oldest generation with CUDA code",
    { gpu: { computeCap: "7.5" } },
    true,
    "expects-cuda",
    /CUDA/,
    null,
  ],
  [
    "the newest generation with CUDA code",
    { gpu: { computeCap: "12.0" } },
    true,
    "expects-cuda",
    /CUDA/,
    null,
  ],
  [
    "a Pascal card",
    { gpu: { computeCap: "6.1" } },
    true,
    "compute-capability",
    /WebGPU, not on CUDA: its compute capability 6\.1 is older than the 7\.5/,
    null,
  ],
  ["a V100", { gpu: { computeCap: "7.0" } }, true, "compute-capability", /older than the 7\.5/, null],
  [
    "a B200, which has no code in this build",
    { gpu: { computeCap: "10.0" } },
    true,
    "compute-capability",
    /has no CUDA code for/,
    null,
  ],
  ["a Kepler card", { gpu: { computeCap: "3.5" } }, false, "compute-capability", /3\.5/, null],
  [
    "a Kepler card, with WebGPU forced",
    { gpu: { computeCap: "3.5" }, wanted: "webgpu" },
    false,
    "compute-capability",
    /too old for WebGPU/,
    null,
  ],
  ["WebGPU forced", { wanted: "webgpu" }, true, "expects-webgpu", /WebGPU/, null],
  [
    "Windows",
    { platform: "win32", gpu: { driverVersion: "551.61", computeCap: "6.1" } },
    true,
    "expects-dml",
    /DirectML/,
    null,
  ],
  [
    "the CPU asked for",
    { wanted: "cpu" },
    false,
    "not-wanted",
    /settings ask for the CPU/,
    /GPU_BACKEND=auto/,
  ],
  [
    "compute prohibited",
    { gpu: { computeMode: "prohibited" } },
    true,
    "prohibited",
    /WebGPU, not on CUDA: its compute mode/,
    /compute mode to Default/,
  ],
  [
    "compute prohibited, with CUDA forced",
    { gpu: { computeMode: "prohibited" }, wanted: "cuda" },
    false,
    "prohibited",
    /lets no program compute/,
    /compute mode to Default/,
  ],
  [
    "a GPU that needs a reset",
    { gpu: { health: "reset", index: 3 } },
    false,
    "needs-reset",
    /requires a reset/,
    /--gpu-reset -i 3/,
  ],
  [
    "a GPU that needs a reset, whatever was proved before",
    { gpu: { health: "reset" }, proved: { backend: "cuda", reason: null } },
    false,
    "needs-reset",
    /requires a reset/,
    /Restart/,
  ],
  ["a GPU off the bus", { gpu: { health: "lost" } }, false, "lost", /fallen off the bus/, /seat and power/],
  [
    "a MIG parent with devices",
    { gpu: { migEnabled: true }, slices: 2 },
    false,
    "mig-parent",
    /2 MIG devices, which do its work/,
    null,
  ],
  [
    "a MIG parent with one",
    { gpu: { migEnabled: true }, slices: 1 },
    false,
    "mig-parent",
    /1 MIG device, which does its work/,
    null,
  ],
  [
    "a MIG parent without any",
    { gpu: { migEnabled: true, index: 2 } },
    false,
    "mig-parent",
    /no MIG device to work on/,
    /mig -cgi 0 -C -i 2/,
  ],
  [
    "a MIG device",
    { gpu: { migEnabled: true }, slices: 2, isSlice: true },
    true,
    "expects-cuda",
    /CUDA/,
    null,
  ],
  [
    "memory that another program fills",
    { gpu: { memoryFreeMb: 300, processes: [burn] } },
    false,
    "busy",
    /only 300 of its 24564 MB are free; most is used by burn \(process 4242\)/,
    /Close what uses it/,
  ],
  [
    "memory that nobody admits to fill",
    { gpu: { memoryFreeMb: 300 } },
    false,
    "busy",
    /only 300 of its 24564 MB are free$/,
    /Close/,
  ],
  [
    "memory that we fill",
    { gpu: { memoryFreeMb: 300, processes: [burn] }, ourPids: new Set([4242]) },
    true,
    "expects-cuda",
    /CUDA/,
    null,
  ],
  [
    "one program at a time, and it is another",
    { gpu: { computeMode: "exclusive", processes: [burn] } },
    false,
    "busy",
    /one program at a time, and that is burn/,
    /compute mode to Default/,
  ],
  [
    "one program at a time, and nobody is in",
    { gpu: { computeMode: "exclusive" } },
    true,
    "expects-cuda",
    /CUDA/,
    null,
  ],
  [
    "memory that another program fills since our process is gone",
    { gpu: { memoryFreeMb: 300, processes: [burn] }, proved: { backend: "cuda", reason: null } },
    false,
    "busy",
    /most is used by burn/,
    /Close what uses it/,
  ],
  [
    "memory that we fill under a number the driver does not know, as in a container",
    {
      gpu: { memoryFreeMb: 300, processes: [burn] },
      proved: { backend: "cuda", reason: null },
      weRun: true,
    },
    true,
    "runs-on-cuda",
    /CUDA/,
    null,
  ],
  [
    "a second GPU that is too old for CUDA: WebGPU would run on the first",
    { gpu: { computeCap: "6.1", index: 1 } },
    false,
    "compute-capability",
    /older than the 7\.5/,
    null,
  ],
  [
    "a second GPU where WebGPU is asked for",
    { gpu: { index: 1 }, wanted: "webgpu" },
    false,
    "not-the-first",
    /WebGPU can't choose among several GPUs/,
    null,
  ],
  [
    "a second GPU on Windows",
    { gpu: { index: 1 }, platform: "win32" },
    false,
    "not-the-first",
    /DirectML can't choose among several GPUs/,
    null,
  ],
  [
    "CUDA proved",
    { proved: { backend: "cuda", reason: null } },
    true,
    "runs-on-cuda",
    /^Runs on CUDA$/,
    null,
  ],
  [
    "CUDA proved by an older driver than we thought",
    { gpu: { driverVersion: "575.57.08" }, proved: { backend: "cuda", reason: null } },
    true,
    "runs-on-cuda",
    /CUDA/,
    null,
  ],
  [
    "CUDA proved in WSL",
    { wsl: true, proved: { backend: "cuda", reason: null } },
    true,
    "runs-on-cuda",
    /Runs on CUDA through WSL/,
    null,
  ],
  [
    "DirectML proved",
    { platform: "win32", proved: { backend: "dml", reason: null } },
    true,
    "runs-on-dml",
    /Runs on DirectML/,
    null,
  ],
  [
    "WebGPU for want of cuDNN",
    { proved: { backend: "webgpu", reason: "CUDA can't be used: libcudnn.so.9 is missing" } },
    true,
    "library-missing",
    /Runs on WebGPU: CUDA can't be used: libcudnn\.so\.9 is missing/,
    /bellows gpu-pack/,
  ],
  [
    "WebGPU for want of a newer driver",
    {
      gpu: { driverVersion: "570.1" },
      proved: { backend: "webgpu", reason: "CUDA can't be used: it failed." },
    },
    true,
    "runs-on-webgpu",
    /Runs on WebGPU: CUDA can't be used: it failed$/,
    /driver 580/,
  ],
  [
    "the CPU after all",
    { proved: { backend: "cpu", reason: "libcublas.so.13 and libcurand.so.10 are missing" } },
    false,
    "library-missing",
    /run on the CPU, because libcublas/,
    /bellows gpu-pack/,
  ],
  [
    "a reason that says what to do",
    {
      proved: {
        backend: "webgpu",
        reason: "CUDA can't be used: its provider is missing. Run `bellows gpu-pack install`.",
      },
    },
    true,
    "library-missing",
    /Run `bellows gpu-pack install`$/,
    null,
  ],
  [
    "the CPU for want of permission",
    { proved: { backend: "cpu", reason: "/dev/nvidia0: Permission denied" } },
    false,
    "no-permission",
    /Permission denied/,
    /Let this user open/,
  ],
  [
    "the CPU because it was asked for",
    { wanted: "cpu", proved: { backend: "cpu", reason: null } },
    false,
    "runs-on-cpu",
    /run on the CPU$/,
    /GPU_BACKEND=auto/,
  ],
];

describe("a GPU's verdict", () => {
  test.each(TABLE)("%s", (_, change, usable, code, words, help) => {
    const verdict = judgeGpu(facts(change));
    expect(verdict).toMatchObject({ usable, code });
    expect(verdict.usable ? verdict.how : verdict.why).toMatch(words);
    if (help === null) expect(verdict.help).toBeNull();
    else expect(verdict.help).toMatch(help);
  });

  test("no sentence ends twice, and none tells a person's folder", () => {
    for (const [, change] of TABLE) {
      const verdict = judgeGpu(facts(change));
      const sentence = verdict.usable ? verdict.how : verdict.why;
      expect(sentence).not.toMatch(/\.$/);
      expect(sentence).not.toContain("somebody");
      expect(verdict.help ?? ".").toMatch(/\.$/);
    }
  });
});

describe("in German", () => {
  afterEach(() => setLanguage("en"));

  test("every verdict and its help have their own words", () => {
    for (const [name, change] of TABLE) {
      const verdict = judgeGpu(facts(change));
      const sentence = verdict.usable ? verdict.how : verdict.why;
      expect(hear(sentence, verdict.said), name).toBe(sentence);
      setLanguage("de");
      expect(hear(sentence, verdict.said), name).not.toBe(sentence);
      if (verdict.help === null) expect(verdict.helpSaid, name).toBeUndefined();
      else expect(hear(verdict.help, verdict.helpSaid), name).not.toBe(verdict.help);
      setLanguage("en");
    }
  });

  test("what the driver told stays within them", () => {
    const full = judgeGpu(facts({ gpu: { memoryFreeMb: 300, processes: [burn] } }));
    const old = judgeGpu(facts({ gpu: { driverVersion: "575.57.08" } }));
    setLanguage("de");
    expect(hear("", full.said)).toBe(
      "nur 300 von 24564 MB sind frei; das meiste belegt: burn (Prozess 4242)",
    );
    expect(hear("", old.said)).toBe(
      "Sollte mit WebGPU laufen, nicht mit CUDA: der Treiber 575.57.08 ist älter als 580, den CUDA 13 braucht",
    );
    expect(hear("", old.helpSaid)).toBe("NVIDIA-Treiber 580 oder neuer installieren, dann neu starten.");
  });
});

test.each([
  ["/root/tools/memhog", "memhog"],
  ["C:\\Program Files\\NZXT CAM\\NZXT CAM.exe", "NZXT CAM.exe"],
  ["ffmpeg", "ffmpeg"],
  [null, "another program"],
])("the program of %s is %s", (path, name) => {
  expect(programName(path)).toBe(name);
});

describe("the CPU's verdict", () => {
  test.each([
    [
      "No NVIDIA driver answered: nvidia-smi not found",
      "auto",
      /install driver 580 or newer.*docker run --gpus all/,
    ],
    [
      "No NVIDIA driver answered: the driver is not loaded or can't be reached (exit 9)",
      "auto",
      /install driver 580/,
    ],
    ["NVML could not begin: no permission", "auto", /Let this user open/],
    ["NVML could not begin: driver and library have different versions", "auto", /restart the machine/],
    ["NVML stopped answering (the GPU has fallen off the bus)", "auto", /seat and power/],
    ["The settings ask for the CPU (GPU_BACKEND=cpu)", "cpu", /GPU_BACKEND=auto/],
  ] as const)("%s", (noGpuReason, wanted, help) => {
    const verdict = judgeCpu({ noGpuReason, wanted, platform: "linux" });
    expect(verdict).toMatchObject({ usable: true, how: `Runs on the CPU: ${noGpuReason}` });
    expect(verdict.help).toMatch(help);
  });
});

/** The way to nvidia-smi and back, over a stub program that behaves as the real one does on good and bad days. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { detectDevices } from "../../src/engine/device/detect.ts";
import { LayeredGpus } from "../../src/engine/device/layered-gpus.ts";
import { NvidiaSmi, type SmiOptions } from "../../src/engine/device/nvidia-smi.ts";
import { FULL_FIELDS, SHORT_FIELDS } from "../../src/engine/device/smi-text.ts";
import { DeviceWatcher } from "../../src/engine/device/watcher.ts";
import { eventually } from "../fixtures/host/processes.ts";
import { tempFolder } from "../support/temp-folder.ts";

const UUID = "GPU-5c3a9d1e-0000-4000-8000-000000000001";
const CELLS: Record<string, string> = {
  index: "0",
  uuid: UUID,
  name: "NVIDIA GeForce RTX 4090",
  "pci.bus_id": "00000000:01:00.0",
  driver_version: "595.71.05",
  "memory.total": "24564",
  "memory.used": "1024",
  "memory.free": "23540",
  "utilization.gpu": "7",
  "temperature.gpu": "46",
  "power.draw": "84.24",
  compute_cap: "8.9",
  "mig.mode.current": "[N/A]",
  compute_mode: "Default",
  "clocks_event_reasons.active": "0x0000000000000001",
};
const rowOf = (fields: readonly string[], cells: Record<string, string> = {}) =>
  fields.map((field) => cells[field] ?? CELLS[field] ?? "[N/A]").join(", ");
const ROW = rowOf(SHORT_FIELDS);
const FULL_ROW = rowOf(FULL_FIELDS);
const MIG_ROW = rowOf(FULL_FIELDS, {
  uuid: "GPU-0",
  name: "NVIDIA H100 80GB HBM3",
  "utilization.gpu": "[N/A]",
  "temperature.gpu": "42",
  "power.draw": "71.15",
  "mig.mode.current": "Enabled",
});
const MIG_LIST = [
  "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)",
  "  MIG 3g.40gb     Device  0: (UUID: MIG-a)",
  "  MIG 1g.10gb     Device  1: (UUID: MIG-b)",
].join("\n");

/** Puts a shell script named nvidia-smi first on PATH for one test; `$1` is its first argument. */
function stubSmi(script: string): string {
  const folder = tempFolder();
  const file = join(folder, "nvidia-smi");
  writeFileSync(file, `#!/bin/sh\necho "\${1:-(none)}" >> "${folder}/calls"\n${script}\n`);
  chmodSync(file, 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${folder}:${path}`;
  onTestFinished(() => {
    process.env.PATH = path;
  });
  return folder;
}

const detect = (smi: SmiOptions = {}) =>
  detectDevices({ wanted: "auto", gpus: new LayeredGpus({ nvml: null, smi: new NvidiaSmi(smi) }) });

/** A stub that answers each question as a driver with one good GPU does. */
const GOOD = `case "$1" in
  --query-gpu=*) echo "${FULL_ROW}";;
  --query-compute-apps=*) echo "${UUID}, 4242, /opt/burn, 2566";;
  "") echo "| NVIDIA-SMI 595.71.05   Driver Version: 595.71.05   CUDA Version: 13.2 |";;
esac`;

const calls = (folder: string) => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

describe.skipIf(process.platform === "win32")("nvidia-smi on PATH", () => {
  test("a GPU is found with all that nvidia-smi tells, its processes and CUDA's version too", async () => {
    const folder = stubSmi(GOOD);
    const smi = new NvidiaSmi();
    const { gpus } = await smi.read();
    expect(gpus).toMatchObject([
      {
        uuid: UUID,
        cudaVersion: "13.2",
        powerW: 84.24,
        throttle: ["idle"],
        processes: [{ pid: 4242, name: "/opt/burn", memoryMb: 2566 }],
      },
    ]);
    const { devices, noGpuReason } = await detect();
    expect(noGpuReason).toBeNull();
    expect(devices).toEqual([
      {
        id: UUID,
        kind: "gpu",
        index: 0,
        name: "NVIDIA GeForce RTX 4090",
        memoryTotalMb: 24_564,
        driverVersion: "595.71.05",
        computeCap: "8.9",
        sensorId: UUID,
      },
    ]);
    const before = calls(folder).length;
    await smi.read();
    expect(calls(folder).length - before).toBe(1); // What changes seldom is not asked again at once.
  });

  test("it is told to write numbers with points", async () => {
    stubSmi(`[ "$LC_ALL" = C ] && echo "${FULL_ROW}"`);
    expect((await new NvidiaSmi().read()).gpus).toHaveLength(1);
  });

  test("an old driver that does not know a field is asked for shorter lists, and from then on only for that one", async () => {
    const folder = stubSmi(`case "$1" in
      *compute_cap*) echo 'Field "compute_cap" is not a valid field to query.'; exit 2;;
      --query-gpu=*) echo "${ROW}";;
    esac`);
    const smi = new NvidiaSmi();
    expect((await smi.read()).gpus).toMatchObject([
      { name: "NVIDIA GeForce RTX 4090", memoryTotalMb: 24_564, computeCap: null },
    ]);
    const queries = () => calls(folder).filter((call) => call.startsWith("--query-gpu")).length;
    expect(queries()).toBe(3);
    await smi.read();
    expect(queries()).toBe(4);
  });

  test("MIG slices are devices of their own", async () => {
    stubSmi(`case "$1" in -L) echo "${MIG_LIST}";; --query-gpu=*) echo "${MIG_ROW}";; esac`);
    const { devices } = await detect();
    expect(devices.map((device) => device.id)).toEqual(["MIG-a", "MIG-b"]);
  });

  test.each([
    [
      9,
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
      "the driver is not loaded",
    ],
    [6, "No devices were found", "it found no GPU"],
    [15, "Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.", "fallen off the bus"],
    [77, "", "nvidia-smi failed (exit 77)"],
  ])("exit %i is told in words, and the CPU does the work", async (code, said, words) => {
    stubSmi(`echo "${said}"; exit ${code}`);
    const { devices, noGpuReason } = await detect();
    expect(devices.map((device) => device.id)).toEqual(["cpu"]);
    expect(noGpuReason).toContain(words);
    expect(noGpuReason).toContain(said);
  });

  test("one lost GPU does not hide the others, although the exit code says failure", async () => {
    stubSmi(
      `echo "${FULL_ROW}"; echo "Unable to determine the device handle for GPU0000:41:00.0: Unknown Error"; exit 15`,
    );
    const { devices, problems } = await detect();
    expect(devices).toHaveLength(1);
    expect(problems).toEqual([
      "The NVIDIA driver says: Unable to determine the device handle for GPU0000:41:00.0: Unknown Error",
    ]);
  });

  test("one that hangs is left behind after the time-out, even if it can't be killed with its children", async () => {
    stubSmi("sleep 5");
    const startedAt = performance.now();
    const { devices, noGpuReason } = await detect({ timeoutMs: 300 });
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(devices.map((device) => device.id)).toEqual(["cpu"]);
    expect(noGpuReason).toBe("No NVIDIA driver answered: nvidia-smi did not end within 0.3 s");
  });

  test("a file that is no program is told as such", async () => {
    const folder = stubSmi("");
    chmodSync(join(folder, "nvidia-smi"), 0o644);
    const { noGpuReason } = await detect({ programs: [join(folder, "nvidia-smi")] });
    expect(noGpuReason).toMatch(/could not be run .*EACCES/);
  });

  test("waiting for it can be aborted", async () => {
    stubSmi("exec sleep 30");
    const stopping = new AbortController();
    const asking = new NvidiaSmi().read(stopping.signal);
    stopping.abort(new Error("shutting down"));
    await expect(asking).rejects.toThrow("shutting down");
  });
});

describe.skipIf(process.platform === "win32")("readings through nvidia-smi", () => {
  /** A watcher that looks as often as the test asks for. */
  async function watch() {
    const watcher = await DeviceWatcher.start({
      wanted: "auto",
      gpus: new LayeredGpus({ nvml: null, smi: new NvidiaSmi() }),
      host: { cpu: "Test CPU", cores: 2, memoryMb: 1000, os: "Test", wsl: false, battery: null },
      attention: () => ({ watched: true, working: false, waiting: false }),
    });
    return { watcher, id: watcher.detection.devices[0]?.id ?? "" };
  }

  test("the first reading is there with the first detection", async () => {
    stubSmi(GOOD);
    const { watcher, id } = await watch();
    expect(watcher.latest(id)).toMatchObject({
      temperatureC: 46,
      powerW: 84.24,
      utilisationPct: 7,
      memoryUsedMb: 1024,
      source: "nvidia-smi",
    });
    expect(watcher.latest("GPU-of-somebody-else").temperatureC).toBeNull();
  });

  test("a driver that stops answering makes the values unknown, not old, and keeps its device for a while", async () => {
    const folder = stubSmi(`[ -e "$(dirname "$0")/broken" ] && exit 9\n${GOOD}`);
    const { watcher, id } = await watch();
    expect(watcher.latest(id).temperatureC).toBe(46);
    writeFileSync(join(folder, "broken"), "");
    await watcher.redetect();
    expect(watcher.latest(id)).toMatchObject({
      temperatureC: null,
      source: "none",
      sourceReason: expect.stringContaining("the driver is not loaded"),
    });
    expect(watcher.detection.devices.map((device) => device.id)).toEqual([id]);
  });

  test("a MIG slice shows its parent's heat and power, and not its parent's memory", async () => {
    stubSmi(`case "$1" in -L) echo "${MIG_LIST}";; --query-gpu=*) echo "${MIG_ROW}";; esac`);
    const { watcher, id } = await watch();
    expect(id).toBe("MIG-a");
    expect(watcher.latest(id)).toMatchObject({
      temperatureC: 42,
      powerW: 71.15,
      utilisationPct: null,
      memoryUsedMb: null,
    });
  });

  test("the CPU's load and memory are measured, its power is unknown", async () => {
    stubSmi("exit 9");
    const { watcher, id } = await watch();
    await eventually(async () => {
      await watcher.redetect();
      return watcher.latest(id).utilisationPct !== null;
    });
    const reading = watcher.latest(id);
    expect(reading.powerW).toBeNull();
    expect(reading.memoryUsedMb).toBeGreaterThan(0);
    expect(reading.utilisationPct).toBeGreaterThanOrEqual(0);
    expect(reading.utilisationPct).toBeLessThanOrEqual(100);
  });
});

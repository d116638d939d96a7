/** The way to nvidia-smi and back, over a stub program that behaves as the real one does on good and bad days. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { detectDevices } from "../../src/engine/device/detect.ts";
import { queryGpus } from "../../src/engine/device/nvidia-smi.ts";
import { type Readings, TelemetryPoller } from "../../src/engine/device/telemetry.ts";
import { eventually } from "../fixtures/host/processes.ts";
import { tempFolder } from "../support/temp-folder.ts";

const ROW =
  "0, GPU-5c3a9d1e-0000-4000-8000-000000000001, NVIDIA GeForce RTX 4090, 595.71.05, 24564, 1024, 7, 46, 84.24";
const FULL_ROW = `${ROW}, 8.9, [N/A]`;
const MIG_ROW = "0, GPU-0, NVIDIA H100 80GB HBM3, 590.48.01, 81559, 59, [N/A], 42, 71.15, 9.0, Enabled";
const MIG_LIST = [
  "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)",
  "  MIG 3g.40gb     Device  0: (UUID: MIG-a)",
  "  MIG 1g.10gb     Device  1: (UUID: MIG-b)",
].join("\n");

/** Puts a shell script named nvidia-smi first on PATH for one test; `$1` is its first argument. */
function stubSmi(script: string): string {
  const folder = tempFolder();
  const file = join(folder, "nvidia-smi");
  writeFileSync(file, `#!/bin/sh\necho "$1" >> "${folder}/calls"\n${script}\n`);
  chmodSync(file, 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${folder}:${path}`;
  onTestFinished(() => {
    process.env.PATH = path;
  });
  return folder;
}

const calls = (folder: string) => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

describe.skipIf(process.platform === "win32")("nvidia-smi on PATH", () => {
  test("a GPU is found, with one call", async () => {
    const folder = stubSmi(`echo "${FULL_ROW}"`);
    const { devices, noGpuReason } = await detectDevices({ wanted: "auto" });
    expect(noGpuReason).toBeNull();
    expect(devices).toEqual([
      {
        id: "GPU-5c3a9d1e-0000-4000-8000-000000000001",
        kind: "gpu",
        index: 0,
        name: "NVIDIA GeForce RTX 4090",
        memoryTotalMb: 24_564,
        driverVersion: "595.71.05",
        computeCap: "8.9",
        sensorId: "GPU-5c3a9d1e-0000-4000-8000-000000000001",
      },
    ]);
    expect(calls(folder)).toHaveLength(1);
  });

  test("an old driver that does not know a field is asked again for the short list", async () => {
    const folder = stubSmi(`case "$1" in
      *compute_cap*) echo 'Field "compute_cap" is not a valid field to query.'; exit 2;;
      *) echo "${ROW}";;
    esac`);
    const { devices } = await detectDevices({ wanted: "auto" });
    expect(devices).toMatchObject([
      { name: "NVIDIA GeForce RTX 4090", memoryTotalMb: 24_564, computeCap: null },
    ]);
    expect(calls(folder)).toHaveLength(2);
  });

  test("MIG slices are devices of their own", async () => {
    stubSmi(`case "$1" in -L) echo "${MIG_LIST}";; *) echo "${MIG_ROW}";; esac`);
    const { devices } = await detectDevices({ wanted: "auto" });
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
    const { devices, noGpuReason } = await detectDevices({ wanted: "auto" });
    expect(devices.map((device) => device.id)).toEqual(["cpu"]);
    expect(noGpuReason).toContain(words);
    expect(noGpuReason).toContain(said);
  });

  test("one lost GPU does not hide the others, although the exit code says failure", async () => {
    stubSmi(
      `echo "${FULL_ROW}"; echo "Unable to determine the device handle for GPU0000:41:00.0: Unknown Error"; exit 15`,
    );
    const { devices, problems } = await detectDevices({ wanted: "auto" });
    expect(devices).toHaveLength(1);
    expect(problems).toEqual([
      "The NVIDIA driver says: Unable to determine the device handle for GPU0000:41:00.0: Unknown Error",
    ]);
  });

  test("one that hangs is left behind after the time-out, even if it can't be killed with its children", async () => {
    stubSmi("sleep 5");
    const startedAt = performance.now();
    const { devices, noGpuReason } = await detectDevices({ wanted: "auto", smi: { timeoutMs: 300 } });
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(devices.map((device) => device.id)).toEqual(["cpu"]);
    expect(noGpuReason).toBe("No NVIDIA driver answered: nvidia-smi did not end within 0.3 s");
  });

  test("a file that is no program is told as such", async () => {
    const folder = stubSmi("");
    chmodSync(join(folder, "nvidia-smi"), 0o644);
    const { noGpuReason } = await detectDevices({
      wanted: "auto",
      smi: { programs: [join(folder, "nvidia-smi")] },
    });
    expect(noGpuReason).toMatch(/could not be run .*EACCES/);
  });

  test("waiting for it can be aborted", async () => {
    stubSmi("exec sleep 30");
    const stopping = new AbortController();
    const asking = queryGpus({ signal: stopping.signal });
    stopping.abort(new Error("shutting down"));
    await expect(asking).rejects.toThrow("shutting down");
  });
});

describe.skipIf(process.platform === "win32")("telemetry", () => {
  /** A poller whose readings are collected until the test ends. */
  async function poll(intervalMs: number) {
    const { devices } = await detectDevices({ wanted: "auto" });
    const readings: Readings[] = [];
    const poller = new TelemetryPoller({
      devices,
      intervalMs,
      onReadings: (reading) => readings.push(reading),
    });
    onTestFinished(() => poller[Symbol.dispose]());
    return { poller, readings, id: devices[0]?.id ?? "" };
  }

  test("reads every device at the interval it is given", async () => {
    stubSmi(`echo "${FULL_ROW}"`);
    const { poller, readings, id } = await poll(20);
    await eventually(() => readings.length >= 3);
    expect(poller.latest(id)).toEqual({
      temperatureC: 46,
      powerW: 84.24,
      utilisationPct: 7,
      memoryUsedMb: 1024,
    });
    expect(poller.latest("GPU-of-somebody-else").temperatureC).toBeNull();
  });

  test("a driver that stops answering makes the values unknown, not old", async () => {
    const folder = stubSmi(`[ -e "$(dirname "$0")/broken" ] && exit 9; echo "${FULL_ROW}"`);
    const { poller, id } = await poll(10);
    await eventually(() => poller.latest(id).temperatureC === 46);
    writeFileSync(join(folder, "broken"), "");
    await eventually(() => poller.latest(id).temperatureC === null);
  });

  test("paused, nothing is asked and nothing is known; resumed, it reads at once", async () => {
    const folder = stubSmi(`echo "${FULL_ROW}"`);
    const { poller, readings, id } = await poll(60_000);
    await eventually(() => readings.length === 1);
    poller.pause();
    expect(poller.latest(id).powerW).toBeNull();
    const before = calls(folder).length;
    poller.setInterval(1);
    await eventually(() => readings.length === 2);
    expect(calls(folder)).toHaveLength(before);
    poller.resume();
    await eventually(() => poller.latest(id).powerW === 84.24);
  });

  test("a MIG slice shows its parent's heat and power, and not its parent's memory", async () => {
    stubSmi(`case "$1" in -L) echo "${MIG_LIST}";; *) echo "${MIG_ROW}";; esac`);
    const { poller, readings, id } = await poll(60_000);
    await eventually(() => readings.length === 1);
    expect(id).toBe("MIG-a");
    expect(poller.latest(id)).toEqual({
      temperatureC: 42,
      powerW: 71.15,
      utilisationPct: null,
      memoryUsedMb: null,
    });
  });

  test("the CPU's load and memory are measured, its power is unknown", async () => {
    stubSmi("exit 9");
    const { poller, readings, id } = await poll(50);
    await eventually(() => readings.length >= 2 && poller.latest(id).utilisationPct !== null);
    const reading = poller.latest(id);
    expect(reading.powerW).toBeNull();
    expect(reading.memoryUsedMb).toBeGreaterThan(0);
    expect(reading.utilisationPct).toBeGreaterThanOrEqual(0);
    expect(reading.utilisationPct).toBeLessThanOrEqual(100);
  });
});

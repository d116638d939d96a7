/** The GPUs screen: every state of a device as it looks, the person's say over it by keyboard, and a real engine's pause. */
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import { toldApart } from "../../src/engine/device/told-apart.ts";
import type { DeviceSample } from "../../src/shared/contract/devices.ts";
import type { PresenceSignal, PresenceSignalName } from "../../src/shared/contract/presence.ts";
import type { SelfTestReport } from "../../src/shared/contract/self-test.ts";
import type { DeviceView, GpuDetails } from "../../src/shared/contract/views.ts";
import { HOUR, MINUTE, SECOND } from "../../src/shared/durations.ts";
import { say } from "../../src/shared/words/said.ts";
import { RunningDemo, startBellows } from "../support/bellows.ts";
import { C_COMPILER, compileNvmlStub } from "../support/nvml-stub.ts";
import { aPause } from "../support/scripted-devices.ts";
import { anOffer } from "../support/scripted-offers.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, turnTo, visit } from "./ui/dashboard-page.ts";
import { expectWhole, expectWholeInEveryLook, sidewaysScroll, violations } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { type Look, lookName, shoot } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { cpu, earning, gpu, LONG_GPU_NAME } from "./ui/states.ts";

const HOLDING = say("pausedForHolding", { program: "Cyberpunk2077", megabytes: 6_000 });

const details = (more: Partial<GpuDetails> = {}): GpuDetails => ({
  source: "nvml",
  sourceReason: null,
  suspended: false,
  index: 0,
  pciBusId: "00000000:01:00.0",
  driver: "590.48.01",
  cuda: "13.1",
  computeCap: "8.9",
  memoryFreeMb: 14_120,
  memoryUtilisationPct: 41,
  fanPct: 38,
  powerLimitW: 450,
  powerMaxW: 600,
  clockMhz: 2_610,
  clockMaxMhz: 3_105,
  clockMemoryMhz: 10_251,
  clockMemoryMaxMhz: 10_501,
  throttle: ["power limit"],
  pstate: "P2",
  pcie: { gen: 4, genMax: 4, width: 16, widthMax: 16 },
  computeMode: "default",
  displayActive: true,
  driverModel: null,
  mig: "off",
  processes: [
    { pid: 4_412, name: "node", memoryMb: 9_400, ours: true },
    { pid: 2_210, name: "Xorg", memoryMb: 310, ours: false, kind: "graphics" },
    { pid: 18_433, name: "blender", memoryMb: 120, ours: false, kind: "both" },
    { pid: 18_900, name: null, memoryMb: null, ours: false },
  ],
  unknown: {},
  ...more,
});

const signal = (name: PresenceSignalName, state: PresenceSignal["state"], text: string): PresenceSignal => ({
  name,
  state,
  text,
});

const SIGNALS: PresenceSignal[] = [
  signal("switch", "allows", "switched on"),
  signal("snooze", "allows", "not paused by you"),
  signal("schedule", "off", "work is welcome at any time"),
  signal("battery", "allows", "on mains power"),
  signal("program", "off", "your list of programs is empty"),
  signal("fullscreen", "unknown", "whether a program fills the screen can't be told here"),
  signal("otherProgram", "allows", "no other program works on it"),
  signal("busy", "unknown", "busy with our own work"),
  signal("temperature", "allows", "cooler than 84 °C"),
  signal("person", "off", "it also works while you are here"),
];

const working = (): DeviceView =>
  gpu({
    gpu: details(),
    verdict: {
      usable: true,
      code: "runs-on-cuda",
      how: "Runs on CUDA",
      said: { key: "runsOn", values: { backend: "CUDA" } },
      help: null,
    },
    lastSelfTest: {
      at: Date.now() - 2 * HOUR,
      ok: true,
      summary: "Right answer on CUDA, 1840 texts/s at 61 °C",
    },
    signals: SIGNALS,
    temperatureLimit: { own: null, general: 84 },
  });

const paused = (): DeviceView =>
  gpu({
    id: "GPU-paused",
    name: "NVIDIA GeForce RTX 3060",
    state: "asleep",
    runtimePid: null,
    runningJobs: 0,
    temperatureC: 71,
    powerW: 158,
    memoryUsedMb: 7_300,
    memoryTotalMb: 12_288,
    textsPerSecond: null,
    gpu: details({
      index: 1,
      powerLimitW: 170,
      throttle: [],
      processes: [{ pid: 5_252, name: "Cyberpunk2077.exe", memoryMb: 6_000, ours: false, kind: "graphics" }],
    }),
    verdict: { usable: true, code: "runs-on-cuda", how: "Runs on CUDA", help: null },
    lastSelfTest: null,
    paused: aPause({
      by: "otherProgram",
      ...HOLDING,
      subject: "Cyberpunk2077",
      resumesByItself: true,
      signals: ["otherProgram", "busy"],
    }),
    signals: SIGNALS.map((each) =>
      each.name === "otherProgram" ? { ...each, state: "blocks", ...HOLDING } : each,
    ),
  });

const broken = (): DeviceView =>
  gpu({
    id: "GPU-broken",
    name: LONG_GPU_NAME,
    state: "failed",
    backend: null,
    stateReason: "the driver 550.54 is older than the 580 that CUDA 13 needs",
    runtimePid: null,
    runningJobs: 0,
    temperatureC: null,
    powerW: null,
    utilisationPct: null,
    memoryUsedMb: null,
    textsPerSecond: null,
    gpu: details({
      index: 2,
      driver: "550.54",
      source: "nvidia-smi",
      sourceReason: "NVML's library could not be loaded: libnvidia-ml.so.1: cannot open shared object file",
      processes: null,
      throttle: null,
      fanPct: null,
      unknown: { fanPct: "not supported", throttle: "not supported", processes: "no permission" },
    }),
    verdict: {
      usable: false,
      code: "driver-old",
      why: "the driver 550.54 is older than the 580 that CUDA 13 needs",
      help: "Install NVIDIA driver 580 or newer, then restart.",
    },
    lastSelfTest: { at: Date.now() - 26 * HOUR, ok: false, summary: "The back end did not start" },
    signals: SIGNALS,
  });

/** Ten minutes with a start, a gap and a course that can be told apart. */
function samples(device: string): DeviceSample[] {
  if (device === "GPU-broken") return [];
  const now = Date.now();
  // No card draws more than its own limit.
  const mostWatts = device === "GPU-paused" ? 110 : 270;
  return Array.from({ length: 600 }, (_, second) => second)
    .filter((second) => second < 180 || second > 300)
    .map((second) => {
      const busy = second > 330 && second < 560 ? 1 : 0;
      return {
        at: now - (600 - second) * SECOND,
        temperatureC: device === "cpu" ? null : 42 + busy * 22 + Math.sin(second / 30) * 2,
        powerW: device === "cpu" ? null : 38 + busy * mostWatts + Math.sin(second / 11) * 9,
        utilisationPct: busy * 97,
        memoryUsedMb: 900 + busy * 9_100,
        textsPerSecond: busy === 0 ? null : 1_840,
      };
    });
}

const report = (device: DeviceView): SelfTestReport => ({
  device: { id: device.id, name: device.name, driver: "590.48.01" },
  at: Date.now(),
  ok: true,
  summary: "Right answer on CUDA, 1851 texts/s at 63 °C",
  tookMs: 4_210,
  steps: [
    { name: "device", ok: true, detail: "NVIDIA GeForce RTX 4090, driver 590.48.01" },
    { name: "backend", ok: true, detail: "runs on CUDA" },
    { name: "answer", ok: true, detail: "the known answer (cosine 0.999998, largest difference 1.1e-4)" },
    { name: "throughput", ok: true, detail: "1851 short texts a second" },
    { name: "memory", ok: null, detail: "memory is not told" },
    { name: "temperature", ok: true, detail: "63 °C" },
  ],
  model: null,
  backend: "cuda",
  answer: { cosine: 0.999998, maxAbs: 0.00011 },
  textsPerSecond: 1_851,
  memoryUsedMb: null,
  temperatureC: 63,
});

describe.skipIf(chromiumFile === null)("the GPUs screen", () => {
  const dashboard = dashboardSuite();

  const scripted = (devices: DeviceView[]): Promise<ScriptedEngine> =>
    dashboard.engine({ ...earning(Date.now()), devices }, (engine) => {
      engine.samples = samples;
    });
  const openGpus = (page: Page, link: string) => visit(page, link, "GPUs");
  const card = (page: Page, name: string) => page.getByRole("region", { name, exact: true });

  it("shows every state at every size and light, accessible and inside its box", async () => {
    const engine = await scripted([working(), paused(), broken(), cpu()]);
    const page = await dashboard.page(engine.url);
    const shot = async (name: string, look: Look) => {
      await shoot(page, `gpus-${name}-${lookName(look)}`);
      // The screen scrolls within the window: once as high as all of it.
      await page.setViewportSize({ ...look.viewport, height: 2600 });
      await shoot(page, `gpus-${name}-${lookName(look)}-whole`);
      await page.setViewportSize(look.viewport);
    };
    await openGpus(page, engine.link());
    await page.getByText("4 devices · 1 paused").waitFor();
    await card(page, "NVIDIA GeForce RTX 4090").getByRole("slider").first().waitFor();
    await expectWholeInEveryLook(page, "list", (look) => shot("list", look));
    for (const button of await page.getByRole("button", { name: /^Details of/ }).all()) await button.click();
    await expectWholeInEveryLook(page, "details", (look) => shot("details", look));
  });

  it("says why a device rests and when it goes on, and why another can't work", async () => {
    const engine = await scripted([working(), paused(), broken()]);
    const page = await dashboard.page(engine.url);
    await openGpus(page, engine.link());
    const resting = card(page, "NVIDIA GeForce RTX 3060");
    // In the signals below it stands once more.
    await resting.getByText("Paused for Cyberpunk2077, which holds 6000 MB of it.").first().waitFor();
    await resting.getByText("Goes on by itself. Also: Load of others.").waitFor();
    await card(page, LONG_GPU_NAME).getByText("Install NVIDIA driver 580 or newer, then restart.").waitFor();
    // What is not known is said, and never shown as zero.
    await card(page, LONG_GPU_NAME).getByText("Power is not told by this device.").waitFor();
    engine.tell({
      devices: [working(), { ...paused(), paused: null }, broken()],
    });
    await resting.getByText("Paused for Cyberpunk2077").waitFor({ state: "detached" });
  });

  it("names the booking before a rented GPU rests, and asks", async () => {
    const engine = await scripted([working()]);
    const { id } = working();
    const booking = { id: "b", endsAt: Date.now() + 2 * HOUR, total: null };
    engine.state = {
      ...engine.state,
      offers: { boards: [], gpus: [], offers: [anOffer({ device: id, state: "booked", booking })] },
    };
    const page = await dashboard.page(engine.url);
    await openGpus(page, engine.link());
    const rented = card(page, "NVIDIA GeForce RTX 4090");
    await rented.getByRole("switch").click();
    const dialog = page.getByRole("dialog", { name: "NVIDIA GeForce RTX 4090 is rented out" });
    await dialog.getByText(/the renter keeps the GPU until \d\d:\d\d/).waitFor();
    await shoot(page, "gpus-rented-ask");
    expect(await violations(page)).toEqual([]);
    expect(engine.callsOf("devices.setEnabled")).toBe(0);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(engine.callsOf("devices.setEnabled")).toBe(0);
    await rented.getByRole("button", { name: "Pause NVIDIA GeForce RTX 4090" }).click();
    await page.getByRole("menuitem", { name: /For 1 hour/ }).click();
    await dialog.getByRole("button", { name: "Pause" }).click();
    await expect.poll(() => engine.callsOf("devices.pause"), PATIENCE).toBe(1);
    await dialog.waitFor({ state: "detached" });
  });

  it("shows which back ends were tried, and the machine around the GPU", async () => {
    const reason = "libcublas.so.13 is missing";
    const device = {
      ...working(),
      backend: "webgpu" as const,
      backendSteps: [{ backend: "cuda" as const, reason }],
    };
    const engine = await scripted([device]);
    engine.state = {
      ...engine.state,
      engine: {
        ...engine.state.engine,
        host: {
          cpu: "AMD Ryzen 7 5800H",
          cores: 16,
          memoryMb: 32_000,
          os: "Ubuntu 26.04",
          wsl: false,
          battery: { charging: true, percent: 81 },
        },
      },
    };
    const page = await dashboard.page(engine.url);
    await openGpus(page, engine.link());
    const host =
      "AMD Ryzen 7 5800H · 16 threads · 31.3 GB of memory · Ubuntu 26.04 · battery at 81 %, charging";
    await page.getByText(host).waitFor();
    const tried = page.getByRole("region", { name: /^Back ends tried/ });
    await tried.getByText(`${reason}.`).waitFor();
    await tried.getByText("Proved with a matrix product").waitFor();
    await page.setViewportSize({ width: 1280, height: 1400 });
    await shoot(page, "gpus-tried");
    await expectWhole(page);
  });

  it("says that it waits for the driver where a GPU is to come", async () => {
    const engine = await scripted([]);
    engine.state = {
      ...engine.state,
      headline: {
        ...engine.state.headline,
        level: "starting",
        sentence: "Waiting for the GPU driver, trying until 03:05",
        said: { key: "waitingForGpu", values: { until: "03:05" } },
        reasons: [
          {
            text: "No GPU works yet: NVML could not begin: driver not loaded.",
            said: { key: "gpuNotYet", values: { reason: "NVML could not begin: driver not loaded" } },
            help: "After a start of the machine this may take some minutes; work begins by itself.",
            helpSaid: { key: "nothingToDo", values: {} },
          },
        ],
      },
    };
    const page = await dashboard.page(engine.url);
    await openGpus(page, engine.link());
    await page.getByText("Waiting for the GPU driver, trying until 03:05").waitFor();
    await page.getByText("No GPU works yet: NVML could not begin: driver not loaded.").waitFor();
    await shoot(page, "gpus-waiting-for-driver");
    await expectWhole(page);
  });

  it("takes every word of the person by keyboard", async () => {
    const engine = await scripted([working(), paused()]);
    engine.selfTest = () => ({ reports: [report(working())] });
    const page = await dashboard.page(engine.url);
    await openGpus(page, engine.link());
    const first = card(page, "NVIDIA GeForce RTX 4090");
    const asked = (command: string) =>
      engine.calls.filter((call) => call.command === command).map(({ input }) => input);
    const { id } = working();

    await first.getByRole("switch").focus();
    await page.keyboard.press("Space");
    await first.getByText("Switched off by you.").waitFor();
    await page.keyboard.press("Space");
    await first.getByText("Switched off by you.").waitFor({ state: "detached" });
    await expect
      .poll(() => asked("devices.setEnabled"), PATIENCE)
      .toEqual([
        { device: id, enabled: false },
        { device: id, enabled: true },
      ]);

    await first.getByRole("button", { name: "Pause NVIDIA GeForce RTX 4090" }).focus();
    await page.keyboard.press("Enter");
    // The menu takes the keyboard a moment after it is drawn.
    const chosen = () => page.locator('[role="menuitem"][data-highlighted]').allInnerTexts();
    await expect.poll(chosen, PATIENCE).toEqual([expect.stringContaining("For 1 hour")]);
    await shoot(page, "gpus-pause-menu");
    await page.keyboard.press("ArrowDown");
    await expect.poll(chosen, PATIENCE).not.toEqual([expect.stringContaining("For 1 hour")]);
    await page.keyboard.press("Enter");
    await expect.poll(() => asked("devices.pause"), PATIENCE).toEqual([{ device: id, for: "restart" }]);
    await first.getByText("Paused by you.", { exact: true }).waitFor();
    await first.getByRole("button", { name: "Resume NVIDIA GeForce RTX 4090" }).focus();
    await page.keyboard.press("Enter");
    await first.getByText("Paused by you.", { exact: true }).waitFor({ state: "detached" });

    const limit = first.getByRole("textbox", { name: "Rest when as hot as" });
    await limit.focus();
    await page.keyboard.type("75");
    await page.keyboard.press("Enter");
    await expect.poll(() => asked("devices.setLimits"), PATIENCE).toEqual([{ device: id, temperatureC: 75 }]);

    await first.getByRole("button", { name: "Always pause for blender" }).focus();
    await page.keyboard.press("Enter");
    await expect
      .poll(() => asked("settings.set"), PATIENCE)
      .toEqual([{ patch: { "presence.pause_programs": ["blender"] } }]);

    await first.getByRole("button", { name: "Run the self-test" }).focus();
    await page.keyboard.press("Enter");
    await first.getByText("the known answer (cosine 0.999998").waitFor();
    await shoot(page, "gpus-self-test", { fullPage: true });

    await page.getByRole("radio", { name: "10 min" }).focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => JSON.stringify(asked("devices.history")), PATIENCE).toContain('"span":"day"');
    await page.getByRole("button", { name: "Look for GPUs" }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => asked("devices.redetect").length, PATIENCE).toBe(1);
    await page
      .getByRole("status")
      .getByText(/GPUs? found, the same as before\.$/)
      .waitFor();
    // As long as it is looked at, and only then, the engine is told so.
    expect(asked("devices.watch").length).toBeGreaterThan(0);
  });

  it("a silent engine's devices are shown as they were, and nothing can be asked of them", async () => {
    const engine = await scripted([working()]);
    const page = await dashboard.page(engine.url);
    await openGpus(page, engine.link());
    const only = card(page, "NVIDIA GeForce RTX 4090");
    await expect.poll(() => only.getByRole("switch").isEnabled(), PATIENCE).toBe(true);
    // One that is gone is known at once, one that hangs after a while (ui-dashboard): the devices look the same.
    const { port } = engine;
    await engine.die();
    await expect.poll(() => only.getByRole("switch").isDisabled(), PATIENCE).toBe(true);
    expect(await only.getByRole("button", { name: "Pause NVIDIA GeForce RTX 4090" }).isDisabled()).toBe(true);
    await shoot(page, "gpus-stale");
    expect(await violations(page)).toEqual([]);
    await engine.listen(port);
    await expect.poll(() => only.getByRole("switch").isEnabled(), PATIENCE).toBe(true);
  });

  it("sixteen GPUs of one model fit: each in a few lines, told apart, with its charts when it is opened", async () => {
    const model = "NVIDIA H100 80GB HBM3";
    const many = toldApart(
      Array.from({ length: 16 }, (_, index) => ({
        ...working(),
        id: `GPU-${index}`,
        name: model,
        gpu: details({ index, pciBusId: `00000000:${(index + 1).toString(16).padStart(2, "0")}:00.0` }),
      })),
    );
    const engine = await scripted(many);
    const page = await dashboard.page(engine.url);
    await openGpus(page, engine.link());
    await page.getByText("16 devices").waitFor();
    expect(await page.getByRole("slider").count()).toBe(0);
    await shoot(page, "gpus-sixteen");
    await page.getByRole("button", { name: `Details of ${model} · GPU 3`, exact: true }).click();
    await card(page, `${model} · GPU 3`).getByRole("slider").first().waitFor();
    expect(await page.getByRole("slider").count()).toBe(4);
    expect(await violations(page)).toEqual([]);
    await turnTo(page, "home");
    const third = page.getByRole("heading", { name: `${model} · GPU 3`, exact: true });
    expect(await third.getAttribute("title")).toBe(`${model} · GPU 3 (00000000:04:00.0)`);
    await shoot(page, "gpus-sixteen-home", { fullPage: true });
  });

  it("speaks German without a word left over or cut off", async () => {
    const engine = await scripted([working(), paused(), broken()]);
    const page = await dashboard.page(engine.url, { locale: "de-DE" });
    await page.goto(`${engine.link()}`);
    await page.getByRole("navigation").getByRole("link", { name: "GPUs" }).click();
    await page.getByText("Pausiert wegen Cyberpunk2077, das 6000 MB davon belegt.").first().waitFor();
    await shoot(page, "gpus-german", { fullPage: true });
    expect(await sidewaysScroll(page)).toBe(0);
  });

  it("a machine without a GPU is told what would be here, and has its processor's say all the same", async () => {
    const engine = await scripted([cpu({ temperatureLimit: { own: null, general: null } })]);
    const page = await dashboard.page(engine.url);
    await openGpus(page, engine.link());
    await page.getByText("Bellows works without an NVIDIA GPU here").waitFor();
    await page.getByText("Temperature is not told by this device.").waitFor();
    await shoot(page, "gpus-none", { fullPage: true });
    expect(await violations(page)).toEqual([]);
    engine.tell({ devices: [] });
    await page.getByText("No device found").waitFor();
  });

  it.skipIf(C_COMPILER === null)(
    "a real engine's GPU rests while it is too hot, works again by itself, and shows the program it rests for",
    async () => {
      const stub = compileNvmlStub();
      stub.behave({ gpus: 1 });
      const folder = tempFolder();
      const demo = new RunningDemo(folder, startBellows(["demo", "--data", folder, "--port", "0"], stub.env));
      await demo.until(({ throughput }) => throughput.acceptedTotal > 0, "the first result");
      await expect.poll(() => /http:\/\/\S+#token=\S+/.test(demo.process.stdout()), PATIENCE).toBe(true);
      const link = /http:\/\/\S+#token=\S+/.exec(demo.process.stdout())?.[0] ?? "";
      const page = await dashboard.page(new URL(link).origin);
      await openGpus(page, link);
      const only = card(page, "NVIDIA GeForce RTX 4090");
      await only.getByText("working").waitFor();
      const limit = only.getByRole("textbox", { name: "Rest when as hot as" });
      await limit.fill("60");
      await limit.press("Enter");
      stub.behave({ gpus: 1, heat: 61 });
      await only.getByText("Paused until it has cooled down to 52 °C.").first().waitFor();
      stub.behave({ gpus: 1, heat: 51 });
      await only.getByText("working").waitFor();
      await only.getByRole("slider", { name: /^Power/ }).waitFor();
      // That it works again once this one is gone, too, which takes its time, is seen at the engine (presence).
      stub.behave({ gpus: 1, processes: 1, drawing: 1 });
      await only
        .getByText(/^Paused for Cyberpunk2077, which holds \d+ MB of it\.$/)
        .first()
        .waitFor();
      await shoot(page, "gpus-real-paused", { fullPage: true });
    },
    MINUTE * 2,
  );
});

/** The GPU pack on the GPUs screen: what it is before it is fetched, under way, stopped, failed and whole; and a real install. */
import path from "node:path";
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import type { GpuPackView } from "../../src/shared/contract/gpu-pack.ts";
import type { State } from "../../src/shared/contract/views.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { servePack, smallLibrary, smallPack, XZ } from "../fixtures/gpu/pack.ts";
import { appWithGpuPack } from "../support/app-copy.ts";
import { RunningDemo, startBellows } from "../support/bellows.ts";
import { C_COMPILER, compileNvmlStub } from "../support/nvml-stub.ts";
import { aGpuPack, aPart } from "../support/scripted-gpu-pack.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, visit } from "./ui/dashboard-page.ts";
import { REPOSITORY } from "./ui/electron-app.ts";
import { expectWholeInEveryLook } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { shoot } from "./ui/screenshots.ts";
import { earning, gpu } from "./ui/states.ts";

const CUDNN = {
  id: "cudnn",
  name: "cuDNN",
  version: "9.13.0.50",
  bytes: 641_302_680,
  needed: "later",
} as const;
const PROVIDER = {
  id: "provider",
  name: "ONNX Runtime CUDA provider",
  version: "1.29.0",
  licence: "MIT",
  licenceUrl: null,
  bytes: 179_145_956,
};
const PARTS = [
  aPart(PROVIDER),
  aPart({
    id: "cudart",
    name: "CUDA runtime",
    version: "13.0.96",
    state: "system",
    file: "/usr/lib/libcudart.so.13",
  }),
  aPart(),
  aPart({ ...CUDNN, licence: "NVIDIA cuDNN licence" }),
];

const ON_WEBGPU = {
  usable: true,
  code: "library-missing",
  how: "Runs on WebGPU: CUDA: libcublas.so.13 is missing",
  help: null,
} as const;

const withPack = (change: Partial<GpuPackView> = {}): State => ({
  ...earning(Date.now()),
  devices: [gpu({ backend: "webgpu", verdict: ON_WEBGPU })],
  gpuPack: aGpuPack({ offered: true, parts: PARTS, ...change }),
});

describe.skipIf(chromiumFile === null)("the GPU pack's card", () => {
  const dashboard = dashboardSuite();

  it("is not there where it would not help", async () => {
    const engine = await dashboard.engine({ ...earning(Date.now()), gpuPack: aGpuPack({ parts: PARTS }) });
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "GPUs");
    await expect.poll(() => page.getByRole("region", { name: "CUDA for NVIDIA GPUs" }).count()).toBe(0);
  });

  const card = (page: Page) => page.getByRole("region", { name: "CUDA for NVIDIA GPUs" });

  it("tells sizes and licences before anything is fetched, at every size and light", async () => {
    const engine = await dashboard.engine(withPack());
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "GPUs");
    await card(page).getByText("on this machine already").waitFor();
    await card(page).getByText("for image models").waitFor();
    await expectWholeInEveryLook(page, "gpu-pack-missing");
    await card(page).getByRole("button", { name: "Install (1.7 GB)" }).click();
    const dialog = page.getByRole("dialog", { name: "Fetch 1.7 GB?" });
    await dialog.getByText("NVIDIA cuDNN licence").waitFor();
    expect(engine.callsOf("gpuPack.install"), "nothing was fetched unasked").toBe(0);
    await expectWholeInEveryLook(page, "gpu-pack-ask");
    await dialog.getByRole("button", { name: "Accept and install" }).click();
    await card(page).getByRole("progressbar").waitFor();
    expect(engine.calls.find(({ command }) => command === "gpuPack.install")?.input).toEqual({
      parts: ["provider", "cublas", "cudnn"],
    });
    engine.tell({
      gpuPack: aGpuPack({
        offered: true,
        parts: PARTS,
        doing: "installing",
        part: "cublas",
        step: "downloading",
        bytesTotal: 1_659_401_568,
        bytesHere: 640_000_000,
      }),
    });
    await card(page).getByText("fetching cuBLAS").waitFor();
    await expectWholeInEveryLook(page, "gpu-pack-installing");
    await card(page).getByRole("button", { name: "Stop, and keep what is here" }).click();
    await expect.poll(() => engine.callsOf("gpuPack.cancel"), PATIENCE).toBe(1);
  });

  it("says why an install failed, what a check found, and asks before it removes", async () => {
    const whole = PARTS.map((part) => ({ ...part, state: "pack" as const, bytesOnDisk: part.bytes }));
    const engine = await dashboard.engine(
      withPack({
        error: {
          code: "GPU_PACK_SOURCE_UNREACHABLE",
          message: "The GPU pack could not be fetched. developer.download.example can't be reached",
          actor: "network",
          help: "Try again, which goes on where it stopped.",
        },
      }),
    );
    const page = await dashboard.page(engine.url, { locale: "de-DE" });
    await page.goto(engine.link());
    await page.goto(`${engine.url}#/gpus`);
    const german = page.getByRole("region", { name: "CUDA für NVIDIA-GPUs" });
    await german.getByText("Die Quelle des GPU-Pakets ist nicht zu erreichen").waitFor();
    await shoot(page, "gpu-pack-failed-de");
    engine.tell({
      gpuPack: aGpuPack({
        offered: true,
        parts: whole,
        checked: { at: 1, wrong: ["libcublas.so.13.1.0.3"] },
      }),
    });
    await german.getByText("Nicht, wie sie sein sollen: libcublas.so.13.1.0.3").waitFor();
    await shoot(page, "gpu-pack-wrong-de");
    await german.getByRole("button", { name: "Entfernen" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/werden frei/).waitFor();
    expect(engine.callsOf("gpuPack.remove")).toBe(0);
    await dialog.getByRole("button", { name: "Entfernen" }).click();
    await expect.poll(() => engine.callsOf("gpuPack.remove"), PATIENCE).toBe(1);
  });

  it.skipIf(C_COMPILER === null || XZ === null)(
    "installs, stops, goes on and removes with a real engine",
    async () => {
      const { pack, archive } = smallPack();
      const { library, archive: xz } = smallLibrary("cublas");
      const provider = await servePack(archive);
      // The second part begins and stalls, however often it is asked for, until the person has stopped it.
      let stalls = true;
      const cublas = await servePack(xz, (_request, response, count) => {
        if (!stalls) return false;
        if (count > 1) return true;
        response.writeHead(200, { "content-length": xz.length, etag: '"one"' });
        response.write(xz.subarray(0, Math.floor(xz.length / 2)));
        return true;
      });
      const { cli } = appWithGpuPack(
        {
          ...pack,
          sources: [{ kind: "url", url: provider.url }],
          libraries: [{ ...library, sources: [{ kind: "url", url: cublas.url }] }],
        },
        dashboard.folder,
      );
      const stub = compileNvmlStub();
      stub.behave({ gpus: 1 });
      const folder = tempFolder();
      const started = startBellows(
        ["demo", "--data", folder, "--port", "0"],
        { ...stub.env, BELLOWS_CACHE_DIR: path.join(REPOSITORY, ".cache") },
        cli,
      );
      const demo = new RunningDemo(folder, started);
      await demo.until(({ gpuPack }) => gpuPack?.offered === true, "the pack to be offered");
      await expect.poll(() => /http:\/\/\S+#token=\S+/.test(started.stdout()), PATIENCE).toBe(true);
      const link = /http:\/\/\S+#token=\S+/.exec(started.stdout())?.[0] ?? "";
      const page = await dashboard.page(new URL(link).origin);
      await visit(page, link, "GPUs");
      await card(page)
        .getByRole("button", { name: /^Install/ })
        .click();
      await page.getByRole("button", { name: "Accept and install" }).click();
      await expect
        .poll(() => card(page).getByRole("progressbar").getAttribute("aria-valuenow"), PATIENCE)
        .toMatch(/^[1-9]/);
      // Meanwhile the terminal keeps its hands off.
      const busy = startBellows(["gpu-pack", "install", "--data", folder], {}, cli);
      expect(await busy.exited).not.toBe(0);
      expect(busy.stderr()).toMatch(/changed by another process/);
      await shoot(page, "gpu-pack-real-installing");
      await card(page).getByRole("button", { name: "Stop, and keep what is here" }).click();
      stalls = false;
      await card(page)
        .getByRole("button", { name: /^Go on/ })
        .click();
      await page.getByRole("button", { name: "Accept and install" }).click();
      await card(page).getByText("Everything that CUDA needs").waitFor();
      await card(page).getByRole("button", { name: "Check the files" }).click();
      await card(page).getByText("Every file is as it should be.").waitFor();
      await shoot(page, "gpu-pack-real-whole");
      // What it runs on may be another back end now: the GPU is tested anew.
      const { gpuPack } = await demo.state();
      expect(gpuPack?.parts.map(({ state }) => state)).toEqual(["pack", "pack"]);
      await card(page).getByRole("button", { name: "Remove" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
      await card(page)
        .getByRole("button", { name: /^Install/ })
        .waitFor();
    },
    2 * MINUTE,
  );
});

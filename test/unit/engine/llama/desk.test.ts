/** What the engine tells of llama.cpp's install, and what it lets a person do about it. */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { LlamaDesk, type LlamaDeskOptions } from "../../../../src/engine/llama/desk.ts";
import { lockLlama } from "../../../../src/engine/llama/install.ts";
import { DEFAULT_TUNING } from "../../../../src/engine/models/download/file-download.ts";
import type { LlamaView } from "../../../../src/shared/contract/llama.ts";
import { LlamaViewSchema } from "../../../../src/shared/contract/llama.ts";
import { LLAMA_FOLDER_VARIABLE } from "../../../../src/shared/runtime/llama-folder.ts";
import { serveLlama } from "../../../fixtures/runtime/llama-packages.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const IMPATIENT = { ...DEFAULT_TUNING, backoff: { base: 1, cap: 2 }, fruitlessTries: 2 };

async function rig(change: Partial<LlamaDeskOptions> = {}) {
  const { manifest, server } = await serveLlama();
  const told: LlamaView[] = [];
  const changes: string[] = [];
  const folder = join(tempFolder(), "llama");
  const desk = new LlamaDesk({
    resourcesFolder: "/nowhere",
    llamaFolder: folder,
    manifest,
    env: { npm_config_registry: server.url },
    now: () => 7,
    tuning: IMPATIENT,
    npm: async () => ({ code: null, stdout: "", stderr: "npm: not found" }),
    ...change,
  });
  onTestFinished(() => desk.close());
  await desk.look();
  desk.onChange((kind) => {
    changes.push(kind);
    told.push(LlamaViewSchema.parse(desk.view()));
  });
  return { desk, folder, server, told, changes };
}

describe("llama.cpp at the engine", () => {
  it("says what an install would bring before anything is fetched", async () => {
    const { desk, server } = await rig();
    const view = desk.view();
    expect(view).toMatchObject({ offered: true, version: null, newest: "1.0.0", doing: "nothing" });
    expect(view.builds.map(({ id, usual, installed }) => [id, usual, installed])).toEqual([
      ["cuda", false, false],
      ["vulkan", true, false],
      ["cpu", true, false],
    ]);
    expect(view.bytesToFetch).toBeGreaterThan(400_000);
    expect(view.licences).toEqual(["MIT"]);
    expect(server.log).toEqual([]);
  });

  it("installs while it tells how far it is, checks, adds a build, and removes", async () => {
    const { desk, told, changes } = await rig();
    const { bytesToFetch } = desk.view();
    expect(await desk.install()).toMatchObject({ doing: "installing", bytesTotal: bytesToFetch });
    await desk.ended();
    expect(desk.view()).toMatchObject({ version: "1.0.0", bytesToFetch: 0, error: null, doing: "nothing" });
    expect(told.map(({ step }) => step)).toEqual(expect.arrayContaining(["downloading", "unpacking"]));
    expect(changes.filter((kind) => kind === "builds")).toHaveLength(1);
    expect((await desk.verify()).checked).toEqual({ at: 7, wrong: [] });
    await desk.install({ cuda: true });
    await desk.ended();
    expect(desk.view().builds.every(({ installed }) => installed)).toBe(true);
    expect(await desk.remove()).toMatchObject({ version: null, bytesOnDisk: 0, bytesToFetch });
  });

  it("stops when it is asked to, keeps what came, and goes on from there", async () => {
    const { desk } = await rig();
    let stopped = false;
    desk.onChange(() => {
      if (stopped || desk.view().bytesHere === 0) return;
      stopped = true;
      void desk.cancel();
    });
    await desk.install();
    await desk.ended();
    expect(desk.view()).toMatchObject({ doing: "nothing", error: null, version: null });
    await desk.install();
    await desk.ended();
    expect(desk.view()).toMatchObject({ version: "1.0.0", bytesKept: 0 });
  });

  it("says why it failed: without npm and without an address there is nowhere to ask", async () => {
    const { desk, server } = await rig({ env: {} });
    await desk.install();
    await desk.ended();
    expect(desk.view()).toMatchObject({ version: null, error: { code: "LLAMA_NPM_MISSING" } });
    await desk.install({ registry: server.url });
    await desk.ended();
    expect(desk.view()).toMatchObject({ version: "1.0.0", error: null });
  });

  it("keeps its hands off while a terminal works on the folder", async () => {
    const { desk, folder } = await rig();
    const lock = await lockLlama(folder);
    await expect(desk.install()).rejects.toMatchObject({ code: "LLAMA_BUSY" });
    await lock.release();
  });

  it("offers nothing where another folder was named, or there is no build for this system", async () => {
    const { desk } = await rig({ env: { [LLAMA_FOLDER_VARIABLE]: "/opt/llama" } });
    expect(desk.view()).toMatchObject({ offered: false, builds: [] });
    await expect(desk.install()).rejects.toMatchObject({ code: "LLAMA_NOT_FOR_SYSTEM" });
    const nowhere = await rig({ manifest: undefined });
    expect(nowhere.desk.view().offered).toBe(false);
  });
});

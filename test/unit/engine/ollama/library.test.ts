import { expect, onTestFinished, test, vi } from "vitest";
import type { DeviceInfo } from "../../../../src/engine/device/device-info.ts";
import { OllamaApi } from "../../../../src/engine/ollama/api.ts";
import { OllamaLibrary, type OllamaLibraryDeps } from "../../../../src/engine/ollama/library.ts";
import { textModel, WEIGHTS } from "../../../support/ollama-models.ts";
import { serveOllama } from "../../../support/ollama-server.ts";

const gpu = (id: string, index: number): DeviceInfo => ({
  id,
  kind: "gpu",
  index,
  name: `Card ${index}`,
  memoryTotalMb: null,
  driverVersion: null,
  computeCap: null,
  sensorId: id,
});
const CARD = gpu("GPU-aa11", 0);
const never = new AbortController().signal;

async function open(
  change: Partial<OllamaLibraryDeps> = {},
  models: Record<string, string> = { "mine:1": WEIGHTS },
) {
  const server = await serveOllama(models);
  const library = new OllamaLibrary({
    api: new OllamaApi(server.url),
    models: () => [textModel(), textModel({ id: "another", weights: "cd".repeat(32) })],
    devices: () => [CARD],
    wantedDevice: null,
    mayWork: () => true,
    ...change,
  });
  return { server, library, look: () => library.look(never) };
}

test("a model is known by its weights, whatever it is called, and each one is looked into once", async () => {
  const { server, library, look } = await open({}, { "alphabet:latest": "99".repeat(32), "mine:1": WEIGHTS });
  expect(library.modelFor(textModel()), "before the first look").toBeNull();
  await look();
  await look();
  expect(library.modelFor(textModel())?.ollama).toEqual({ name: "mine:1", weightsSha256: WEIGHTS });
  expect(library.modelFor(textModel({ id: "another", weights: "cd".repeat(32) }))).toBeNull();
  expect(server.asked.filter(({ path }) => path === "/api/show")).toHaveLength(2);
  expect(library.view()).toMatchObject({
    state: "ready",
    version: "0.13.0",
    device: { id: CARD.id },
    models: [{ id: "alphabet", name: "mine:1" }],
    text: "Takes jobs for 1 model of the catalogue",
  });
});

test("one that was made of more than the pinned file is another model", async () => {
  const { server, library, look } = await open();
  server.modelfile = `ADAPTER /blobs/sha256-${"99".repeat(32)}`;
  await look();
  expect(library.modelFor(textModel())).toBeNull();
  expect(library.view().text).toBe("Ollama answers, and has no model of the catalogue");
});

test("nothing is offered while it does not answer, redirects, is too old, or its person uses it", async () => {
  const { server, library, look } = await open();
  const told = vi.fn();
  library.onChange(told);
  const expectState = async (state: string, text: RegExp) => {
    await look();
    expect(library.view()).toMatchObject({ state, text: expect.stringMatching(text) });
    expect(library.modelFor(textModel())).toBeNull();
  };
  server.version = "0.12.10";
  await expectState("refused", /0\.12\.10 does not tell its tokens; 0\.12\.11/);
  server.version = "0.13.0";
  server.running.set("their-own:7b", { size: 1, onGpu: 1 });
  await expectState("in-use", /is in use/);
  server.running.clear();
  server.always = { status: 302, headers: { location: "http://127.0.0.1:1/" } };
  await expectState("refused", /redirects elsewhere/);
  server.always = { status: 200, body: "<html>" };
  await expectState("refused", /not JSON/);
  server.always = null;
  await look();
  expect(library.modelFor(textModel())).not.toBeNull();
  const before = told.mock.calls.length;
  await look();
  expect(told, "nothing changed").toHaveBeenCalledTimes(before);
  await server.close();
  await expectState("unreachable", /No Ollama answers at/);
});

test.each(["0.12.11", "v0.13.0-rc1", "1.0.0", "0.0.0", "built by hand"])(
  "version %s is new enough",
  async (version) => {
    const { server, library, look } = await open();
    server.version = version;
    await look();
    expect(library.view().state).toBe("ready");
  },
);

test("what we had it load ourselves is no use by its person", async () => {
  const { server, library, look } = await open();
  server.running.set("mine:1", { size: 1, onGpu: 1 });
  library.setOurs("mine:1");
  await look();
  expect(library.view().state).toBe("ready");
});

test("it counts as work of one device: the only one, or the one that is named", async () => {
  const cards = [CARD, gpu("GPU-bb22", 1)];
  const which = async (wantedDevice: string | null, devices = cards) => {
    const { library, look } = await open({ wantedDevice, devices: () => devices });
    await look();
    const { state, text } = library.view();
    return {
      device: library.device?.id ?? null,
      state,
      text,
      offered: library.modelFor(textModel()) !== null,
    };
  };
  expect(await which(null, [CARD])).toMatchObject({ device: "GPU-aa11", offered: true });
  expect(await which("1")).toMatchObject({ device: "GPU-bb22", offered: true });
  expect(await which("GPU-bb")).toMatchObject({ device: "GPU-bb22", offered: true });
  expect(await which(null)).toMatchObject({
    device: null,
    state: "refused",
    offered: false,
    text: expect.stringContaining("BELLOWS_OLLAMA_DEVICE"),
  });
  expect(await which("7")).toMatchObject({ device: null, state: "refused", offered: false });
});

test("a device that rests offers nothing", async () => {
  let mayWork = true;
  const { library, look } = await open({ mayWork: () => mayWork });
  await look();
  expect(library.modelFor(textModel())).not.toBeNull();
  mayWork = false;
  expect(library.modelFor(textModel())).toBeNull();
});

test("its loop finds what comes later, and ends with its signal", async () => {
  const { server, library } = await open({}, {});
  const ending = new AbortController();
  const loop = library.run(ending.signal);
  onTestFinished(() => ending.abort());
  await expect.poll(() => library.view().state).toBe("ready");
  server.models.set("mine:1", WEIGHTS);
  library.lookAgain();
  await expect.poll(() => library.modelFor(textModel())).not.toBeNull();
  ending.abort();
  await loop;
});

/**
 * A market's text jobs, written by an Ollama on this machine: the real engine, the devnet's AICF market, and a server that
 * keeps to Ollama's documented API (Ollama itself can't be had here).
 */
import { afterAll, beforeAll, test } from "vitest";
import { loadConfig } from "../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { type Engine, startEngine } from "../../src/engine/engine.ts";
import { PASSPHRASE_VARIABLE } from "../../src/engine/identity/identity.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import type { State } from "../../src/shared/contract/views.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { decodeResult } from "../../src/shared/results.ts";
import { bellows } from "../support/bellows.ts";
import { devnet, post } from "../support/devnet.ts";
import { type OllamaServer, serveOllama, tokenIds } from "../support/ollama-server.ts";
import { expect, onTestFinished, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";

sideBySide();

/** As the catalogue pins it. */
const WEIGHTS = "c5396e06af294bd101b30dce59131a76d2b773e76950acc870eda801d3ab0515";
/** Of one whose conversations the catalogue does not know how to put. */
const OTHER_WEIGHTS = "dde5aa3fc5ffc17176b5e8bdc82f587b24b2678c6c66101bf7da77af9f7ccdff";
const MODEL = "qwen2.5:0.5b";
const ID = "qwen2.5-0.5b-instruct-ollama";
const PASSPHRASE = "correct horse battery staple";

beforeAll(() => {
  process.env[PASSPHRASE_VARIABLE] = PASSPHRASE;
});
afterAll(() => {
  delete process.env[PASSPHRASE_VARIABLE];
});

interface Scene {
  readonly server: OllamaServer;
  readonly engine: Engine;
  readonly folder: string;
  state(): State;
  submit(input: unknown, params: Record<string, unknown>, model?: string): Promise<string>;
  result(jobId: string): Promise<Record<string, unknown>>;
  log: Awaited<ReturnType<typeof devnet>>["log"];
}

async function open(): Promise<Scene> {
  const server = await serveOllama({
    "whatever:1": WEIGHTS,
    "other:3b": OTHER_WEIGHTS,
    "their-own:7b": "ef".repeat(32),
  });
  const market = await devnet({ chainId: 1 });
  const { queueUrl, nodeUrl } = market.ready;
  const folder = tempFolder();
  const env = {
    AICF_QUEUE_URL: queueUrl,
    RPC_URL: nodeUrl,
    CHAIN_ID: "1",
    GPU_BACKEND: "cpu",
    BELLOWS_OLLAMA: server.url,
    BELLOWS_AUTO_STAKE: "100",
    BELLOWS_STAKE_WITHOUT_BACKUP: "1",
    BELLOWS_DATA_DIR: folder,
    BELLOWS_PORT: "0",
    [PASSPHRASE_VARIABLE]: PASSPHRASE,
  };
  const config = loadConfig({ env, flags: {}, paths: locatePaths() });
  const engine = await startEngine(config, new ForkProcessHost());
  onTestFinished(() => engine.shutdown());
  const state = () => engine.snapshot().state;
  await expect.poll(() => state().engine.ollama?.state, { timeout: 10 * SECOND }).toBe("ready");
  await expect.poll(() => state().markets[0]?.state, { timeout: 30 * SECOND }).toBe("registered");
  return {
    server,
    engine,
    folder,
    state,
    log: market.log,
    submit: async (input, params, model = MODEL) => {
      const body = { kind: "generate", model, input, params, fee: 1_000_000 };
      return String((await post(`${queueUrl}/v1/jobs`, body)).job_id);
    },
    result: async (jobId) => (await fetch(`${queueUrl}/v1/jobs/${jobId}/result`)).json() as never,
  };
}

const jobIn = (state: State, jobId: string) => state.recentJobs.find((job) => job.jobId === jobId);
const unloads = ({ server }: Scene) => server.asked.filter(({ raw }) => raw?.keep_alive === 0);

test.concurrent(
  "a text job is leased, written, paid for with a receipt that says by whom",
  async () => {
    const scene = await open();
    const { engine, state } = scene;
    expect(state().engine.ollama).toMatchObject({
      version: "0.13.0",
      device: { id: "cpu" },
      models: [
        { id: ID, name: "whatever:1" },
        { id: "llama3.2-3b-instruct-ollama", name: "other:3b" },
      ],
    });
    expect(state().models.find(({ id }) => id === ID)).toMatchObject({
      state: "missing",
      ollama: "whatever:1",
    });

    const jobId = await scene.submit({ prompt: "c" }, { max_tokens: 20, temperature: 0, stop: "hi" });
    const isAccepted = () => ["accepted", "settled"].includes(jobIn(state(), jobId)?.state ?? "");
    await expect.poll(isAccepted, { timeout: 30 * SECOND }).toBe(true);

    const { output } = await scene.result(jobId);
    const bytes = new Uint8Array(Buffer.from(String(output), "base64"));
    expect(decodeResult(bytes)).toEqual({ kind: "generate", text: "defg", tokenIds: tokenIds("defghi") });

    const leaseId = jobIn(state(), jobId)?.leaseId ?? "";
    const job = await engine.handlers["jobs.get"]({ leaseId });
    const receipt = JSON.parse(job.receipt ?? "null");
    expect(receipt).toMatchObject({
      task: "generate",
      model: { id: ID, files: [{ path: "model.gguf", sha256: WEIGHTS }] },
      runtime: { execution_provider: "ollama", onnxruntime: "none (ollama 0.13.0)", precision: "q4_k_m" },
      qos: { tokens: 7 },
    });
    expect(state().devices[0]).toMatchObject({ backend: "ollama", state: "ready", runtimePid: null });
    expect(await engine.handlers["jobs.verify"]({ leaseId, recompute: true })).toMatchObject({
      verified: true,
      recomputed: { backend: "ollama", identical: true },
    });

    const spelt = await scene.submit({ prompt: "so <|im_end|> it ends" }, { max_tokens: 3 });
    await expect
      .poll(() => jobIn(state(), spelt)?.error?.code, { timeout: 30 * SECOND })
      .toBe("WORK_MISMATCH");

    const messages = [{ role: "user", content: "Hi" }];
    const talk = await scene.submit({ messages }, { max_tokens: 3 }, "llama3.2:3b");
    await expect.poll(() => jobIn(state(), talk)?.state, { timeout: 30 * SECOND }).toBe("returned");
    expect(jobIn(state(), talk)?.error?.code, "declined before it began").toBe("WORK_MISMATCH");
    expect(
      scene.server.asked.some(({ path, body }) => path === "/api/generate" && body?.model === "other:3b"),
    ).toBe(false);

    const listed = await bellows(["models", "--data", scene.folder]);
    expect(listed.stdout).toMatch(new RegExp(`${ID}\\s+q4_k_m\\s+generate\\s+in Ollama`));
    expect(listed.stdout).toMatch(/Ollama 0\.13\.0 at http:\/\/127\.0\.0\.1:\d+.*Takes jobs for 2 models/);
    const tested = await bellows(["self-test", "--data", scene.folder]);
    expect(tested.stdout).toMatch(
      /Ollama wrote the same 16 tokens twice with qwen2\.5-0\.5b-instruct-ollama/,
    );
    const devices = await bellows(["devices", "--data", scene.folder]);
    expect(devices.stdout).toMatch(/Ollama 0\.13\.0.*Takes jobs for 2 models/);
  },
  2 * MINUTE,
);

test.concurrent(
  "a self-test without an engine asks Ollama too, where the settings let it",
  async () => {
    const server = await serveOllama({ "whatever:1": WEIGHTS });
    const test = (env: NodeJS.ProcessEnv) =>
      bellows(["self-test", "--data", tempFolder()], { GPU_BACKEND: "cpu", ...env });
    const wrote = /Ollama wrote the same 16 tokens twice with qwen2\.5-0\.5b-instruct-ollama/;
    expect((await test({ BELLOWS_OLLAMA: server.url })).stdout).toMatch(wrote);
    const host = server.url.replace("http://", "");
    expect((await test({ BELLOWS_OLLAMA: "auto", OLLAMA_HOST: host })).stdout).toMatch(wrote);
    expect((await test({ OLLAMA_HOST: host })).stdout).not.toMatch(/Ollama/);
    const elsewhere = await test({ BELLOWS_OLLAMA: server.url, BELLOWS_OLLAMA_DEVICE: "GPU-9" });
    expect(elsewhere.stdout).not.toMatch(/Ollama wrote/);
  },
  2 * MINUTE,
);

test.concurrent(
  "a pause in the middle of a text frees Ollama's memory and gives the job back; resumed, it is done",
  async () => {
    const scene = await open();
    const { engine, server, state } = scene;
    const writing = Promise.withResolvers<void>();
    server.beforeToken = (count) => {
      if (count < 3) return;
      writing.resolve();
      return new Promise(() => undefined);
    };
    const jobId = await scene.submit({ prompt: "a" }, { max_tokens: 10 });
    await writing.promise;
    expect(state().devices[0]).toMatchObject({ state: "working", runningJobs: 1 });

    await engine.handlers["devices.pause"]({ device: "cpu", for: "until-resumed" });
    await expect.poll(() => server.running.size, { timeout: 10 * SECOND }).toBe(0);
    expect(unloads(scene).length).toBeGreaterThan(0);
    await expect.poll(() => server.abandoned).toEqual(["a"]);
    await expect.poll(() => jobIn(state(), jobId)?.state).toBe("returned");
    await expect.poll(() => state().devices[0]?.state).toBe("asleep");
    expect(
      state().models.find(({ id }) => id === ID)?.ollama,
      "nothing is offered while it rests",
    ).toBeUndefined();

    server.beforeToken = () => undefined;
    await engine.handlers["devices.resume"]({ device: "cpu" });
    const done = () =>
      state().recentJobs.some((job) => job.jobId === jobId && ["accepted", "settled"].includes(job.state));
    await expect.poll(done, { timeout: 60 * SECOND }).toBe(true);
    const { output } = await scene.result(jobId);
    expect(decodeResult(new Uint8Array(Buffer.from(String(output), "base64")))).toMatchObject({
      text: "bcdefghijk",
    });
  },
  2 * MINUTE,
);

test.concurrent(
  "an Ollama that goes away takes its models off the market; the job it left comes back to the market unharmed",
  async () => {
    const scene = await open();
    const { server, state } = scene;
    const loading = Promise.withResolvers<void>();
    server.loading = loading.promise;
    const jobId = await scene.submit({ prompt: "a" }, { max_tokens: 10 });
    await expect.poll(() => state().devices[0]?.state, { timeout: 30 * SECOND }).toBe("starting");
    await server.close();
    await expect.poll(() => jobIn(state(), jobId)?.state, { timeout: 30 * SECOND }).toBe("returned");
    await expect.poll(() => state().engine.ollama?.state).toBe("unreachable");
    const heartbeat = () =>
      scene
        .log()
        .filter(({ event }) => event === "heartbeat")
        .at(-1);
    await expect.poll(heartbeat, { timeout: 30 * SECOND }).toBeDefined();
    expect(state().models.find(({ id }) => id === ID)).toMatchObject({ state: "missing" });
    expect(state().models.find(({ id }) => id === ID)?.ollama).toBeUndefined();
    expect(state().throughput.failedLastDay).toBe(0);
  },
  2 * MINUTE,
);

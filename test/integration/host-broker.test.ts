/**
 * The brokered way, whole: a real Electron main forks the engine as a utilityProcess, and for it the real runtime,
 * which talks to the engine over the handed port. Headless, so it needs no display.
 */
import { type ChildProcess, execFile } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelSpec } from "../../src/shared/runtime/protocol.ts";
import { eventually, isAlive } from "../fixtures/host/processes.ts";
import { embedding, good, minilm, openRuntime } from "../fixtures/runtime/minilm.ts";

const repo = fileURLToPath(new URL("../..", import.meta.url));
const note = join(repo, ".cache/electron.json");

describe.skipIf(!existsSync(note))("an engine in Electron's utilityProcess", () => {
  let electron: string;
  let folder: string;
  let model: ModelSpec;
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    model = await minilm();
    ({ electron, folder } = prepareElectron());
    await bundle(join(folder, "resources/app"));
  });
  afterAll(() => {
    for (const child of started) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the app; resolves with everything it reported, once it has ended. */
  function run(ending: "in order" | "killed"): Promise<Record<string, unknown>> {
    const app = join(folder, "resources/app");
    const input = {
      engine: join(app, "engine.js"),
      runtime: join(app, "runtime.js"),
      input: { model, ending },
    };
    const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env;
    return new Promise((resolve, reject) => {
      const child = execFile(
        electron,
        ["--no-sandbox", "--ozone-platform=headless", "--disable-gpu"],
        { env: { ...env, BELLOWS_TEST_BROKER: JSON.stringify(input) }, timeout: 60_000 },
        (error, stdout, stderr) => {
          const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
          if (error || lines.length === 0) reject(new Error(`${error?.message}\n${stdout}\n${stderr}`));
          else resolve(Object.assign({}, ...lines.map((line) => JSON.parse(line))));
        },
      );
      started.push(child);
    });
  }

  test("works with a runtime that main forked: same digest, crash, hang and stop as everywhere", async () => {
    const here = openRuntime();
    const items = [embedding("a", ["The cat sat on the mat.", "A feline rested on the rug."])];
    const request = { model, items, deadlineMs: 30_000, signal: new AbortController().signal };
    const ours = good((await here.run(request)).items[0]);
    await here.stop();

    const report = await run("in order");
    expect(report.failed).toBeUndefined();
    expect(report).toMatchObject({
      // Electron's crypto has no SHA-3: the same digest comes from another implementation.
      digest: ours.sha3_512,
      bytes: ours.bytes.length,
      digestAgain: ours.sha3_512,
      channelKind: "utility",
      env: "yes",
      crash: "RUNTIME_CRASHED",
      hung: "RUNTIME_HUNG",
      state: "asleep",
      refused: { code: null, signal: null },
      why: "/bin/true is not one of this app's runtimes\n",
    });
    expect(report.runtimeClass).toMatchObject({
      backend: "cpu",
      onnxruntime: "1.29.0",
      node: expect.not.stringMatching(process.versions.node),
    });
  });

  test("takes its runtime along when it is killed", async () => {
    const report = await run("killed");
    expect(report).toMatchObject({ digest: expect.any(String), pid: expect.any(Number) });
    await eventually(() => !isAlive(Number(report.pid)));
  });
});

/** A copy of Electron (linked) whose app is ours: the cached one's app is the checkout itself. */
function prepareElectron(): { electron: string; folder: string } {
  const { executable } = JSON.parse(readFileSync(note, "utf8")) as { executable: string };
  const original = join(repo, ".cache", executable);
  const folder = mkdtempSync(join(repo, ".cache/test-broker-"));
  const name = executable.split("/").at(-1) ?? "";
  linkSync(original, join(folder, name)); // It finds its files beside its real path, so a symlink would not do.
  for (const entry of readdirSync(dirname(original))) {
    if (entry !== name && entry !== "resources")
      symlinkSync(join(dirname(original), entry), join(folder, entry));
  }
  mkdirSync(join(folder, "resources/app"), { recursive: true });
  return { electron: join(folder, name), folder };
}

async function bundle(outDir: string): Promise<void> {
  const input = {
    main: join(repo, "test/fixtures/host/broker-main.ts"),
    engine: join(repo, "test/fixtures/host/broker-engine.ts"),
    runtime: join(repo, "src/runtime/entry.ts"),
  };
  await build({
    configFile: false,
    root: repo,
    logLevel: "error",
    ssr: { external: true, noExternal: [] },
    build: {
      outDir,
      emptyOutDir: true,
      ssr: true,
      target: "node20.18",
      minify: false,
      rolldownOptions: { input, output: { entryFileNames: "[name].js" } },
    },
  });
  writeFileSync(
    join(outDir, "package.json"),
    JSON.stringify({ name: "broker-test", version: "1.0.0", type: "module", main: "main.js" }),
  );
}

/**
 * `bellows llama` as people run it: the built command line with a small llama.cpp whose registry is on this machine, and
 * with BELLOWS_LONG_TESTS=1 the real one from the registry that npm here uses, writing a text afterwards.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lockLlama } from "../../src/engine/llama/install.ts";
import { decodeResult } from "../../src/shared/results.ts";
import { LLAMA_FOLDER_VARIABLE } from "../../src/shared/runtime/llama-folder.ts";
import { serveLlama } from "../fixtures/runtime/llama-packages.ts";
import { good, openRuntime } from "../fixtures/runtime/minilm.ts";
import { appWithLlama } from "../support/app-copy.ts";
import { startBellows } from "../support/bellows.ts";
import { writeAlphabetModel } from "../support/gguf/model.ts";
import { tempFolder } from "../support/temp-folder.ts";

const LONG = 60_000;

function runner(cli: string | undefined, data: string) {
  const start = (...args: string[]) => startBellows(["llama", ...args, "--data", data], {}, cli);
  const run = async (...args: string[]) => {
    const { exited, stdout, stderr } = start(...args);
    return { code: await exited, stdout: stdout(), stderr: stderr() };
  };
  return { start, run };
}

async function rig() {
  const { manifest, server } = await serveLlama();
  const { platform, arch } = process;
  const { cli } = appWithLlama({
    ...manifest,
    version: 1,
    builds: manifest.builds.map((build) => ({ ...build, platform, arch })),
  });
  const data = tempFolder();
  return { server, folder: join(data, "llama"), ...runner(cli, data) };
}

describe("llama.cpp at the terminal", () => {
  test(
    "size and licence first, then in place, verified, mended and removed",
    async () => {
      const { server, folder, run } = await rig();
      expect((await run()).stdout).toMatch(
        /not installed: `bellows llama install`[\s\S]*vulkan +not installed/,
      );
      expect((await run("verify")).code, "nothing is no passed check").toBe(4);

      const installed = await run("install", "--registry", server.url, "--json");
      expect(installed.stderr).toMatch(/builds: vulkan, cpu\): 1 MB to fetch, licences MIT\./);
      expect(installed.code).toBe(0);
      expect(JSON.parse(installed.stdout)).toMatchObject({
        folder,
        version: "1.0.0",
        builds: ["vulkan", "cpu"],
      });
      expect(await run("verify")).toMatchObject({ code: 0, stdout: expect.stringMatching(/All 8 files/) });

      writeFileSync(join(folder, "installed/node_modules/chalk/package.json"), "{}");
      expect(await run("verify")).toMatchObject({
        code: 4,
        stdout: expect.stringMatching(/wrong +node_modules\/chalk\/package\.json/),
      });
      expect((await run("install", "--cuda", "--registry", server.url)).code).toBe(0);
      expect(JSON.parse((await run("status", "--json")).stdout).builds).toEqual(["cuda", "vulkan", "cpu"]);
      expect((await run("verify")).code).toBe(0);
      expect((await run("remove")).stdout).toMatch(/Removed; \d+ MB are free again/);
      expect((await run("remove")).stdout).toMatch(/Nothing was there/);
    },
    LONG,
  );

  test(
    "two at a time are told of each other; a wrong address is an error with a cause",
    async () => {
      const { folder, run } = await rig();
      const lock = await lockLlama(folder);
      const refused = await run("install");
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toMatch(/being changed by another process/);
      await lock.release();
      const wrong = await run("install", "--registry", "nowhere");
      expect(wrong.code).not.toBe(0);
      expect(wrong.stderr).toMatch(/--registry URL/);
    },
    LONG,
  );

  test(
    "Ctrl-C keeps what is here, and the same command goes on",
    async () => {
      const { server, start, run } = await rig();
      server.pace = { bytes: 16 * 1024, ms: 60 };
      const stopped = start("install", "--registry", server.url);
      await expect.poll(stopped.stderr, { timeout: 20_000 }).toMatch(/ 40 % of /);
      stopped.child.kill("SIGINT");
      expect(await stopped.exited).not.toBe(0);
      expect(stopped.stderr()).toMatch(/The same command goes on where this one stopped/);
      expect((await run()).stdout).toMatch(/of an interrupted install are here/);
      server.pace = null;
      expect((await run("install", "--registry", server.url)).code).toBe(0);
    },
    LONG,
  );
});

describe.skipIf(process.env.BELLOWS_LONG_TESTS !== "1")("the real llama.cpp (BELLOWS_LONG_TESTS=1)", () => {
  test("is installed from the registry and writes a text", async () => {
    const data = tempFolder();
    const { run } = runner(undefined, data);
    const installed = await run("install", "--no-vulkan");
    expect(installed, installed.stderr).toMatchObject({ code: 0 });
    expect((await run("verify")).code).toBe(0);
    const runtime = openRuntime({ env: { [LLAMA_FOLDER_VARIABLE]: join(data, "llama", "installed") } });
    try {
      const { items } = await runtime.run({
        model: writeAlphabetModel(tempFolder()),
        items: [
          {
            key: "a",
            work: { kind: "generate", prompt: "c", maxTokens: 5, temperature: 0, seed: 0, stop: [] },
          },
        ],
        deadlineMs: LONG,
        signal: new AbortController().signal,
      });
      expect(decodeResult(good(items[0]).bytes)).toMatchObject({ kind: "generate", text: "defgh" });
    } finally {
      await runtime.stop();
    }
    expect((await run("remove")).code).toBe(0);
  }, 300_000);
});

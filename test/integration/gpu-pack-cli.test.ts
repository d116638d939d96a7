/** `bellows gpu-pack` as people run it: the built command line with a small pack whose sources are on this machine. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { lockPack } from "../../src/engine/gpu-pack/parts.ts";
import { servePack, smallLibrary, smallPack, XZ } from "../fixtures/gpu/pack.ts";
import { appWithGpuPack } from "../support/app-copy.ts";
import { RunningDemo, startBellows } from "../support/bellows.ts";
import { C_COMPILER, compileNvmlStub } from "../support/nvml-stub.ts";
import { tempFolder } from "../support/temp-folder.ts";

const LONG = 60_000;

/** The app with a pack of two parts; `spoil` may take a request for the first over. */
async function rig(spoil?: Parameters<typeof servePack>[1]) {
  const { pack, archive } = smallPack();
  const { library, archive: xz } = smallLibrary("cublas");
  const provider = await servePack(archive, spoil);
  const cublas = await servePack(xz);
  const { cli } = appWithGpuPack({
    ...pack,
    sources: [{ kind: "url", url: provider.url }],
    libraries: [{ ...library, sources: [{ kind: "url", url: cublas.url }] }],
  });
  const data = tempFolder();
  const start = (...args: string[]) => startBellows(["gpu-pack", ...args, "--data", data], {}, cli);
  const run = async (...args: string[]) => {
    const { exited, stdout, stderr } = start(...args);
    return { code: await exited, stdout: stdout(), stderr: stderr() };
  };
  return { pack, archive, library, data, folder: join(data, "gpu-pack"), provider, cublas, cli, start, run };
}

describe.skipIf(XZ === null || process.platform !== "linux")(
  "the GPU pack at the terminal (Linux with xz)",
  () => {
    test(
      "its sizes and licences first, then part by part, verified and removed",
      async () => {
        const { run, folder, pack, library } = await rig();
        const before = await run("status");
        expect(before).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(/provider .*missing, 1 MB to fetch/),
        });
        expect(before.stdout).toMatch(/libcuda\.so\.1 +NVIDIA driver/);
        expect((await run("verify")).code, "a missing part is no passed check").toBe(4);

        const installed = await run("install", "--json");
        expect(installed.code).toBe(0);
        expect(installed.stderr).toMatch(/cuBLAS 1\.2\.3: 1 MB to fetch, licence NVIDIA's \(https:/);
        expect(installed.stderr).toMatch(/Together \d+ MB to fetch/);
        expect(JSON.parse(installed.stdout)).toMatchObject({
          folder,
          parts: [
            { id: "provider", state: "pack" },
            { id: "cublas", state: "pack" },
          ],
        });
        const verified = await run("verify", "--json");
        expect(verified.code).toBe(0);
        expect(JSON.parse(verified.stdout)).toMatchObject({
          missing: [],
          libraries: expect.arrayContaining([
            { soname: "libcublas.so.13", file: expect.stringContaining(folder) },
          ]),
        });
        expect((await run("install")).stderr).toMatch(/Nothing is missing/);

        const file = join(folder, "libraries", `cublas-${library.version}`, "libcublas.so.13.1.2");
        const bytes = readFileSync(file);
        bytes[9] = (bytes[9] ?? 0) ^ 1;
        writeFileSync(file, bytes);
        const damaged = await run("verify");
        expect(damaged).toMatchObject({
          code: 4,
          stdout: expect.stringMatching(/wrong +libcublas\.so\.13\.1\.2/),
        });
        // What CUDA needs is named beside it, and where it was found.
        expect(damaged.stdout).toMatch(/libcublas\.so\.13 +CUDA 13 +\//);
        expect((await run("install", "--parts", "cublas")).code).toBe(0);
        expect((await run("verify")).code).toBe(0);
        expect(existsSync(join(folder, pack.id))).toBe(true);
        expect(JSON.parse((await run("remove", "--json")).stdout).freedBytes).toBeGreaterThan(400_000);
        expect(existsSync(folder)).toBe(false);
      },
      LONG,
    );

    test(
      "Ctrl-C keeps what is here, and the same command goes on",
      async () => {
        const { archive } = smallPack();
        const half = Math.floor(archive.length / 2);
        const { start, run, provider } = await rig((_request, response, count) => {
          if (count > 1) return false;
          response.writeHead(200, { "content-length": archive.length, etag: '"one"' });
          response.write(archive.subarray(0, half));
          return true;
        });
        const stopped = start("install");
        await expect.poll(stopped.stderr, { timeout: 20_000 }).toMatch(/ 40 % of /);
        stopped.child.kill("SIGINT");
        expect(await stopped.exited).not.toBe(0);
        expect(stopped.stderr()).toMatch(/The same command goes on where this one stopped/);
        const again = await run("install");
        expect(again.code).toBe(0);
        expect(provider.ranges.length).toBeGreaterThan(1);
      },
      LONG,
    );

    test(
      "from an archive that somebody brought; another process on the folder is named",
      async () => {
        const { run, data, archive, folder } = await rig();
        const file = join(data, "brought.tgz");
        writeFileSync(file, archive);
        const lock = await lockPack(folder);
        onTestFinished(() => lock.release());
        const busy = await run("install", "--from", file);
        expect(busy.code).not.toBe(0);
        expect(busy.stderr).toMatch(new RegExp(`changed by another process \\(pid ${process.pid}\\)`));
        await lock.release();
        expect((await run("install", "--from", file)).code).toBe(0);
        const { parts } = JSON.parse((await run("--json")).stdout);
        expect(parts.map(({ state }: { state: string }) => state)).toEqual(["pack", "missing"]);
      },
      LONG,
    );
  },
);

test.skipIf(XZ === null || process.platform !== "linux" || C_COMPILER === null)(
  "a GPU is tested anew after an install: by the running engine at once, else by the next one (Linux with xz and a C compiler)",
  async () => {
    const { run, data, cli } = await rig();
    const stub = compileNvmlStub();
    stub.behave({ gpus: 1 });
    const env = { ...stub.env, MODEL_DIR: fileURLToPath(new URL("../../.cache/models", import.meta.url)) };
    const start = () =>
      new RunningDemo(data, startBellows(["demo", "--data", data, "--port", "0"], env, cli));
    const testAfter = async (demo: RunningDemo, last: number, what: string) => {
      const { devices } = await demo.until(
        ({ devices: [gpu] }) => (gpu?.lastSelfTest?.at ?? 0) > last && gpu?.selfTest === undefined,
        what,
        // Of a processor that has other things to do.
        2 * LONG,
      );
      return devices[0]?.lastSelfTest?.at ?? 0;
    };

    const first = start();
    const without = await testAfter(first, 0, "the first self-test");
    const installed = await run("install");
    expect(installed).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("The running engine uses it from now on"),
    });
    const withPack = await testAfter(first, without, "the test with the pack");
    expect((await run("remove")).code).toBe(0);
    const removed = await testAfter(first, withPack, "the test after the removal");
    first.process.child.kill("SIGTERM");
    await first.process.exited;

    expect((await run("install")).stdout).toContain("Bellows uses it from its next start on");
    const second = start();
    const later = await testAfter(second, removed, "the next engine's test");
    second.process.child.kill("SIGTERM");
    await second.process.exited;

    // Nothing has changed: the one after it has nothing to test.
    const third = start();
    const quiet = await third.until(
      ({ throughput }) => throughput.acceptedTotal > 3,
      "results to be accepted",
    );
    expect(quiet.devices[0]?.lastSelfTest?.at).toBe(later);
  },
  5 * LONG,
);

test.skipIf(process.platform !== "linux")(
  "`npm run gpu-pack` says the same from a checkout, of the app's own list",
  () => {
    const script = fileURLToPath(new URL("../../scripts/gpu-pack.mjs", import.meta.url));
    const args = [script, "status", "--json", "--data", tempFolder()];
    const { parts } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
    expect(parts.map(({ id }: { id: string }) => id)).toEqual([
      "provider",
      "cudart",
      "cublas",
      "curand",
      "cudnn",
    ]);
  },
  LONG,
);

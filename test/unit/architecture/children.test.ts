/** No program is started with the secrets of our environment in its own, but the engine, and what becomes one. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ask } from "../../../src/cli/service/carry-out.ts";
import { NvidiaSmi } from "../../../src/engine/device/nvidia-smi.ts";
import { NvmlClient } from "../../../src/engine/device/nvml-client.ts";
import { findCudaLibraries } from "../../../src/engine/gpu-pack/cuda-libraries.ts";
import { unpackSharedObjects } from "../../../src/engine/gpu-pack/shared-objects.ts";
import { runNpm } from "../../../src/engine/models/download/npm.ts";
import { FullscreenWatch } from "../../../src/engine/presence/fullscreen.ts";
import { ForkProcessHost } from "../../../src/host/fork-host.ts";
import { hasTrayHost } from "../../../src/main/tray-host.ts";
import { SECRET_VARIABLES } from "../../../src/shared/secret-variables.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const SOURCE = fileURLToPath(new URL("../../../src/", import.meta.url));

/** Starting a program, and why the file says nothing of secrets. */
const WITH_REASON: Readonly<Record<string, string>> = {
  "host/fork-host.ts": "who asks for the process says what it inherits",
  "main/play-role.ts": "the command line, which is the engine",
  "runtime/backends/llama-steps.ts": "a runtime has no secrets to begin with",
};

describe("whoever starts a program", () => {
  const files = fs
    .readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => [file.replaceAll("\\", "/"), fs.readFileSync(path.join(SOURCE, file), "utf8")] as const)
    .filter(([, text]) =>
      /import \{[^}]*\b(spawn|spawnSync|execFile|exec|fork)\b[^}]*\} from "node:child_process"/.test(text),
    );

  it("is found", () => expect(files.length).toBeGreaterThan(8));

  it.each(files)("%s keeps our secrets from it", (file, text) => {
    if (WITH_REASON[file] === undefined) expect(text).toMatch(/(env: \{?|return )[^;]*plainEnvironment\(/);
    else expect(text).not.toContain("plainEnvironment(");
  });
});

const SECRET = "hunter2-and-more-than-16";

describe.skipIf(process.platform === "win32")("what a program finds in its environment", () => {
  let folder: string;
  let over: AbortController;
  beforeEach(() => {
    over = new AbortController();
    folder = tempFolder();
    for (const name of SECRET_VARIABLES) vi.stubEnv(name, SECRET);
    vi.stubEnv("BELLOWS_TEST_CHILD", "inherited");
  });
  afterEach(() => {
    over.abort();
    vi.unstubAllEnvs();
  });

  /** Stands in for a program of the system: writes down what it was given, and says nothing. */
  function program(name: string): string {
    const file = path.join(folder, name);
    fs.writeFileSync(
      file,
      `#!/bin/sh\nenv > ${folder}/${name}.part\nmv ${folder}/${name}.part ${folder}/${name}.env\n`,
    );
    fs.chmodSync(file, 0o755);
    return file;
  }
  const seen = (name: string) => fs.readFileSync(path.join(folder, `${name}.env`), "utf8");

  async function expectPlain(name: string, act: (file: string) => unknown): Promise<void> {
    vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
    await Promise.resolve(act(program(name))).catch(() => undefined); // It answers nothing that could be used.
    await expect.poll(() => fs.existsSync(path.join(folder, `${name}.env`)), { timeout: 20_000 }).toBe(true);
    expect(seen(name)).toContain("BELLOWS_TEST_CHILD=inherited");
    expect(seen(name)).not.toContain(SECRET);
  }

  it("nvidia-smi", () => expectPlain("nvidia-smi", (file) => new NvidiaSmi({ programs: [file] }).read()));
  it("npm", () => expectPlain("npm", () => runNpm(["view"], over.signal)));
  it("xz", () =>
    expectPlain("xz", () => unpackSharedObjects("/nowhere.xz", path.join(folder, "to"), over.signal)));
  it("ldconfig", () => expectPlain("ldconfig", () => findCudaLibraries({ named: [], env: {} })));
  it("busctl", () => expectPlain("busctl", () => hasTrayHost({ platform: "linux", override: undefined })));
  it("systemctl", () => expectPlain("systemctl", () => ask(["systemctl", "--version"])));
  it("xprop", () =>
    expectPlain("xprop", (file) => {
      const env = { ...process.env, DISPLAY: ":7" };
      void new FullscreenWatch({ program: file, platform: "linux", env }).run(() => true, over.signal);
    }));

  it("the NVML helper", () => {
    const entry = path.join(folder, "nvml.mjs");
    fs.writeFileSync(
      entry,
      `import fs from "node:fs";
       fs.writeFileSync("${folder}/nvml.part", Object.entries(process.env).map((pair) => pair.join("=")).join("\\n"));
       fs.renameSync("${folder}/nvml.part", "${folder}/nvml.env");`,
    );
    return expectPlain("nvml", () => new NvmlClient({ host: new ForkProcessHost(), entry }).read());
  });
});

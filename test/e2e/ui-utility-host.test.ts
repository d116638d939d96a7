/** UtilityProcessHost and the broker in a real Electron, by a small app of their own: Electron starts only `resources/app`. */
import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { beforeAll, describe, expect, it } from "vitest";
import { desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows, REPOSITORY } from "./ui/electron-app.ts";
import { copyElectron } from "./ui/electron-copy.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";

const PROBE = path.join(REPOSITORY, "test/e2e/ui/utility-probe");

describe.skipIf(!canShowWindows)("UtilityProcessHost", () => {
  const desktop = desktopSuite("utility");
  let executable: string;

  beforeAll(async () => {
    const copy = copyElectron("utility-probe");
    desktop.endings.add(() => rmSync(copy.folder, { recursive: true, force: true, maxRetries: 5 }));
    ({ executable } = copy);
    await buildProbe(copy.app);
  }, HOOK_PATIENCE);

  it("forks, talks, brokers runtimes, refuses foreign entries, and leaves nobody behind", async () => {
    const { stdout } = await promisify(execFile)(
      executable,
      ["--no-sandbox", `--user-data-dir=${path.join(desktop.folder, "data")}`],
      { env: desktop.environment({ PROBE_REMOVED: "not wanted" }), timeout: PATIENCE.timeout },
    );
    const report = JSON.parse(stdout.split("\n").find((line) => line.startsWith("{")) ?? "{}");
    expect(report).toMatchObject({
      echo: {
        kind: "utility",
        bytes: { "0": 1, "1": 2, "2": 255 },
        isTyped: true,
        args: ["an argument"],
        added: "yes",
        removed: null,
      },
      hasPid: true,
      brokered: { answer: { sum: 42 }, runtimePid: expect.any(Number) },
      refused: {
        exit: { code: null, signal: null },
        stderr: expect.stringContaining("is not one of this app's runtimes"),
      },
      killed: { runtimeEnded: true },
      exit: { code: null, signal: "SIGKILL" },
      closed: true,
      orphanEnded: true,
      tail: "the engine's last words\n",
    });
    // Two halves of 1 MiB; without the option they grow to four times that here.
    expect(report.echo.nursery).toBeGreaterThan(0);
    expect(report.echo.nursery).toBeLessThanOrEqual(2 * 1024 * 1024);
    expect(report.lines).toContain("engine: the engine's last words");
    expect(report.lines).toContain("runtime cpu: the runtime speaks");
  });
});

async function buildProbe(folder: string): Promise<void> {
  const input = Object.fromEntries(
    ["main", "engine", "runtime"].map((name) => [name, path.join(PROBE, `${name}.ts`)]),
  );
  await build({
    configFile: false,
    root: REPOSITORY,
    logLevel: "warn",
    // Everything in the files themselves: the probe stands apart from node_modules.
    ssr: { noExternal: true, external: ["electron"] },
    build: {
      ssr: true,
      target: "node20.18",
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input,
        external: ["electron", /^node:/],
        output: { format: "es", entryFileNames: "[name].js" },
      },
    },
  });
  writeFileSync(
    path.join(folder, "package.json"),
    JSON.stringify({ name: "probe", type: "module", main: "main.js" }),
  );
}

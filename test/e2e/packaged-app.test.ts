/** The package: what it holds, how its switches stand, and that the app in it starts, earns and ends. */
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { FuseState, FuseV1Options, getCurrentFuseWire } from "@electron/fuses";
import type { Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import { PART_ARGUMENT, WITHOUT_CHROMIUM } from "../../src/host/own-program.ts";
import { countCrashReports } from "../../src/main/system/crash-reports.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { type FromRuntime, FromRuntimeSchema, type ToRuntime } from "../../src/shared/runtime/protocol.ts";
import { descendants, isAlive } from "../support/bellows.ts";
import { desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows, exitOf, REPOSITORY } from "./ui/electron-app.ts";
import {
  openPage,
  PACKAGED_COMMAND,
  PACKAGED_PROGRAM,
  PACKAGED_RESOURCES,
  packApp,
  runCommand,
  startPackaged,
} from "./ui/packaged-app.ts";
import { PATIENCE } from "./ui/patience.ts";
import { shoot } from "./ui/screenshots.ts";

describe.skipIf(!canShowWindows || process.platform !== "linux")("the packaged app", () => {
  const desktop = desktopSuite("packaged");
  let app: ChildProcess;
  let page: Page;

  beforeAll(async () => {
    await packApp();
    app = desktop.track(startPackaged(desktop.environment()));
  }, 5 * MINUTE);

  it("has its security switches set, as read back from the program itself", async () => {
    const wire = await getCurrentFuseWire(PACKAGED_PROGRAM);
    const off = [
      FuseV1Options.RunAsNode,
      FuseV1Options.EnableNodeOptionsEnvironmentVariable,
      FuseV1Options.EnableNodeCliInspectArguments,
      FuseV1Options.GrantFileProtocolExtraPrivileges,
    ];
    const on = [
      FuseV1Options.EnableCookieEncryption,
      FuseV1Options.EnableEmbeddedAsarIntegrityValidation,
      FuseV1Options.OnlyLoadAppFromAsar,
    ];
    for (const fuse of off) expect(wire[fuse], FuseV1Options[fuse]).toBe(FuseState.DISABLE);
    for (const fuse of on) expect(wire[fuse], FuseV1Options[fuse]).toBe(FuseState.ENABLE);
  });

  it("holds the app in an archive, its natives beside it for this system only, and what it is made of", () => {
    expect(existsSync(path.join(PACKAGED_RESOURCES, "app.asar"))).toBe(true);
    expect(existsSync(path.join(PACKAGED_RESOURCES, "app"))).toBe(false);
    const files = readdirSync(PACKAGED_RESOURCES, { recursive: true, encoding: "utf8" });
    const natives = files.filter((file) => file.endsWith(".node")).map((file) => path.basename(file));
    expect(natives.sort()).toEqual(["koffi.node", `linux-${process.arch}.node`, "onnxruntime_binding.node"]);
    expect(files.filter((file) => /\.(map|gyp|cc|h)$/.test(file))).toEqual([]);
    for (const file of [
      "models/catalogue.json",
      "models/all-MiniLM-L6-v2/model_q4.onnx",
      "icons/app-256.png",
    ]) {
      expect(files).toContain(file);
    }
    const bom = JSON.parse(readFileSync(path.join(PACKAGED_RESOURCES, "bellows.cdx.json"), "utf8"));
    expect(bom).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6" });
  });

  it("is the command line too, without a display and without starting anything of a window", async () => {
    const folder = desktop.newFolder();
    // As it is typed: by a link elsewhere, from any folder, at a terminal that knows no Node and no display.
    const link = path.join(folder, "bellows");
    symlinkSync(PACKAGED_COMMAND, link);
    const run = (...args: string[]) => runCommand(link, args, { cwd: folder, dataFolder: folder });
    const { version } = JSON.parse(readFileSync(path.join(REPOSITORY, "package.json"), "utf8"));
    expect(await run("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
    expect(await run("status")).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringMatching(/^Error: No engine is running with the data folder /),
    });
    expect(await run("config", "check")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^All settings are right\./),
      stderr: "",
    });
    expect(await run("gpu-pack", "--help")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: bellows gpu-pack /),
    });
    expect(await run("models", "--json")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("all-MiniLM-L6-v2"),
    });
    expect(await run("frob")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Error: Unknown command/),
    });
    expect(await run(), "without a command and a display it lists what there is").toMatchObject({ code: 2 });
    // Chromium knows these too, and takes none of them from a command.
    expect(await run("verify", "--log-level", "--type=renderer", "-")).toMatchObject({ code: 2 });
  });

  it("installs its command line as a service, from templates that it brings", async () => {
    const folder = desktop.newFolder();
    const args = ["service", "install", "--user", "--dry-run"];
    const { code, stdout, stderr } = await runCommand(PACKAGED_COMMAND, args, {
      cwd: folder,
      dataFolder: folder,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const line = /^ExecStart=(.*)$/m.exec(stdout)?.[1] ?? "";
    expect(line).toMatch(/ --cli -- serve$/);
    expect(line.startsWith(`${PACKAGED_PROGRAM} --no-sandbox `)).toBe(true);
    // The line starts it: there is no market in this environment, and that is what it says.
    const [program = "", ...words] = line.split(" ");
    const started = await runCommand(program, words, { cwd: folder, dataFolder: folder });
    expect(started).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Error: No market is configured/),
    });
  });

  it("runs its parts as processes of its own program, as the command line does", async () => {
    const entry = path.join(PACKAGED_RESOURCES, "app.asar", "dist", "node", "runtime.js");
    const host = new ForkProcessHost({
      execPath: PACKAGED_PROGRAM,
      execArgv: [...WITHOUT_CHROMIUM, PART_ARGUMENT],
    });
    const part = host.spawn({ name: "runtime", entry });
    const answers: FromRuntime[] = [];
    part.onMessage((message) => answers.push(FromRuntimeSchema.parse(message)));
    part.post({
      type: "init",
      device: { id: "cpu", kind: "cpu", index: 0 },
      backend: "cpu",
      threads: 1,
      memoryBytes: null,
    } satisfies ToRuntime);
    await expect.poll(() => answers.map(({ type }) => type), PATIENCE).toEqual(["ready"]);
    expect(answers[0]).toMatchObject({ pid: part.pid, runtimeClass: { backend: "cpu" } });
    expect(descendants(part.pid ?? 0), "nothing of Chromium has begun").toEqual([]);
    part.post({ type: "shutdown" } satisfies ToRuntime);
    expect(await part.exited, part.stderrTail()).toEqual({ code: 0, signal: null });
    // And no other file.
    const other = host.spawn({ name: "other", entry: path.join(REPOSITORY, "bin", "bellows.mjs") });
    expect(await other.exited).toEqual({ code: 2, signal: null });
  });

  it("opens its window and earns in the demo", async () => {
    await expect
      .poll(async () => {
        const opened = await openPage(path.join(desktop.folder, "desktop"));
        if (opened === null) return false;
        page = opened;
        page.setDefaultTimeout(PATIENCE.timeout);
        return true;
      }, PATIENCE)
      .toBe(true);
    await page
      .getByText(/play money/i)
      .first()
      .waitFor();
    await expect
      .poll(() => page.getByRole("heading", { level: 1 }).innerText(), PATIENCE)
      .toMatch(/^Earning/);
    expect(page.url()).toMatch(/^app:\/\/bellows\//);
    await shoot(page, "packaged-earning");
  });

  it("ends in order and leaves no process behind", async () => {
    const all = descendants(app.pid ?? 0);
    expect(all.length).toBeGreaterThan(3);
    const gone = exitOf(app);
    app.kill("SIGTERM");
    expect(await gone).toBe(0);
    await expect.poll(() => all.filter(isAlive), PATIENCE).toEqual([]);
    expect(await countCrashReports(path.join(desktop.folder, "desktop", "crash-reports"))).toMatchObject({
      count: 0,
    });
  });
});

/** The package: what it holds, how its switches stand, and that the app in it starts, earns and ends. */
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { FuseState, FuseV1Options, getCurrentFuseWire } from "@electron/fuses";
import type { Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import { countCrashReports } from "../../src/main/system/crash-reports.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { descendants, isAlive } from "../support/bellows.ts";
import { desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows, exitOf } from "./ui/electron-app.ts";
import { openPage, PACKAGED_PROGRAM, PACKAGED_RESOURCES, packApp, startPackaged } from "./ui/packaged-app.ts";
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

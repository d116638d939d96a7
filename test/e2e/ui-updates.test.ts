/**
 * An update as the person meets it: the real app, the real updater library and a release feed on loopback. The package
 * is a small program in AppImage's place, so that even the restart into the new version truly happens.
 */
import type { ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import type { Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import type { AppCommandName, AppView } from "../../src/shared/contract/app.ts";
import type { CommandName } from "../../src/shared/contract/contract.ts";
import type { State } from "../../src/shared/contract/views.ts";
import { delay } from "../../src/shared/wait.ts";
import {
  addBlockMap,
  publishRelease,
  publishWithBlockMap,
  readFeed,
  releaseKey,
  tamper,
} from "../support/release-feed.ts";
import { ReleaseServer } from "../support/release-server.ts";
import { buildApp, desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows, exitOf, REPOSITORY } from "./ui/electron-app.ts";
import { holdStill, jobsToCompute } from "./ui/hold-still.ts";
import { violations } from "./ui/page-checks.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";
import { shoot } from "./ui/screenshots.ts";

const key = releaseKey();
/** What an AppImage mostly is: packed bytes, the same in one version and the next. */
const BULK = randomBytes(6_000_000);
const FIGURES = path.join(REPOSITORY, "test-results", "e2e", "update-download.json");

describe.skipIf(!canShowWindows || process.platform !== "linux")("updates in the real app", () => {
  const desktop = desktopSuite("updates");
  let folder: string;
  let feedFolder: string;
  let appImage: string;
  let marker: string;
  let main: ChildProcess;
  let page: Page;
  let environment: Record<string, string>;
  let server: ReleaseServer;

  async function whenHeld(bytes: number): Promise<void> {
    const partial = path.join(folder, "data", "desktop", "updates", "partial");
    const held = () =>
      existsSync(partial) &&
      readdirSync(partial).some((name) => statSync(path.join(partial, name)).size >= bytes);
    while (!held()) await delay(10);
  }

  beforeAll(async () => {
    await buildApp();
    folder = desktop.folder;
    feedFolder = path.join(folder, "feed");
    mkdirSync(feedFolder);
    marker = path.join(folder, "new-version-ran");
    appImage = path.join(folder, "Bellows.AppImage");
    writeFileSync(appImage, Buffer.concat([Buffer.from("#!/bin/sh\n# the version before\nexit 0\n"), BULK]));
    await addBlockMap(appImage);
    chmodSync(appImage, 0o755);
    server = new ReleaseServer(feedFolder, whenHeld);
    desktop.endings.add(() => server.close());
    environment = desktop.environment({
      BELLOWS_DATA_DIR: path.join(folder, "data"),
      BELLOWS_UPDATES_FEED: await server.listen(),
      BELLOWS_UPDATES_AUTOMATIC: "0",
      BELLOWS_UPDATE_KEYS: key.publicKey,
      // As a person has it: it goes on as it was left.
      BELLOWS_START: undefined,
      APPIMAGE: appImage,
      XDG_CACHE_HOME: path.join(folder, "cache"),
    });
    ({ main, page } = await desktop.launch(environment));
  }, HOOK_PATIENCE);

  interface Scope {
    bellows: {
      app: {
        invoke(command: string, input: object): Promise<{ ok: boolean; output: AppView; error: unknown }>;
      };
      invoke(command: string, input: object): Promise<unknown>;
    };
  }
  const invoke = async (command: AppCommandName): Promise<AppView> => {
    const outcome = await page.evaluate(
      (name) => (window as unknown as Scope).bellows.app.invoke(name, {}),
      command,
    );
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
    return outcome.output;
  };
  const view = () => invoke("app.get");
  const shot = (name: string) => shoot(page, name);
  const check = async () => (await invoke("app.checkForUpdate")).updates.phase;
  const command = (name: CommandName) =>
    page.evaluate((wanted) => (window as unknown as Scope).bellows.invoke(wanted, {}), name);
  /** As the engine says it. */
  const work = async () => {
    const { output } = (await command("state.snapshot")) as { output?: { state: State } };
    return {
      intent: output?.state.engine.intent,
      toCompute: output === undefined ? 0 : jobsToCompute(output.state),
    };
  };

  it("says what it was offered and why it refuses it", async () => {
    await expect.poll(async () => (await view()).updates.feedUrl, PATIENCE).toMatch(/^http:/);
    const older = publishRelease(feedFolder, { version: "0.0.9", key });
    expect(await check()).toMatchObject({ state: "refused", error: { code: "UPDATE_DOWNGRADE" } });
    publishRelease(feedFolder, { version: "9.0.0", key: releaseKey() });
    expect(await check()).toMatchObject({ state: "refused", error: { code: "UPDATE_BAD_SIGNATURE" } });
    publishRelease(feedFolder, { version: "9.0.0", key, channel: "beta" });
    expect(await check()).toMatchObject({ state: "refused", error: { code: "UPDATE_WRONG_CHANNEL" } });
    tamper(older.feed, (feed) => Reflect.deleteProperty(feed, "bellows"));
    expect(await check()).toMatchObject({ state: "refused", error: { code: "UPDATE_UNSIGNED" } });
    publishRelease(feedFolder, { version: "9.0.0", key, stagingPercentage: 0 });
    expect(await check()).toMatchObject({ state: "held-back", offer: { version: "9.0.0" } });
    expect(server.asked.every((name) => name === "latest-linux.yml")).toBe(true);
  });

  it("refuses a package that is not the one that was signed, whoever vouches for it in the feed", async () => {
    const release = publishRelease(feedFolder, { version: "9.0.0", key });
    const evil = publishRelease(path.join(folder, "evil"), {
      version: "9.0.0",
      key: releaseKey(),
      content: "evil",
    });
    // The feed's own checksum is that of the evil file; only our signature is left to tell.
    const { files, path: name, sha512 } = readFeed(evil.feed);
    writeFileSync(release.package, readFileSync(evil.package));
    tamper(release.feed, (feed) => Object.assign(feed, { files, path: name, sha512 }));
    expect(await check()).toMatchObject({ state: "offered" });
    expect((await invoke("app.downloadUpdate")).updates.phase).toMatchObject({
      state: "refused",
      error: { code: "UPDATE_FILE_CHANGED" },
    });
    await page.evaluate(() => {
      window.location.hash = "#/settings";
    });
    await page.getByText("UPDATE_FILE_CHANGED").scrollIntoViewIfNeeded();
    await shot("desktop-update-refused");
    await page.getByRole("link", { name: "Home" }).click();
  });

  it("fetches only what is new in a package, where the one it has is known by its blocks", async () => {
    const script = Buffer.from("#!/bin/sh\n# the version after\nexit 0\n");
    const changed = Buffer.concat([
      script,
      BULK.subarray(0, 3_000_000),
      Buffer.from("something new".repeat(1000)),
      BULK.subarray(3_000_000),
    ]);
    const release = await publishWithBlockMap(feedFolder, { version: "9.0.3", key, content: changed });
    server.given = [];
    expect(await check()).toMatchObject({ state: "offered" });
    expect((await invoke("app.downloadUpdate")).updates.phase).toMatchObject({ state: "ready" });
    const fetched = server.given.reduce((sum, { bytes }) => sum + bytes, 0);
    const size = statSync(release.package).size;
    writeFileSync(FIGURES, `${JSON.stringify({ packageBytes: size, fetchedBytes: fetched })}\n`);
    expect(fetched).toBeLessThan(size / 20);
    const ready = path.join(folder, "data", "desktop", "updates", "fetched", "pending");
    expect(readFileSync(path.join(ready, path.basename(release.package)))).toEqual(
      readFileSync(release.package),
    );
    // Nothing is written beside the data folder.
    expect(existsSync(path.join(folder, "cache", "bellows-updater"))).toBe(false);
  });

  it("goes on with a download whose connection broke, and gives the person the say over it", async () => {
    const content = Buffer.alloc(8_000_000, "Bellows ");
    publishRelease(feedFolder, { version: "9.0.5", key, content: content.toString() });
    expect(await check()).toMatchObject({ state: "offered" });
    // Twice broken, and gone on with each time without anybody's doing.
    [server.cuts, server.given] = [[3_000_000, 5_000_000], []];
    expect((await invoke("app.downloadUpdate")).updates.phase).toMatchObject({ state: "ready" });
    expect(server.given.map(({ from }) => from)).toEqual([0, expect.any(Number), expect.any(Number)]);
    expect(server.given[1]?.from).toBeGreaterThan(0);
    expect(server.given[2]?.from).toBeGreaterThan(server.given[1]?.from ?? 0);

    // A new release; its download stops in the middle, where it is cancelled.
    publishRelease(feedFolder, { version: "9.0.6", key, content: `${content.toString()}6` });
    await page.evaluate(() => {
      window.location.hash = "#/settings";
    });
    [server.cuts, server.given] = [[2_000_000], []];
    server.stalls = true;
    expect(await check()).toMatchObject({ state: "offered" });
    await page.getByRole("button", { name: "Download" }).press("Enter");
    const bar = page.getByRole("progressbar", { name: "Downloading version 9.0.6" });
    await expect
      .poll(async () => Number(await bar.getAttribute("value")), PATIENCE)
      .toBeGreaterThan(1_000_000);
    await bar.scrollIntoViewIfNeeded();
    await shot("desktop-update-downloading");
    await page.getByRole("button", { name: "Cancel" }).press("Enter");
    await page.getByText("Version 9.0.6 is available").waitFor();
    server.stalls = false;
    server.given = [];
    await page.getByRole("button", { name: "Download" }).press("Enter");
    await page.getByText("Version 9.0.6 is downloaded and checked").waitFor();
    expect(server.given[0]?.from).toBeGreaterThan(1_000_000);
    await page.getByRole("link", { name: "Home" }).click();
  });

  it("offers a good one, fetches it, and waits for the jobs that are held", async () => {
    const content = `#!/bin/sh\necho "$@" > ${marker}.next && mv ${marker}.next ${marker}\n`;
    publishRelease(feedFolder, { version: "9.1.0", key, content, notes: "Everything is new." });
    expect(await check()).toMatchObject({ state: "offered", offer: { notes: "Everything is new." } });
    expect((await invoke("app.downloadUpdate")).updates.phase).toMatchObject({ state: "ready" });
    await page.getByText("Bellows 9.1.0 is ready to install").waitFor();
    await page.getByRole("region", { name: "Notices" }).getByRole("link", { name: "Show" }).press("Enter");
    const install = page.getByRole("button", { name: "Install and restart" });
    await install.scrollIntoViewIfNeeded();
    expect(await page.getByRole("radio", { name: "Stable" }).isChecked()).toBe(true);
    await page.getByText("What is new in 9.1.0").click();
    await page.getByText("Everything is new.").waitFor();
    await shot("desktop-update-ready");
    expect(await violations(page)).toEqual([]);

    // In an empty data folder nothing works before somebody starts it.
    expect((await work()).intent).toBe("paused");
    await command("run.start");
    const goOn = await holdStill(main, async () => (await work()).toCompute);
    await install.press("Enter");
    await page.getByText(/^Version 9\.1\.0 is installed when/).waitFor();
    expect((await work()).intent).toBe("finishing");
    await shot("desktop-update-waiting");
    await page.getByRole("button", { name: "Not now" }).press("Enter");
    await page.getByText("Version 9.1.0 is downloaded and checked").waitFor();
    await expect.poll(async () => (await work()).intent, PATIENCE).toBe("running");
    expect(readFileSync(appImage).includes("the version before")).toBe(true);
    goOn();

    const gone = exitOf(main);
    await install.press("Enter");
    expect(await gone).toBe(0);
  });

  it("has put the new version in place, kept the old one, and started the new one", async () => {
    expect(readFileSync(appImage).includes(marker)).toBe(true);
    await expect.poll(() => existsSync(marker), PATIENCE).toBe(true);
    const kept = path.join(folder, "data", "desktop", "updates", "kept");
    // It counts once the new version has started as Bellows.
    const { staged, ...before } = JSON.parse(readFileSync(path.join(kept, "kept.json"), "utf8"));
    expect(before).toEqual({ current: null, previous: null });
    const { previous, current } = staged;
    expect(current.version).toBe("9.1.0");
    expect(readFileSync(path.join(kept, previous.file)).includes("the version before")).toBe(true);
  });

  it("goes back to the version before with one click and one question", async () => {
    // As it stands after an update to this very version.
    const kept = path.join(folder, "data", "desktop", "updates", "kept");
    const back = `#!/bin/sh\necho back > ${marker}.next && mv ${marker}.next ${marker}.back\n`;
    writeFileSync(path.join(kept, "older.AppImage"), back);
    const sha256 = createHash("sha256").update(back).digest("hex");
    const own = JSON.parse(readFileSync(path.join(kept, "kept.json"), "utf8")).staged.previous;
    const previous = { version: "0.0.9", file: "older.AppImage", sha256, keptAt: Date.now() };
    writeFileSync(path.join(kept, "kept.json"), JSON.stringify({ current: own, previous }));
    ({ main, page } = await desktop.launch(environment));
    // The update had it take no more work; that was for its own sake only.
    await expect.poll(async () => (await work()).intent, PATIENCE).toBe("running");
    await page.evaluate(() => {
      window.location.hash = "#/settings";
    });
    const button = page.getByRole("button", { name: "Go back to 0.0.9" });
    await button.scrollIntoViewIfNeeded();
    await button.press("Enter");
    const question = page.getByRole("dialog");
    await question.getByText("Ledger, keys and settings stay as they are").waitFor();
    await shot("desktop-update-back");
    const gone = exitOf(main);
    await question.getByRole("button", { name: "Go back" }).press("Enter");
    expect(await gone).toBe(0);
    expect(readFileSync(appImage, "utf8")).toBe(back);
    await expect.poll(() => existsSync(`${marker}.back`), PATIENCE).toBe(true);
  });
});

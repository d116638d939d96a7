import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { chooseInstaller, type Installer } from "../../../../src/main/updates/installer.ts";
import { KeptVersions } from "../../../../src/main/updates/kept-versions.ts";
import type { UpdateSource } from "../../../../src/main/updates/update-source.ts";
import { type UpdateSettings, Updates } from "../../../../src/main/updates/updates.ts";
import { WindDown, type WorkSeen } from "../../../../src/main/wind-down.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { PLATFORM, publishRelease, readFeed, releaseKey, tamper } from "../../../support/release-feed.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

/** From now on: every file and folder as it is called after it was synced. Linux tells by the descriptor. */
async function syncedFiles(): Promise<string[]> {
  const handle = await open(import.meta.filename);
  const files = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const named: string[] = [];
  const spy = vi.spyOn(files, "sync").mockImplementation(async function sync(this: FileHandle) {
    named.push(readlinkSync(`/proc/self/fd/${this.fd}`).replace(/\.next$/, ""));
    await this.datasync();
  });
  onTestFinished(() => spy.mockRestore());
  return named;
}

const key = releaseKey();
const NOW = 1_800_000_000_000;

/** A machine with an AppImage and a feed on its disk; its work and clock are moved by hand. */
class Machine {
  readonly folder = tempFolder();
  readonly feedFolder = path.join(this.folder, "feed");
  readonly appImage = path.join(this.folder, "Bellows.AppImage");
  settings: UpdateSettings = { feedUrl: "http://127.0.0.1:9/", channel: "latest", auto: false };
  /** An engine that follows its orders at once; null: it is away. */
  work: WorkSeen | null = { life: "first", intent: "running", jobs: 0 };
  version = "1.0.0";
  /** Of the ledger, as the version that is started knows it. */
  schema = 12;
  included = true;
  readonly told: string[] = [];
  /** Of the last start. */
  #updates: Updates | null = null;
  unreachable = false;
  /** What happens to a download half-way. */
  onDownload: (signal: AbortSignal) => Promise<void> = async () => undefined;
  onPhase: (state: string) => void = () => undefined;
  installer: Installer;

  constructor() {
    mkdirSync(this.feedFolder, { recursive: true });
    writeFileSync(this.appImage, "package 1.0.0");
    this.installer = this.#appImage();
  }

  publish(version: string, more: object = {}): ReturnType<typeof publishRelease> {
    return publishRelease(this.feedFolder, { version, key, ...more });
  }

  /** As after a start of the version that is in place. */
  async start(): Promise<Updates> {
    const source: UpdateSource = {
      check: async () => {
        if (this.unreachable)
          throw new AppError({ code: "UPDATE_FEED_UNREACHABLE", message: "No", actor: "network" });
        return { feed: readFeed(path.join(this.feedFolder, "latest-linux.yml")), included: this.included };
      },
      download: async (progress, signal) => {
        progress(5, 13);
        await this.onDownload(signal);
        const { path: name } = readFeed(path.join(this.feedFolder, "latest-linux.yml")) as { path: string };
        return path.join(this.feedFolder, name);
      },
      forget: async () => void this.told.push("forget"),
    };
    const updates = new Updates({
      version: this.version,
      platform: PLATFORM,
      keys: [key.publicKey],
      source,
      installer: this.installer,
      kept: new KeptVersions(path.join(this.folder, "kept"), this.schema, () => NOW),
      settings: () => this.settings,
      windDown: new WindDown({
        work: () => this.work,
        finish: async () => {
          this.told.push("finish");
          if (this.work?.intent === "running") {
            this.work = { ...this.work, intent: this.work.jobs > 0 ? "finishing" : "paused" };
          }
        },
        resume: async () => {
          this.told.push("resume");
          if (this.work !== null) this.work = { ...this.work, intent: "running" };
        },
      }),
      restart: () => void this.told.push("restart"),
      // As the app does it: whatever is shown anew, the work is looked at again.
      changed: () => {
        if (this.#updates === null) return;
        this.onPhase(this.#updates.view.phase.state);
        this.#updates.workChanged();
      },
      clock: () => NOW,
    });
    await updates.start();
    this.#updates = updates;
    return updates;
  }

  /** As the engine tells it. */
  becomes(work: WorkSeen | null): void {
    this.work = work;
    this.#updates?.workChanged();
  }

  holds(jobs: number): void {
    this.becomes({ life: "first", intent: jobs > 0 ? "finishing" : "paused", jobs });
  }

  /** Versions whose packages are kept, each proven to lie there and nothing else beside them. */
  kept(): string[] {
    const folder = path.join(this.folder, "kept");
    if (!existsSync(folder)) return [];
    const index = JSON.parse(readFileSync(path.join(folder, "kept.json"), "utf8"));
    const kept = [index.current, index.previous, index.staged?.current, index.staged?.previous].filter(
      Boolean,
    );
    const files = readdirSync(folder).filter((name) => name !== "kept.json");
    expect(files.toSorted()).toEqual(kept.map(({ file }) => file).toSorted());
    return kept.map(({ version }) => version).toSorted();
  }

  get running(): string {
    return readFileSync(this.appImage, "utf8");
  }

  #appImage(): Installer {
    return chooseInstaller({
      platform: "linux",
      appImage: this.appImage,
      resources: undefined,
      packaged: true,
      execPath: "/nowhere",
    });
  }
}

const stateOf = (updates: Updates) => updates.view.phase.state;

let machine: Machine;
beforeEach(() => {
  machine = new Machine();
});

async function untilReady(updates: Updates): Promise<void> {
  await updates.check();
  expect(stateOf(updates)).toBe("offered");
  await updates.download();
  expect(stateOf(updates)).toBe("ready");
}

describe("Updates", () => {
  it("says how far an interrupted download came, and goes on with it", async () => {
    machine.publish("1.1.0");
    const updates = await machine.start();
    await updates.check();
    machine.onDownload = async () => {
      throw new AppError({ code: "UPDATE_DOWNLOAD_FAILED", message: "Cut", actor: "network" });
    };
    await updates.download();
    expect(updates.view.phase).toMatchObject({
      state: "interrupted",
      offer: { version: "1.1.0" },
      bytes: 5,
      total: 13,
      error: { code: "UPDATE_DOWNLOAD_FAILED" },
    });
    machine.onDownload = async () => undefined;
    await updates.download();
    expect(stateOf(updates)).toBe("ready");
  });

  it("a cancelled download is offered again, and does not come by itself any more", async () => {
    machine.publish("1.1.0");
    machine.settings = { ...machine.settings, auto: true };
    const updates = await machine.start();
    let downloads = 0;
    machine.onDownload = (signal) => {
      downloads += 1;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    await updates.check();
    await expect.poll(() => downloads).toBe(1);
    updates.cancelDownload();
    await expect.poll(() => stateOf(updates)).toBe("offered");
    await updates.check();
    expect(stateOf(updates)).toBe("offered");
    expect(downloads).toBe(1);
    machine.onDownload = async () => undefined;
    await updates.download();
    expect(stateOf(updates)).toBe("ready");
  });

  it("offers, fetches, installs when asked, and keeps the version it replaces", async () => {
    machine.publish("1.1.0", { notes: "Faster" });
    const updates = await machine.start();
    expect(stateOf(updates)).toBe("unasked");
    await untilReady(updates);
    expect(machine.running).toBe("package 1.0.0");
    await updates.install();
    // Though nothing was held: something would have been taken while the package is put in place.
    expect(machine.told).toEqual(["finish", "restart"]);
    expect(machine.running).toBe("package 1.1.0");
    expect(existsSync(`${machine.appImage}.next`)).toBe(false);

    machine.version = "1.1.0";
    const next = await machine.start();
    expect(next.view.previous).toEqual({ version: "1.0.0", keptAt: NOW, ledger: "same" });
    expect(machine.told.at(-1)).toBe("forget");
    await next.rollBack();
    expect(machine.running).toBe("package 1.0.0");
  });

  it("knows whether the version before can read the ledger", async () => {
    machine.publish("1.1.0");
    const updates = await machine.start();
    await untilReady(updates);
    await updates.install();
    machine.version = "1.1.0";
    machine.schema += 1;
    const next = await machine.start();
    expect(next.view.previous?.ledger).toBe("older");
    await next.rollBack();
    machine.version = "1.0.0";
    machine.schema -= 1;
    expect((await machine.start()).view.previous?.ledger, "that one has not said what it knows").toBe(
      "unknown",
    );
  });

  it.skipIf(process.platform !== "linux")(
    "has packages and index on the disk, names and all, before they count",
    async () => {
      machine.publish("1.1.0");
      const updates = await machine.start();
      await untilReady(updates);
      const synced = await syncedFiles();
      await updates.install();
      const kept = path.join(machine.folder, "kept");
      const packages = readdirSync(kept).filter((name) => name !== "kept.json");
      for (const name of packages) expect(synced).toContain(path.join(kept, name));
      expect(synced).toContain(kept);
      expect(synced).toContain(machine.appImage);
      expect(synced).toContain(path.dirname(machine.appImage));
    },
  );

  it("goes forward again after a way back", async () => {
    machine.publish("1.1.0");
    const updates = await machine.start();
    await untilReady(updates);
    await updates.install();
    machine.version = "1.1.0";
    await (await machine.start()).rollBack();
    machine.version = "1.0.0";
    const back = await machine.start();
    expect(back.view.previous?.version).toBe("1.1.0");
    await untilReady(back);
    await back.install();
    expect(machine.running).toBe("package 1.1.0");
  });

  it("keeps only what can be gone back to", async () => {
    for (const version of ["1.1.0", "1.2.0", "1.3.0"]) {
      machine.publish(version);
      const updates = await machine.start();
      await untilReady(updates);
      await updates.install();
      machine.version = version;
    }
    const updates = await machine.start();
    expect(updates.view.previous?.version).toBe("1.2.0");
    await updates.rollBack();
    expect(machine.running).toBe("package 1.2.0");
  });

  it("waits for the jobs that are held, and takes no new ones until then", async () => {
    machine.publish("1.1.0");
    machine.work = { life: "first", intent: "running", jobs: 2 };
    const updates = await machine.start();
    await untilReady(updates);
    await updates.install();
    expect(updates.view.phase).toEqual({ state: "waiting", version: "1.1.0", jobs: 2 });
    expect(machine.told).toEqual(["finish"]);
    machine.holds(1);
    expect(updates.view.phase).toMatchObject({ jobs: 1 });
    machine.becomes(null); // The engine is being restarted: nobody knows what it holds.
    expect(stateOf(updates)).toBe("waiting");
    expect(machine.running).toBe("package 1.0.0");
    machine.holds(0);
    await expect.poll(() => machine.told).toEqual(["finish", "restart"]);
    expect(machine.running).toBe("package 1.1.0");
  });

  it("has work as it was when it is put off, and can be installed later", async () => {
    machine.publish("1.1.0");
    machine.work = { life: "first", intent: "running", jobs: 1 };
    const updates = await machine.start();
    await untilReady(updates);
    await updates.install();
    machine.holds(1);
    await updates.postpone();
    expect(machine.told).toEqual(["finish", "resume"]);
    expect(stateOf(updates)).toBe("ready");
    machine.becomes({ life: "first", intent: "running", jobs: 0 });
    expect(machine.running).toBe("package 1.0.0");
    await updates.install();
    expect(machine.told).toEqual(["finish", "resume", "finish", "restart"]);
    expect(machine.running).toBe("package 1.1.0");
  });

  it("is put off by whoever starts work again", async () => {
    machine.publish("1.1.0");
    machine.work = { life: "first", intent: "running", jobs: 1 };
    const updates = await machine.start();
    await untilReady(updates);
    await updates.install();
    machine.becomes({ life: "first", intent: "running", jobs: 1 });
    expect(stateOf(updates)).toBe("ready");
    machine.holds(0);
    expect(machine.running).toBe("package 1.0.0");
  });

  it("does not restart over a job that was taken while it was installed", async () => {
    machine.publish("1.1.0");
    const appImage = machine.installer;
    machine.installer = {
      ...appImage,
      async install(file) {
        await appImage.install(file);
        // The engine came back after a crash, and had not heard of any of this.
        machine.work = { life: "second", intent: "running", jobs: 1 };
      },
    };
    const updates = await machine.start();
    await untilReady(updates);
    await updates.install();
    expect(updates.view.phase).toEqual({ state: "waiting", version: "1.1.0", jobs: 1 });
    expect(machine.told).toEqual(["finish", "finish"]);
    machine.becomes({ life: "second", intent: "paused", jobs: 0 });
    await expect.poll(() => machine.told).toEqual(["finish", "finish", "restart"]);
    expect(machine.running).toBe("package 1.1.0");
  });

  it("does not install over a job that was taken while the packages were put away", async () => {
    machine.publish("1.1.0");
    let installs = 0;
    machine.installer = {
      ...machine.installer,
      // Read where the copy of the running package begins.
      get ownPackage() {
        if (installs === 0) machine.work = { life: "second", intent: "running", jobs: 1 };
        return machine.appImage;
      },
      install: async () => {
        installs += 1;
      },
    };
    const updates = await machine.start();
    await untilReady(updates);
    await updates.install();
    expect(updates.view.phase).toMatchObject({ state: "waiting", jobs: 1 });
    expect(installs).toBe(0);
    expect(machine.kept()).toEqual([]);
  });

  it("loses neither work nor the way back to an installation that fails, and can be tried again", async () => {
    machine.publish("1.1.0");
    const first = await machine.start();
    await untilReady(first);
    await first.install();
    machine.version = "1.1.0";
    machine.work = { life: "first", intent: "running", jobs: 0 };

    machine.publish("1.2.0");
    const appImage = machine.installer;
    let refusals = 2;
    machine.installer = {
      ...appImage,
      install: async (file) => {
        if (refusals-- > 0) {
          throw new AppError({ code: "INSTALL_FAILED", message: "Cancelled", actor: "machine" });
        }
        await appImage.install(file);
      },
    };
    const updates = await machine.start();
    await untilReady(updates);
    for (const _try of [1, 2]) {
      machine.told.length = 0;
      await updates.install();
      expect(updates.view.phase).toMatchObject({ state: "failed", error: { code: "INSTALL_FAILED" } });
      expect(machine.told).toEqual(["finish", "resume"]);
      expect(machine.kept()).toEqual(["1.0.0", "1.1.0"]);
      // What was fetched is still there.
      await updates.check();
      expect(stateOf(updates)).toBe("ready");
    }
    // 1.2.0 was never installed: the way back is the one there was.
    expect((await machine.start()).view.previous?.version).toBe("1.0.0");

    await updates.install();
    expect(machine.running).toBe("package 1.2.0");
    machine.version = "1.2.0";
    const next = await machine.start();
    expect(machine.kept()).toEqual(["1.1.0", "1.2.0"]);
    await next.rollBack();
    expect(machine.running).toBe("package 1.1.0");
  });

  it("offers no way to a version whose installer never brought it", async () => {
    machine.publish("1.1.0");
    // As on Windows: the installer runs on by itself.
    machine.installer = { ...machine.installer, ownPackage: null, install: async () => undefined };
    const updates = await machine.start();
    await untilReady(updates);
    await updates.install();
    expect((await machine.start()).view.previous).toBeNull();
    expect(machine.kept()).toEqual([]);
  });

  it("keeps what was found and fetched when the feed is looked at again", async () => {
    machine.publish("1.1.0");
    const updates = await machine.start();
    const phases: string[] = [];
    machine.onPhase = (phase) => phases.push(phase);
    await untilReady(updates);
    phases.length = 0;
    await updates.check();
    machine.unreachable = true;
    await updates.check();
    machine.unreachable = false;
    const spoilt = machine.publish("1.1.1");
    tamper(spoilt.feed, (feed) => Reflect.deleteProperty(feed, "bellows"));
    await updates.check();
    expect([...new Set(phases)]).toEqual(["ready"]);
    machine.publish("1.2.0");
    await updates.check();
    expect(updates.view.phase).toMatchObject({ state: "offered", offer: { version: "1.2.0" } });
    machine.unreachable = true;
    await updates.check();
    expect(stateOf(updates)).toBe("offered");
  });

  it("goes on with an interrupted download at the next look, where it comes by itself", async () => {
    machine.publish("1.1.0");
    machine.settings = { ...machine.settings, auto: true };
    const updates = await machine.start();
    machine.onDownload = async () => {
      throw new AppError({ code: "UPDATE_DOWNLOAD_FAILED", message: "Cut", actor: "network" });
    };
    await updates.check();
    await expect.poll(() => stateOf(updates)).toBe("interrupted");
    machine.unreachable = true;
    await updates.check();
    expect(stateOf(updates)).toBe("interrupted");
    machine.unreachable = false;
    machine.onDownload = async () => undefined;
    await updates.check();
    await expect.poll(() => stateOf(updates)).toBe("ready");
  });

  it("takes back a release that its feed no longer has", async () => {
    machine.publish("1.1.0");
    const updates = await machine.start();
    await untilReady(updates);
    machine.publish("1.0.0");
    await updates.check();
    expect(stateOf(updates)).toBe("none");
    await updates.install();
    expect(machine.running).toBe("package 1.0.0");
  });

  it("refuses a file that is not the one that was signed, before and after it was fetched", async () => {
    const release = machine.publish("1.1.0");
    writeFileSync(release.package, "something else");
    const updates = await machine.start();
    await updates.check();
    await updates.download();
    expect(updates.view.phase).toMatchObject({ state: "refused", error: { code: "UPDATE_FILE_CHANGED" } });

    machine.publish("1.1.0");
    await untilReady(updates);
    writeFileSync(release.package, "changed while it lay there");
    await updates.install();
    expect(updates.view.phase).toMatchObject({ state: "failed", error: { code: "UPDATE_FILE_CHANGED" } });
    expect(machine.running).toBe("package 1.0.0");
    expect(machine.told).toEqual(["finish", "resume"]);
  });

  it("says why it refuses, and that a staged release is not this machine's turn", async () => {
    const release = machine.publish("1.1.0");
    tamper(release.feed, (feed) => Object.assign(feed, { version: "1.1.1" }));
    const updates = await machine.start();
    await updates.check();
    expect(updates.view.phase).toMatchObject({ state: "refused", error: { code: "UPDATE_BAD_SIGNATURE" } });
    machine.publish("1.1.0");
    machine.included = false;
    await updates.check();
    expect(updates.view.phase).toMatchObject({ state: "held-back", offer: { version: "1.1.0" } });
    machine.unreachable = true;
    await updates.check();
    expect(updates.view.phase).toMatchObject({ state: "failed", error: { code: "UPDATE_FEED_UNREACHABLE" } });
    expect(updates.view.checkedAt).toBe(NOW);
  });

  it("fetches by itself only where the settings say so, and never installs by itself", async () => {
    machine.publish("1.1.0");
    machine.settings = { ...machine.settings, auto: true };
    const updates = await machine.start();
    await updates.check();
    await expect.poll(() => stateOf(updates)).toBe("ready");
    expect(machine.running).toBe("package 1.0.0");
    updates.reconfigured();
    expect(stateOf(updates)).toBe("unasked");
  });

  it("is off without a feed, and where the installation can't replace itself", async () => {
    machine.settings = { ...machine.settings, feedUrl: null };
    const updates = await machine.start();
    expect(updates.view.phase).toMatchObject({
      state: "off",
      reason: { code: "UPDATES_OFF", actor: "user" },
    });
    await expect(updates.check()).rejects.toMatchObject({ code: "UPDATES_OFF" });
    machine.installer = chooseInstaller({
      platform: "linux",
      appImage: undefined,
      resources: undefined,
      packaged: false,
      execPath: "/nowhere",
    });
    machine.settings = { ...machine.settings, feedUrl: "http://127.0.0.1:9/" };
    expect((await machine.start()).view.phase).toMatchObject({
      state: "off",
      reason: { code: "UPDATES_CHECKOUT", actor: "machine" },
    });
    await expect(updates.rollBack()).rejects.toMatchObject({ code: "NO_PREVIOUS_VERSION" });
  });

  it("refuses a kept package that changed, and says when the file can't be replaced", async () => {
    machine.publish("1.1.0");
    const updates = await machine.start();
    await untilReady(updates);
    await updates.install();
    machine.version = "1.1.0";
    const next = await machine.start();
    const kept = path.join(machine.folder, "kept");
    const { previous } = JSON.parse(readFileSync(path.join(kept, "kept.json"), "utf8"));
    writeFileSync(path.join(kept, previous.file), "spoiled");
    await next.rollBack();
    expect(next.view.phase).toMatchObject({ state: "failed", error: { code: "PREVIOUS_VERSION_DAMAGED" } });
    expect(machine.running).toBe("package 1.1.0");
  });
});

describe("chooseInstaller", () => {
  const facts = {
    appImage: undefined,
    resources: undefined,
    packaged: true,
    execPath: "/opt/Bellows/bellows",
  };

  it("knows a deb or rpm by the note its package brought", () => {
    const resources = machine.folder;
    for (const kind of ["deb", "rpm"]) {
      writeFileSync(path.join(resources, "package-type"), `${kind}\n`);
      const installer = chooseInstaller({ ...facts, platform: "linux", resources });
      expect(installer).toMatchObject({ impossible: null, relaunch: { execPath: "/opt/Bellows/bellows" } });
    }
  });

  it("says where it can't, and why", () => {
    expect(chooseInstaller({ ...facts, platform: "linux" }).impossible).toMatch(/unpacked by hand/);
    expect(chooseInstaller({ ...facts, platform: "darwin" }).impossible).toMatch(/macOS/);
    expect(chooseInstaller({ ...facts, platform: "win32" }).impossible).toBeNull();
  });

  it("reports a package that can't be started as such", async () => {
    const installer = chooseInstaller({ ...facts, platform: "win32" });
    await expect(installer.install(path.join(machine.folder, "none.exe"))).rejects.toMatchObject({
      code: "INSTALL_FAILED",
    });
    const folder = path.join(machine.folder, "gone", "Bellows.AppImage");
    const appImage = chooseInstaller({ ...facts, platform: "linux", appImage: folder });
    await expect(appImage.install(machine.appImage)).rejects.toMatchObject({ code: "INSTALL_FAILED" });
  });
});

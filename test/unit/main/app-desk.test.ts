import { beforeEach, describe, expect, it } from "vitest";
import { AppDesk } from "../../../src/main/app-desk.ts";
import type { LoginItem } from "../../../src/main/system/login-item.ts";
import type { Updates } from "../../../src/main/updates/updates.ts";
import type { AppView } from "../../../src/shared/contract/app.ts";
import { AppError } from "../../../src/shared/errors.ts";
import type { Notice } from "../../../src/shared/notifications/notice.ts";
import { anAppView } from "../../support/app-view.ts";

let done: string[];
let notices: readonly Notice[];
let system: { enabled: boolean | null; refuses: boolean };
let crashes: { safeMode: boolean; crashes: number; forget(): void };

const login = (): LoginItem => ({
  impossible: null,
  read: async () => system.enabled,
  async write(enabled) {
    if (system.refuses) throw new AppError({ code: "LOGIN_ITEM_FAILED", message: "No", actor: "machine" });
    system.enabled = enabled;
  },
  mend: async () => false,
});

function desk(): AppDesk {
  const updates = {
    view: anAppView().updates,
    check: async () => void done.push("check"),
    rollBack: async () => {
      throw new AppError({ code: "NO_PREVIOUS_VERSION", message: "None", actor: "user" });
    },
  } as unknown as Updates;
  return new AppDesk({
    crashes,
    login: login(),
    loginAsked: () => done.includes("saved"),
    saveLogin: async () => void done.push("saved"),
    countCrashReports: async () => ({ count: 2, newestAt: 5 }),
    openCrashReports: async () => void done.push("opened"),
    notices: {
      list: () => notices,
      putAway(key) {
        notices = notices.filter((notice) => notice.key !== key);
      },
    },
    repair: {
      wrongSettings: [],
      ledgerCopy: null,
      useLedgerCopy: () => void done.push("copy used"),
      resetSetting: async (key) => void done.push(`reset ${key}`),
      report: async () => ({ fileName: "report.txt", sections: [], redactions: 0 }),
      openLogs: async () => void done.push("logs"),
    },
    updates,
    startWork: async () => void done.push("started"),
  });
}

beforeEach(() => {
  done = [];
  notices = [];
  system = { enabled: false, refuses: false };
  crashes = {
    safeMode: false,
    crashes: 0,
    forget() {
      done.push("forgot");
    },
  };
});

const aNotice = (key: string): Notice => ({
  key,
  type: "slashed",
  severity: "bad",
  title: "Slashed",
  text: "",
  screen: "reliability",
  lasting: false,
  quietFor: 0,
});

describe("AppDesk", () => {
  it("takes its own commands only, and only with the input they have", async () => {
    const app = desk();
    await expect(app.carryOut("run.start", {})).rejects.toMatchObject({ code: "UNKNOWN_COMMAND" });
    await expect(app.carryOut("__proto__", {})).rejects.toMatchObject({ code: "UNKNOWN_COMMAND" });
    await expect(app.carryOut("app.setStartAtLogin", { enabled: "yes" })).rejects.toMatchObject({
      code: "BAD_INPUT",
    });
    await expect(app.carryOut("app.rollBack", { now: true })).rejects.toMatchObject({ code: "BAD_INPUT" });
    expect(done).toEqual([]);
    await app.carryOut("app.checkForUpdate", undefined);
    await app.carryOut("app.openCrashReports", {});
    expect(done).toEqual(["check", "opened"]);
    await expect(app.carryOut("app.rollBack", {})).rejects.toMatchObject({ code: "NO_PREVIOUS_VERSION" });
  });

  it("has the notices of the whole app, and what was put away is gone for every window", async () => {
    const [slash, other] = ["slashed 1", "disk-full"].map((key) => aNotice(key));
    notices = [slash, other].filter((notice) => notice !== undefined);
    const app = desk();
    expect((await app.carryOut("app.get", {})).notices).toEqual([slash, other]);
    expect((await app.carryOut("app.putAwayNotice", { key: "slashed 1" })).notices).toEqual([other]);
    expect((await app.carryOut("app.get", {})).notices).toEqual([other]);
  });

  it("answers what is only asked with the answer, and the rest with the view", async () => {
    const app = desk();
    expect(await app.carryOut("app.diagnostics" as string, {})).toMatchObject({ fileName: "report.txt" });
    await app.carryOut("app.openLogs", {});
    await app.carryOut("app.resetSetting", { key: "aicf.queue_url" });
    expect(done).toEqual(["logs", "reset aicf.queue_url"]);
    await expect(app.carryOut("app.resetSetting", { key: "data_folder" })).rejects.toMatchObject({
      code: "BAD_INPUT",
    });
  });

  it("answers with what the system says, and tells a change once", async () => {
    const app = desk();
    const told: AppView[] = [];
    app.onChange((view) => told.push(view));
    const view = await app.carryOut("app.setStartAtLogin", { enabled: true });
    expect(view.login).toEqual({ enabled: true, asked: true, impossible: null });
    expect(view.crashReports).toEqual({ count: 2, newestAt: 5 });
    app.changed();
    expect(told).toHaveLength(1);
    system.enabled = false; // Somebody switched it off in the system's own list.
    expect((await app.carryOut("app.get", {})).login.enabled).toBe(false);
    expect(told).toHaveLength(2);
  });

  it("remembers no answer that the system did not take", async () => {
    system.refuses = true;
    await expect(desk().carryOut("app.setStartAtLogin", { enabled: true })).rejects.toMatchObject({
      code: "LOGIN_ITEM_FAILED",
    });
    expect(done).toEqual([]);
  });

  it("follows the settings to the system, and only where they differ", async () => {
    const app = desk();
    await app.followLogin(true);
    expect(system.enabled).toBe(true);
    expect(app.view.login.enabled).toBe(true);
    system.refuses = true;
    await app.followLogin(true);
    await app.followLogin(false);
    expect(app.view.login.enabled).toBe(true);
  });

  it("leaves safe mode by its button, and by whatever else makes work start", async () => {
    crashes = { ...crashes, safeMode: true, crashes: 3 };
    const app = desk();
    expect(app.view.safeMode).toEqual({ crashes: 3 });
    expect((await app.carryOut("app.leaveSafeMode", {})).safeMode).toBeNull();
    expect(done).toEqual(["started", "forgot"]);
    const other = desk();
    other.noteWork();
    other.noteWork();
    expect(other.view.safeMode).toBeNull();
    expect(done).toEqual(["started", "forgot", "forgot"]);
  });
});

import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { CRASHES_TO_SAFE_MODE, CrashGuard } from "../../../../src/main/system/crash-guard.ts";
import { countCrashReports } from "../../../../src/main/system/crash-reports.ts";
import { screenInArguments, screenOfLink, unknownLinkIn } from "../../../../src/main/system/deep-link.ts";
import { execLine, wordsOfExec } from "../../../../src/main/system/exec-line.ts";
import { launcherOf } from "../../../../src/main/system/launcher.ts";
import { autostartFile, systemLoginItem, xdgLoginItem } from "../../../../src/main/system/login-item.ts";
import { loginNote } from "../../../../src/main/system/login-note.ts";
import { mutedTypes, PreferenceFile, preferencesOf } from "../../../../src/main/system/preferences.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

let folder: string;
beforeEach(() => {
  folder = tempFolder();
});

describe("a bellows:// link", () => {
  it("shows a screen, and nothing else", () => {
    expect(screenOfLink("bellows://earnings")).toBe("earnings");
    expect(screenOfLink("bellows://settings/")).toBe("settings");
    for (const link of [
      "bellows://",
      "bellows://nowhere",
      "bellows://jobs?id=1",
      "bellows://jobs#x",
      "bellows://jobs/../settings",
      "bellows://user@jobs",
      "bellows:jobs",
      "BELLOWS://jobs",
      "https://jobs",
      "bellows://jobs\n--hidden",
      "bellows://constructor",
    ]) {
      expect(screenOfLink(link), link).toBeNull();
    }
  });

  it("is found among the arguments of a start", () => {
    expect(screenInArguments(["bellows", "--no-sandbox", "bellows://gpus"])).toBe("gpus");
    expect(screenInArguments(["bellows", "--hidden"])).toBeNull();
  });

  it("that names no screen is known as such, so that a person can be told", () => {
    expect(unknownLinkIn(["bellows", "bellows://nonsense"])).toBe("bellows://nonsense");
    expect(unknownLinkIn(["bellows", "BELLOWS:jobs?id=1"])).toBe("BELLOWS:jobs?id=1");
    expect(unknownLinkIn(["bellows", "--no-sandbox", "bellows://gpus"])).toBeNull();
    expect(unknownLinkIn(["/opt/bellows://x", "https://nowhere"])).toBeNull();
  });
});

describe("start at login", () => {
  const NO_NOTE = { read: async () => null, write: async () => undefined };
  const installed = { program: "/usr/bin/bellows", args: [], env: {} };

  it("is a file of the person's on Linux, written, read back and removed", async () => {
    const file = autostartFile({ home: folder, configHome: undefined });
    expect(file).toBe(path.join(folder, ".config", "autostart", "bellows.desktop"));
    const item = xdgLoginItem(file, {
      program: "/opt/My Apps/Bellows $1.AppImage",
      args: ["100%"],
      env: { BELLOWS_DATA_DIR: "/data of mine" },
    });
    expect(await item.read()).toBe(false);
    await item.write(true);
    expect(await item.read()).toBe(true);
    const text = readFileSync(file, "utf8");
    expect(text).toContain(
      String.raw`Exec=env "BELLOWS_DATA_DIR=/data of mine" "/opt/My Apps/Bellows \\$1.AppImage" 100%% --hidden`,
    );
    expect(text.startsWith("[Desktop Entry]\n")).toBe(true);
    await item.write(false);
    expect(existsSync(file)).toBe(false);
    await item.write(false); // Off already is off.
  });

  it("believes a desktop that switched the entry off in its own way", async () => {
    const file = path.join(folder, "autostart", "bellows.desktop");
    const item = xdgLoginItem(file, installed);
    for (const line of ["Hidden=true", "X-GNOME-Autostart-enabled=false"]) {
      await item.write(true);
      const text = readFileSync(file, "utf8").replace("X-GNOME-Autostart-enabled=true", line);
      writeFileSync(file, text);
      expect(await item.read(), line).toBe(false);
      await item.write(true);
      expect(await item.read()).toBe(true);
    }
  });

  it("starts the app where it is now, after the one it started is gone", async () => {
    const file = path.join(folder, "autostart", "bellows.desktop");
    const [before, now, electron] = ["before the move", "now $1", "electron"].map((name) =>
      path.join(folder, name),
    );
    for (const place of [before, now, electron]) mkdirSync(place as string);
    const launch = (checkout = "") => ({
      program: electron as string,
      args: ["--no-sandbox", checkout],
      env: { BELLOWS_DATA_DIR: "/gone/but/no/program" },
    });
    const moved = xdgLoginItem(file, launch(now));
    expect(await moved.mend(), "never switched on").toBe(false);
    await xdgLoginItem(file, launch(before)).write(true);
    expect(await moved.mend(), "another checkout that is there: the person's choice").toBe(false);
    rmSync(before as string, { recursive: true });
    expect(await moved.mend()).toBe(true);
    expect(readFileSync(file, "utf8")).toContain(String.raw`now \\$1`);
    expect(await moved.mend(), "once").toBe(false);

    rmSync(now as string, { recursive: true });
    const off = readFileSync(file, "utf8").replace("enabled=true", "enabled=false");
    writeFileSync(file, off);
    expect(await xdgLoginItem(file, launch(folder)).mend(), "switched off").toBe(false);
    expect(readFileSync(file, "utf8")).toBe(off);
  });

  it("does so in Windows' list too, by what it noted when it was switched on", async () => {
    const list = new Map<string, boolean>();
    const key = ({ path: file, args }: { path: string; args: string[] }) => [file, ...args].join(" ");
    const system = {
      getLoginItemSettings: (options: { path: string; args: string[] }) => ({
        openAtLogin: list.get(key(options)) ?? false,
      }),
      setLoginItemSettings: ({
        openAtLogin,
        ...options
      }: {
        openAtLogin: boolean;
        path: string;
        args: string[];
      }) => void list.set(key(options), openAtLogin),
    };
    const note = loginNote(path.join(folder, "login-item.json"));
    const [electron, before, now] = ["electron.exe", "before the move", "now"].map((name) =>
      path.join(folder, name),
    );
    for (const place of [electron, before, now]) mkdirSync(place as string);
    const at = (checkout = "") =>
      systemLoginItem(system, { program: electron as string, args: [checkout], env: {} }, "win32", note);
    expect(await at(now).mend()).toBe(false);
    await at(before).write(true);
    expect(await at(now).mend(), "that one is there").toBe(false);
    rmSync(before as string, { recursive: true });
    expect(await at(now).mend()).toBe(true);
    expect([...list.values()]).toEqual([false, true]);
    expect(await at(now).read()).toBe(true);
    expect(await at(now).mend()).toBe(false);
  });

  it.each([
    [["/usr/bin/bellows", "--hidden"]],
    [["env", "A=b c", '/opt/My Apps/x $1 `y` "quoted" 100%.AppImage', String.raw`back\slash`, "--hidden"]],
  ])("reads back the line it wrote: %j", (words) => {
    expect(wordsOfExec(execLine(words))).toEqual(words);
  });

  it("heeds XDG_CONFIG_HOME only when it is absolute", () => {
    expect(autostartFile({ home: "/home/ada", configHome: "/etc/ada" })).toBe(
      "/etc/ada/autostart/bellows.desktop",
    );
    expect(autostartFile({ home: "/home/ada", configHome: "etc" })).toBe(
      "/home/ada/.config/autostart/bellows.desktop",
    );
  });

  it("says when the system does not take the change", async () => {
    writeFileSync(path.join(folder, "autostart"), "a file where a folder should be");
    const item = xdgLoginItem(path.join(folder, "autostart", "bellows.desktop"), installed);
    await expect(item.write(true)).rejects.toMatchObject({ code: "LOGIN_ITEM_FAILED", actor: "machine" });
    const deaf = systemLoginItem(
      { getLoginItemSettings: () => ({ openAtLogin: false }), setLoginItemSettings: () => undefined },
      installed,
      "win32",
      NO_NOTE,
    );
    await expect(deaf.write(true)).rejects.toMatchObject({ code: "LOGIN_ITEM_FAILED" });
  });

  it("asks Windows and macOS about exactly what it set", async () => {
    const list = new Map<string, boolean>();
    const key = ({ path: file, args }: { path: string; args: string[] }) => [file, ...args].join(" ");
    const item = systemLoginItem(
      {
        getLoginItemSettings: (options) => ({ openAtLogin: list.get(key(options)) ?? false }),
        setLoginItemSettings: ({ openAtLogin, ...options }) => void list.set(key(options), openAtLogin),
      },
      { program: "C:\\Program Files\\electron.exe", args: ["C:\\checkout"], env: {} },
      "win32",
      NO_NOTE,
    );
    expect(item.impossible).toBeNull();
    expect(await item.read()).toBe(false);
    await item.write(true);
    expect(await item.read()).toBe(true);
    expect([...list.keys()]).toEqual(['"C:\\Program Files\\electron.exe" C:\\checkout --hidden']);
  });

  it("says where the system would start something else", () => {
    const list = {
      getLoginItemSettings: () => ({ openAtLogin: false }),
      setLoginItemSettings: () => undefined,
    };
    const checkout = { program: "/Electron.app", args: ["/checkout"], env: {} };
    expect(systemLoginItem(list, checkout, "darwin", NO_NOTE).impossible).toMatch(/checkout/);
    expect(systemLoginItem(list, { ...installed, env: {} }, "darwin", NO_NOTE).impossible).toBeNull();
    const moved = { ...installed, env: { BELLOWS_DATA_DIR: "D:\\Bellows" } };
    expect(systemLoginItem(list, moved, "win32", NO_NOTE).impossible).toMatch(/BELLOWS_DATA_DIR/);
  });

  it("starts the app as this start of it was, and takes no secret along", () => {
    const start = {
      execPath: "/electron",
      argv: ["/electron", "--no-sandbox", "/checkout", "--log-level=3"],
    };
    const env = {
      BELLOWS_DATA_DIR: "/data",
      BELLOWS_ENGINE_NODE: "/node24",
      BELLOWS_KEY_PASSPHRASE: "secret",
      BELLOWS_CONFIG: "",
    };
    expect(launcherOf({ ...start, env, appFolder: "/checkout" })).toEqual({
      program: "/electron",
      args: ["--no-sandbox", "/checkout"],
      env: { BELLOWS_DATA_DIR: "/data", BELLOWS_ENGINE_NODE: "/node24" },
    });
    expect(launcherOf({ ...start, env: { APPIMAGE: "/apps/B.AppImage" }, appFolder: null })).toEqual({
      program: "/apps/B.AppImage",
      args: ["--no-sandbox"],
      env: {},
    });
  });
});

describe("CrashGuard", () => {
  const start = () => new CrashGuard(path.join(folder, "desktop", "starts.json"));
  const crash = () => void start();

  it("leads to safe mode after three ends without a word, and only then", () => {
    expect(start().crashes).toBe(0);
    crash(); // This one begins where the first ended without a word.
    const third = start();
    expect(third).toMatchObject({ crashes: CRASHES_TO_SAFE_MODE - 1, safeMode: false });
    expect(start().safeMode).toBe(true);
  });

  it("forgets them after an orderly end or a good start", () => {
    for (const mend of [(guard: CrashGuard) => guard.endInOrder(), (guard: CrashGuard) => guard.forget()]) {
      crash();
      crash();
      const guard = start();
      mend(guard);
      expect(start().safeMode).toBe(false);
      start().forget();
      start().endInOrder();
    }
  });

  it("stays in safe mode until the person leaves it", () => {
    for (let index = 0; index < CRASHES_TO_SAFE_MODE; index++) crash();
    const safe = start();
    expect(safe).toMatchObject({ safeMode: true, crashes: 3 });
    safe.endInOrder();
    const again = start();
    expect(again).toMatchObject({ safeMode: true, crashes: 3 });
    again.forget();
    expect(again.safeMode).toBe(false);
    again.endInOrder();
    expect(start().crashes).toBe(0);
  });

  it("makes nothing of a torn note", () => {
    mkdirSync(path.join(folder, "desktop"));
    writeFileSync(path.join(folder, "desktop", "starts.json"), '{"crashes":');
    expect(start().crashes).toBe(0);
  });
});

it("counts crash reports wherever the reporter keeps them", async () => {
  expect(await countCrashReports(path.join(folder, "none"))).toEqual({ count: 0, newestAt: null });
  mkdirSync(path.join(folder, "completed"));
  mkdirSync(path.join(folder, "pending"));
  for (const [name, at] of [
    ["completed/a.dmp", 1_000],
    ["pending/b.dmp", 2_000],
    ["settings.dat", 3_000],
  ] as const) {
    writeFileSync(path.join(folder, name), "");
    utimesSync(path.join(folder, name), at, at);
  }
  expect(await countCrashReports(folder)).toEqual({ count: 2, newestAt: 2_000_000 });
});

describe("preferences", () => {
  const set = (value: unknown) => ({ value, isSet: true });

  it("are read from the engine's settings; what they do not hold counts as not set", () => {
    expect(preferencesOf({ values: {} })).toEqual({
      language: null,
      startAtLogin: null,
      muted: [],
      feedUrl: null,
      channel: "latest",
      autoUpdates: true,
    });
    const preferences = preferencesOf({
      values: {
        "app.language": set("de"),
        "app.start_at_login": set("no"),
        "app.notifications_off": set(["jailed", "a kind of another version"]),
        "updates.feed_url": set("https://example.org/"),
        "updates.channel": set("beta"),
        "updates.automatic": set(false),
      },
    });
    expect(preferences).toMatchObject({
      language: "de",
      startAtLogin: false,
      channel: "beta",
      autoUpdates: false,
    });
    expect(mutedTypes(preferences)).toEqual(["jailed"]);
    const asking = { "app.start_at_login": set("ask"), "app.language": set("system") };
    expect(preferencesOf({ values: asking })).toMatchObject({ startAtLogin: null, language: null });
    expect(preferencesOf({ values: { "updates.channel": set("nightly") } }).channel).toBe("latest");
  });

  it("are remembered for a start without an engine", () => {
    const file = path.join(folder, "desktop", "preferences.json");
    const first = new PreferenceFile(file);
    const wanted = { ...first.current, muted: ["jailed"], startAtLogin: true };
    expect(first.follow(wanted)).toBe(true);
    expect(first.follow(wanted)).toBe(false);
    expect(new PreferenceFile(file).current).toEqual(wanted);
    writeFileSync(file, "torn");
    expect(new PreferenceFile(file).current.startAtLogin).toBeNull();
  });
});

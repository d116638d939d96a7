import { appendFileSync, chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FullscreenWatch } from "../../../../src/engine/presence/fullscreen.ts";
import { SECOND } from "../../../../src/shared/durations.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const PATIENCE = { timeout: 10 * SECOND };

/** An xprop that follows a file line by line: `root …` for who watches the root window, `0x… …` for a window's watcher. */
function fakeXprop(): { program: string; say(line: string): void } {
  const folder = tempFolder();
  const script = join(folder, "script");
  writeFileSync(script, "");
  const program = join(folder, "xprop");
  writeFileSync(
    program,
    `#!${process.execPath}
const who = process.argv[2] === "-root" ? "root" : process.argv[3];
let told = 0;
setInterval(() => {
  const lines = require("node:fs").readFileSync(${JSON.stringify(script)}, "utf8").split("\\n").slice(0, -1);
  for (const line of lines.slice(told)) if (line.startsWith(who + " ")) console.log(line.slice(who.length + 1));
  told = lines.length;
}, 20);
`,
  );
  chmodSync(program, 0o755);
  return { program, say: (line) => appendFileSync(script, `${line}\n`) };
}

function watching(program: string) {
  const watch = new FullscreenWatch({ program, platform: "linux", env: { ...process.env, DISPLAY: ":7" } });
  const stopping = new AbortController();
  const running = watch.run(() => true, stopping.signal);
  onTestFinished(async () => {
    stopping.abort();
    await running;
  });
  return watch;
}

describe.skipIf(process.platform !== "linux")("which program fills the screen", () => {
  test("is told as windows come and go, and by the window that changes its own size", async () => {
    const xprop = fakeXprop();
    const watch = watching(xprop.program);
    expect(watch.state).toBeNull();

    xprop.say("root _NET_ACTIVE_WINDOW(WINDOW): window id # 0x2e00007");
    xprop.say("0x2e00007 _NET_WM_PID:  not found.");
    xprop.say('0x2e00007 WM_CLASS(STRING) = "mpv", "mpv"');
    xprop.say("0x2e00007 _NET_WM_STATE:  not found.");
    await expect.poll(() => watch.state, PATIENCE).toBe("none");

    xprop.say("0x2e00007 _NET_WM_STATE(ATOM) = _NET_WM_STATE_FULLSCREEN, _NET_WM_STATE_FOCUSED");
    await expect.poll(() => watch.state, PATIENCE).toEqual({ pid: null, name: "mpv" });

    xprop.say("root _NET_ACTIVE_WINDOW(WINDOW): window id # 0x3a00001");
    xprop.say(`0x3a00001 _NET_WM_PID(CARDINAL) = ${process.pid}`);
    xprop.say("0x3a00001 _NET_WM_STATE(ATOM) = _NET_WM_STATE_FULLSCREEN");
    await expect.poll(() => watch.state, PATIENCE).toMatchObject({ pid: process.pid });
    // The program behind the number, as the kernel has it.
    expect(watch.state).toMatchObject({ name: readFileSync("/proc/self/cmdline", "utf8").split("\0")[0] });

    xprop.say("root _NET_ACTIVE_WINDOW(WINDOW): window id # 0x0");
    await expect.poll(() => watch.state, PATIENCE).toBe("none");
  });

  test("can't be told without xprop, and nothing is tried without a display", async () => {
    const missing = watching("/nonexistent/xprop");
    await expect.poll(() => missing.state, PATIENCE).toBeNull();
    const nowhere = new FullscreenWatch({ program: "/nonexistent/xprop", platform: "linux", env: {} });
    await nowhere.run(() => true, new AbortController().signal);
    expect(nowhere.state).toBeNull();
  });
});

/** `bellows serve` and who watches it: a broken pipe ends nothing, a closed terminal ends it in order, SIGHUP never kills it. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { controlFilePath } from "../../src/engine/control/control-file.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { RunningDemo, startBellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

const CLI = fileURLToPath(new URL("../../dist/node/cli.js", import.meta.url));
const QUIET = {
  BELLOWS_KEY_PASSPHRASE: "four words make one",
  AICF_QUEUE_URL: "http://127.0.0.1:9",
  METRICS_ENABLED: "0",
};
const patience = { timeout: 45 * SECOND, interval: 50 };
const onUnix = process.platform !== "win32";
const hasPython = spawnSync("python3", ["--version"]).status === 0;

const wordsIn = (data: string, ...more: string[]) => [
  "serve",
  "--data",
  data,
  "--port",
  "0",
  "--no-dashboard",
  ...more,
];
const live = (data: string) => path.join(data, "live");
const logOf = (data: string) => fs.readFileSync(path.join(live(data), "logs", "bellows.log"), "utf8");

describe.skipIf(!onUnix)("whoever reads its output", () => {
  it.each(["json", "human"])("may go away: it serves on and ends in order (%s)", async (format) => {
    const data = tempFolder();
    const process = startBellows(wordsIn(data, "--log-format", format), { ...QUIET, LOG_LEVEL: "debug" });
    const engine = new RunningDemo(data, process, "live");
    await engine.until(({ markets }) => markets[0]?.state === "unreachable", "the market to be found silent");
    // The reading ends of both pipes are closed, as when the reader is killed.
    process.child.stdout?.destroy();
    process.child.stderr?.destroy();
    for (const size of ["2", "3"]) {
      fs.writeFileSync(path.join(data, "bellows.toml"), `[work]\nbatch_size = ${size}\n`);
      process.child.kill("SIGHUP");
      const holds = ({ settings }: Awaited<ReturnType<typeof engine.state>>) =>
        settings.values["work.batch_size"].value === Number(size);
      await engine.until(holds, "the file to be read although nobody hears of it");
    }
    process.child.kill("SIGTERM");
    const [code] = await once(process.child, "exit");
    expect(code).toBe(0);
    expect(fs.existsSync(controlFilePath(live(data)))).toBe(false);
  });
});

/**
 * Starts `argv` at a terminal of its own and tells its pid; what is typed here is typed there. At the end of the typing
 * it closes the terminal. Tells how it ended.
 */
const AT_TERMINAL = `
import os, pty, select, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
print(pid, flush=True)
typing = True
while typing:
    for ready in select.select([0, terminal], [], [])[0]:
        try:
            data = os.read(ready, 65536)
        except OSError: # It has ended.
            data = b""
        if ready == 0 and data: os.write(terminal, data)
        elif not data: typing = False
os.close(terminal)
_, status = os.waitpid(pid, 0)
print("code", os.waitstatus_to_exitcode(status), flush=True)
`;
/** What a terminal takes as: show no more. */
const STOP_OUTPUT = "\x13";

/** `bellows serve` at a terminal, its market found silent. */
async function serveAtTerminal() {
  const data = tempFolder();
  const child = spawn("python3", ["-c", AT_TERMINAL, process.execPath, CLI, ...wordsIn(data)], {
    env: { ...process.env, NO_COLOR: "1", ...QUIET },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  onTestFinished(async () => {
    // Its end closes the terminal, and so ends what runs at it.
    if (child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  await expect.poll(() => fs.existsSync(controlFilePath(live(data))), patience).toBe(true);
  await expect.poll(() => logOf(data), patience).toContain("market-error");
  const { url } = JSON.parse(fs.readFileSync(controlFilePath(live(data)), "utf8")) as { url: string };
  const isAlive = async () => (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) })).status;
  return { data, pid: Number(/^\d+/.exec(said)?.[0]), typing: child.stdin, said: () => said, isAlive };
}

describe.skipIf(!onUnix || !hasPython)("its terminal", () => {
  it("lets SIGHUP read the configuration again while it is there, and ends it in order when it is closed", async () => {
    const { data, pid, typing, said, isAlive } = await serveAtTerminal();
    fs.writeFileSync(path.join(data, "bellows.toml"), "[work]\nbatch_size = 2\n");
    for (let n = 0; n < 2; n++) process.kill(pid, "SIGHUP");
    expect(await isAlive()).toBe(200);
    typing.end();
    await expect.poll(said, patience).toMatch(/^code 0$/m);
    expect(fs.existsSync(controlFilePath(live(data)))).toBe(false);
    expect(logOf(data)).toContain("Stopping: leases are given back, results submitted.");
  });

  it("may be stopped with Ctrl-S: the engine neither waits for it nor for its end", async () => {
    const { data, pid, typing, said, isAlive } = await serveAtTerminal();
    typing.write(STOP_OUTPUT);
    for (const size of ["2", "3"]) {
      fs.writeFileSync(path.join(data, "bellows.toml"), `[work]\nbatch_size = ${size}\n`);
      process.kill(pid, "SIGHUP");
      // It has something to say of that, and the next answer comes after it.
      expect(await isAlive()).toBe(200);
    }
    process.kill(pid, "SIGTERM");
    await expect.poll(said, patience).toMatch(/^code 0$/m);
    expect(fs.existsSync(controlFilePath(live(data)))).toBe(false);
  });
});

describe.skipIf(!onUnix)("SIGHUP", () => {
  it("ends nothing, whenever it comes: at the start, during a restart, at the end", async () => {
    const data = tempFolder();
    const process = startBellows(wordsIn(data), QUIET);
    const engine = new RunningDemo(data, process, "live");
    // It has begun to listen before it makes the folder.
    await expect.poll(() => fs.existsSync(live(data)), { ...patience, interval: 2 }).toBe(true);
    const hangUp = setInterval(() => process.child.kill("SIGHUP"), 20);
    onTestFinished(() => clearInterval(hangUp));
    const before = await engine.until(() => true, "it to run");
    await engine.invoke("engine.restart", {});
    await engine.until(({ engine: { startedAt } }) => startedAt > before.engine.startedAt, "the new start");
    const ended = once(process.child, "exit");
    process.child.kill("SIGTERM");
    // All is closed then, and Node itself is all that is left of it.
    await expect
      .poll(() => fs.existsSync(controlFilePath(live(data))), { ...patience, interval: 2 })
      .toBe(false);
    clearInterval(hangUp);
    const [code, signal] = await ended;
    expect([code, signal]).toEqual([0, null]);
  });
});

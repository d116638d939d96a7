/** `bellows serve` as a good service: it says when it is ready, reads its file again, and leaves nothing undone when it ends. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { readControlFile } from "../../src/engine/control/control-file.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { bellows, RunningDemo, startBellows, startProgram } from "../support/bellows.ts";
import { CHAIN_ID } from "../support/devnet.ts";
import { heavyModels } from "../support/heavy-models.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { FleetMarket, PACED_MODEL, pacedResources } from "../support/worker-fleet.ts";
import { submitJob } from "./devnet-provider.ts";

const PASSPHRASE = "four words make one";
const NOBODY = "http://127.0.0.1:9";
const QUIET = { BELLOWS_KEY_PASSPHRASE: PASSPHRASE, AICF_QUEUE_URL: NOBODY, METRICS_ENABLED: "0" };
const patience = { timeout: 45 * SECOND, interval: 50 };
const SERVE_PACED = fileURLToPath(new URL("../fixtures/host/serve-paced.ts", import.meta.url));
const LONG_JOB = 80 * SECOND;

function serveIn(data: string, env: Record<string, string>, ...args: string[]) {
  const process = startBellows(["serve", "--data", data, "--port", "0", "--no-dashboard", ...args], env);
  return { process, engine: new RunningDemo(data, process, "live") };
}

const urlIn = (data: string) => readControlFile(path.join(data, "live"))?.url ?? "";

/** The JSON lines of its log. */
const logged = (process: { stdout(): string }) =>
  process
    .stdout()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const messages = (process: { stdout(): string }) => logged(process).map(({ msg }) => String(msg));

describe("readiness", () => {
  it("is told apart from life, with the reason, to whoever asks", async () => {
    const data = tempFolder();
    const { engine, process } = serveIn(data, QUIET);
    await engine.until(({ markets }) => markets[0]?.state === "unreachable", "the market to be found silent");
    const [alive, ready] = await Promise.all([
      fetch(`${urlIn(data)}/healthz`),
      fetch(`${urlIn(data)}/readyz`),
    ]);
    expect([alive.status, await alive.json()]).toEqual([200, { status: "ok" }]);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({
      status: "not ready",
      reasons: [expect.stringMatching(/^AICF: Connection refused by 127\.0\.0\.1:9/)],
    });
    const strange = await fetch(`${urlIn(data)}/healthz`, {
      headers: { origin: "http://elsewhere.example" },
    });
    expect(strange.status).toBe(403);
    expect(messages(process)).toContain("Serving");
  });
});

describe("at a terminal", () => {
  it("it is accounted in short, and the log's own lines come at another level", async () => {
    const [usual, traced] = [tempFolder(), tempFolder()];
    const isSilent = ({ markets }: { markets: readonly { state: string }[] }) =>
      markets[0]?.state === "unreachable";
    const short = serveIn(usual, QUIET, "--log-format", "human");
    await short.engine.until(isSilent, "the market to be found silent");
    await expect.poll(short.process.stdout, patience).toMatch(/^\d\d:\d\d:\d\d {2}No market answers/m);
    expect(short.process.stdout()).not.toContain("Call register");

    const long = serveIn(traced, { ...QUIET, LOG_LEVEL: "trace" }, "--log-format", "human");
    await long.engine.until(isSilent, "the market to be found silent");
    await expect
      .poll(long.process.stdout, patience)
      .toMatch(/^\d\d:\d\d:\d\d {2}TRACE {2}Call \w+ {2}market=aicf outcome=error ms=\d+$/m);
  });
});

describe("configuration", () => {
  it("comes from a file, is read again on SIGHUP, and a wrong one changes nothing", async () => {
    const data = tempFolder();
    const file = path.join(data, "bellows.toml");
    const write = (text: string) => fs.writeFileSync(file, text);
    write(`[aicf]\nqueue_url = "${NOBODY}"\n\n[work]\nbatch_size = 3\n`);
    const { AICF_QUEUE_URL: _, ...env } = QUIET;
    const { engine, process } = serveIn(data, env);
    const { settings } = await engine.until(() => true, "it to run");
    expect(settings.values["work.batch_size"]).toMatchObject({
      value: 3,
      source: { kind: "file", file, line: 5 },
    });
    expect(settings.configFile).toBe(file);
    await expect(engine.invoke("settings.set", { patch: { "work.batch_size": 4 } })).rejects.toThrow(
      /SETTING_FIXED/,
    );

    write(`[aicf]\nqueue_url = "${NOBODY}"\n\n[work]\nbatch_size = 5\n[models]\ndisk_limit = "5G"\n`);
    process.child.kill("SIGHUP");
    const after = await engine.until(
      (state) => state.settings.values["work.batch_size"].value === 5,
      "the new file to hold",
    );
    expect(after.settings.values["models.disk_limit"].waitsForRestart).toBe(true);
    await expect
      .poll(() => messages(process), patience)
      .toContain("Counts from the next start: models.disk_limit.");
    expect(messages(process).join("\n")).toMatch(/Configuration read again: .*work\.batch_size/);

    write("[work]\nbatch_size = 0\n");
    process.child.kill("SIGHUP");
    await expect
      .poll(() => messages(process).join("\n"), patience)
      .toContain("The configuration could not be read again, so the one before still holds.");
    expect(messages(process).join("\n")).toContain(`${file}:2: work.batch_size "0" is less than 1`);
    expect((await engine.state()).settings.values["work.batch_size"].value).toBe(5);
  });

  it("names a secret that was exchanged, without showing it, and makes nothing that only a start makes", async () => {
    const data = tempFolder();
    const elsewhere = path.join(tempFolder(), "not-yet");
    const file = path.join(tempFolder(), "given.toml");
    const write = (folder: string, secret: string) =>
      fs.writeFileSync(file, `data_folder = "${folder}"\n[aicf]\nsecret = "${secret}"\n`, { mode: 0o600 });
    write(data, "the-first-of-two-secrets");
    const process = startBellows(["serve", "--config", file, "--port", "0", "--no-dashboard"], QUIET);
    await new RunningDemo(data, process, "live").until(() => true, "it to run");
    write(data, "the-second-of-two-secrets");
    process.child.kill("SIGHUP");
    await expect
      .poll(() => messages(process), patience)
      .toContain("Counts from the next start: aicf.secret.");
    write(elsewhere, "the-second-of-two-secrets");
    process.child.kill("SIGHUP");
    await expect
      .poll(() => messages(process), patience)
      .toContain("Counts from the next start: data_folder.");
    expect(fs.existsSync(elsewhere)).toBe(false);
    expect(process.stdout() + process.stderr()).not.toContain("of-two-secrets");
  });

  it("says from SIGHUP on how long held work may take and how much is logged; the log's form waits for the next start", async () => {
    const data = tempFolder();
    const file = path.join(data, "bellows.toml");
    fs.writeFileSync(file, '[work]\ndrain_timeout = "50s"\n');
    const { engine, process } = serveIn(data, QUIET);
    await engine.until(() => true, "it to run");
    fs.writeFileSync(file, '[work]\ndrain_timeout = "3s"\n[log]\nlevel = "trace"\nformat = "human"\n');
    process.child.kill("SIGHUP");
    await expect.poll(() => messages(process), patience).toContain("Counts from the next start: log.format.");
    expect(messages(process)).toContainEqual(
      expect.stringMatching(
        /^Configuration read again: (?=.*work\.drain_timeout)(?=.*log\.level)(?=.*log\.format)/,
      ),
    );
    await expect.poll(() => logged(process).map(({ level }) => level), patience).toContain("trace");
    process.child.kill("SIGTERM");
    expect(await process.exited).toBe(0);
    expect(messages(process)).toContain(
      "Stopping: what is held is finished within 3 s, the rest given back.",
    );
  });

  it("at a terminal goes over from the short account to the log's own lines, and back", async () => {
    const data = tempFolder();
    const file = path.join(data, "bellows.toml");
    const { engine, process } = serveIn(data, QUIET, "--log-format", "human");
    await engine.until(({ markets }) => markets[0]?.state === "unreachable", "the market to be found silent");
    const told = (pattern: RegExp) => (process.stdout().match(pattern) ?? []).length;
    const calls = /^\d\d:\d\d:\d\d {2}TRACE {2}Call /gm;
    expect(told(calls)).toBe(0);
    fs.writeFileSync(file, '[log]\nlevel = "trace"\n');
    process.child.kill("SIGHUP");
    await expect.poll(() => told(calls), patience).toBeGreaterThan(0);
    fs.writeFileSync(file, "");
    process.child.kill("SIGHUP");
    const read = () => (process.stderr().match(/Configuration read again: log\.level changed/g) ?? []).length;
    await expect.poll(read, patience).toBe(2);
  });

  it("that misspells the market says so, rather than that there is none", async () => {
    const file = path.join(tempFolder(), "bellows.toml");
    fs.writeFileSync(file, `[aifc]\nqueue_url = "${NOBODY}"\n`);
    const refused = await bellows(["serve", "--data", tempFolder(), "--config", file]);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      `Error: ${file}:1: aifc is no section there is. Did you mean [aicf]?\n`,
    ]);
  });

  it("that is wrong is refused at the start with exit code 2, file and line", async () => {
    const file = path.join(tempFolder(), "wrong.yaml");
    fs.writeFileSync(file, "work:\n  batch_size: 4\n  max_concurency: 2\n");
    const refused = await bellows(["serve", "--data", tempFolder(), "--config", file], QUIET);
    expect(refused).toEqual({
      code: 2,
      stdout: "",
      stderr: `Error: ${file}:3: work.max_concurency is no setting there is. Did you mean work.max_concurrency (max_concurrency under [work])?\n`,
    });
  });

  it("is printed, checked and described by a command", async () => {
    const data = tempFolder();
    const file = path.join(data, "bellows.toml");
    fs.writeFileSync(
      file,
      '[energy]\nprice = 0.31\n[aitbc]\ngpu_url = "http://127.0.0.1:8101"\napi_key = "a-key-of-16-chars"\n',
    );
    const env = { BATCH_SIZE: "4" };
    const printed = await bellows(["config", "print", "--sources", "--data", data], env);
    expect(printed.code).toBe(0);
    expect(printed.stdout).toContain(`price = 0.31  # ${file} line 2`);
    expect(printed.stdout).toContain("batch_size = 4  # the environment (BATCH_SIZE)");
    expect(printed.stdout).toContain("# latency_budget_ms = 5\n");
    expect(printed.stdout).not.toContain("a-key-of-16-chars");
    expect(await bellows(["config", "check", file])).toMatchObject({
      code: 0,
      stdout: `${file} is right: 3 settings.\n`,
    });

    // What it prints is a file that says the same.
    const copy = path.join(tempFolder(), "copy.toml");
    fs.writeFileSync(copy, printed.stdout.replace(/^api_key.*$/m, "").replace(/^data_folder.*$/m, ""));
    const again = await bellows(["config", "print", "--data", tempFolder(), "--config", copy]);
    const values = (text: string) =>
      text.split("\n").filter((line) => /^\w/.test(line) && !/^(api_key|data_folder)/.test(line));
    expect(values(again.stdout)).toEqual(values(printed.stdout).map((line) => line.replace(/ {2}#.*$/, "")));

    const schema = JSON.parse((await bellows(["config", "schema"])).stdout);
    expect(schema.properties.work.properties.batch_size).toMatchObject({
      type: "integer",
      minimum: 1,
      maximum: 256,
    });
  });
});

describe("the end", () => {
  it("finishes what is held on SIGTERM, and gives nothing back that was begun", async () => {
    const data = tempFolder();
    const ports = ["--coordinator-port", "--chain-port", "--queue-port", "--node-port"].flatMap((flag) => [
      flag,
      "0",
    ]);
    const markets = startBellows(["devnet", "--data", data, "--demand", "6", "--json", ...ports]);
    await expect.poll(() => markets.stdout(), patience).toMatch(/^\{.*\}$/m);
    const { logFile: _, ...env } = JSON.parse(/^\{.*\}$/m.exec(markets.stdout())?.[0] ?? "{}");
    const { engine, process } = serveIn(data, { ...env, METRICS_ENABLED: "0" }, "--drain-timeout", "30s");
    await engine.until(({ throughput }) => throughput.acceptedTotal > 3, "some results to be accepted");
    const ready = await fetch(`${urlIn(data)}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: "ready", reasons: [] }]);
    process.child.kill("SIGTERM");
    expect(await process.exited).toBe(0);
    expect(messages(process)).toContain(
      "Stopping: what is held is finished within 30 s, the rest given back.",
    );
    const { jobs } = JSON.parse(
      (await bellows(["jobs", "--json", "--limit", "200", "--data", data])).stdout,
    ) as { jobs: { state: string; leaseId: string }[] };
    expect(jobs.filter(({ state }) => ["leased", "admitted", "running", "failed"].includes(state))).toEqual(
      [],
    );
    // Only what a market still handed out while the signal came went back, before anything was done with it.
    for (const { leaseId } of jobs.filter(({ state }) => state === "returned")) {
      const shown = await bellows(["jobs", "show", leaseId, "--json", "--data", data]);
      expect(shown.stdout).toContain('"returned"');
      expect(shown.stdout).not.toContain('"running"');
    }
    // Every ended job can be followed by its lease in the log, on the console and in the file.
    const ended = logged(process).find(({ event }) => event === "accept");
    expect(ended).toMatchObject({
      market: expect.any(String),
      lease: expect.any(String),
      job: expect.any(String),
    });
    expect(fs.readFileSync(path.join(data, "live", "logs", "bellows.log"), "utf8")).toContain(
      String(ended?.lease),
    );
    for (const secret of [env.AITBC_COORDINATOR_KEY, env.BELLOWS_KEY_PASSPHRASE])
      expect(process.stdout() + process.stderr()).not.toContain(secret);
    markets.child.kill("SIGTERM");
    await markets.exited;
  });

  it("comes in time where a job takes longer than the drain: it is given back, not waited for", async () => {
    const data = tempFolder();
    const market = await FleetMarket.start();
    const { queueUrl, nodeUrl } = market.ready;
    const args = ["--data", data, "--port", "0", "--no-dashboard", "--drain-timeout", "2s"];
    const process = startProgram(([node = ""]) => [node, SERVE_PACED, pacedResources(), ...args], {
      ...{ ...QUIET, AICF_QUEUE_URL: queueUrl, RPC_URL: nodeUrl, CHAIN_ID: String(CHAIN_ID) },
      ...{ GPU_BACKEND: "cpu", BELLOWS_AUTO_STAKE: "100", BELLOWS_STAKE_WITHOUT_BACKUP: "1" },
      PACED_MS_PER_JOB: String(LONG_JOB),
    });
    const engine = new RunningDemo(data, process, "live");
    await engine.until(({ markets }) => markets[0]?.state === "registered", "it to be registered");
    await submitJob(queueUrl, { model: PACED_MODEL, kind: "embed", input: ["a long one"] });
    const isRunning = async () => (await engine.invoke("jobs.list", { limit: 1 })).jobs[0]?.state;
    await expect.poll(isRunning, patience).toBe("running");
    const told = performance.now();
    process.child.kill("SIGTERM");
    expect(await process.exited).toBe(0);
    const took = performance.now() - told;
    expect(took).toBeGreaterThan(2 * SECOND);
    expect(took).toBeLessThan(LONG_JOB / 2);
    expect(messages(process)).toContain(
      "Stopping: what is held is finished within 2 s, the rest given back.",
    );
    const left = await bellows(["jobs", "--json", "--data", data]);
    expect(JSON.parse(left.stdout).jobs).toMatchObject([{ state: "returned", model: PACED_MODEL }]);
    const given = () => market.log().filter(({ event }) => event === "returned");
    expect(given()).toHaveLength(1);
  });

  it("can be a new beginning, with the settings as they are then", async () => {
    const data = tempFolder();
    const { engine, process } = serveIn(data, QUIET);
    const before = await engine.until(() => true, "it to run");
    await engine.invoke("settings.set", { patch: { "work.keep_alive": "1m", "work.batch_size": 2 } });
    const waiting = await engine.state();
    expect(waiting.settings.values["work.keep_alive"].waitsForRestart).toBe(true);
    expect(waiting.settings.values["work.batch_size"].waitsForRestart).toBe(false);
    await engine.invoke("engine.restart", {});
    const after = await engine.until(
      (state) => state.engine.startedAt > before.engine.startedAt,
      "it to have started again",
    );
    expect(after.engine.pid).toBe(before.engine.pid);
    expect(after.settings.values["work.keep_alive"]).toMatchObject({ value: "1m", waitsForRestart: false });
    process.child.kill("SIGTERM");
    expect(await process.exited).toBe(0);
  });

  it("is refused while the file is wrong, with what is wrong in it: the one that runs goes on", async () => {
    const data = tempFolder();
    const file = path.join(data, "bellows.toml");
    fs.writeFileSync(file, "[work]\nbatch_size = 3\n");
    const { engine, process } = serveIn(data, QUIET);
    const before = await engine.until(() => true, "it to run");
    fs.writeFileSync(file, "[work]\nbatch_size = 3\nmax_concurency = 2\n");
    await expect(engine.invoke("engine.restart", {})).rejects.toThrow(
      /CONFIG_INVALID.*bellows\.toml:3: work\.max_concurency is no setting there is/,
    );
    fs.writeFileSync(file, "[work]\nbatch_size = 4\n");
    await engine.invoke("engine.restart", {});
    const after = await engine.until(
      (state) => state.engine.startedAt > before.engine.startedAt,
      "it to have started again with the file in order",
    );
    expect(after.settings.values["work.batch_size"].value).toBe(4);
    process.child.kill("SIGTERM");
    expect(await process.exited).toBe(0);
  });

  it("of a demo's engine is refused while its file is wrong", async () => {
    const data = tempFolder();
    const file = path.join(data, "bellows.toml");
    fs.writeFileSync(file, "[work]\nbatch_size = 3\n");
    const process = startBellows(["demo", "--data", data, "--port", "0", "--no-dashboard"]);
    const demo = new RunningDemo(data, process);
    const before = await demo.until(() => true, "it to run");
    fs.writeFileSync(file, "[work]\nbatch_size = 0\n");
    await expect(demo.invoke("engine.restart", {})).rejects.toThrow(/CONFIG_INVALID.*is less than 1/);
    expect((await demo.state()).engine.pid).toBe(before.engine.pid);
  });

  it("of a demo's engine is a new process with the new settings", async () => {
    const demo = await RunningDemo.start("--no-dashboard");
    const before = await demo.state();
    await demo.invoke("settings.set", { patch: { "work.keep_alive": "1m" } });
    await demo.invoke("engine.restart", {});
    const after = await demo.until(({ engine }) => engine.pid !== before.engine.pid, "a new engine");
    expect(after.settings.values["work.keep_alive"]).toMatchObject({ value: "1m", waitsForRestart: false });
  });
});

const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** A real datagram socket, as systemd's. An empty line ends each message. */
async function receiver(): Promise<{ socket: string; lines: () => string[] }> {
  const socket = path.join(tempFolder(), "notify");
  const script = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(65536).decode() + "\\n", flush=True)
`;
  const child: ChildProcess = spawn("python3", ["-c", script, socket], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let heard = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    heard += text;
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  await expect.poll(() => heard, patience).toContain("bound");
  return { socket, lines: () => heard.split("\n") };
}

describe.skipIf(process.platform !== "linux" || !hasPython)("systemd", () => {
  it("is told when it is ready, what it does, that it lives, that it reloads and that it stops", async () => {
    const { socket, lines } = await receiver();
    const data = tempFolder();
    const env = { ...QUIET, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" };
    const { engine, process } = serveIn(data, env, "--log-format", "human");
    await engine.until(() => true, "it to run");
    await expect.poll(lines, patience).toContain("READY=1");
    await expect
      .poll(() => lines().filter((line) => line === "WATCHDOG=1").length, patience)
      .toBeGreaterThan(2);
    await expect
      .poll(() => lines().some((line) => line.startsWith("STATUS=No market answers")), patience)
      .toBe(true);
    process.child.kill("SIGHUP");
    await expect.poll(lines, patience).toContain("RELOADING=1");
    expect(lines().some((line) => /^MONOTONIC_USEC=\d+$/.test(line))).toBe(true);
    await expect.poll(() => lines().filter((line) => line === "READY=1").length, patience).toBe(2);
    process.child.kill("SIGTERM");
    expect(await process.exited).toBe(0);
    expect(lines()).toContain("STOPPING=1");
  });

  it("waits for a start that takes long, and hears what it does; a person who asks for its end need not", async () => {
    const { socket, lines } = await receiver();
    const heavy = heavyModels(["llama3.2-3b-instruct-ollama", "qwen2.5-0.5b-instruct"]);
    const env = { ...QUIET, NOTIFY_SOCKET: socket, MODEL_DIR: heavy };
    const { process: started } = serveIn(tempFolder(), env, "--log-format", "human");
    await expect
      .poll(lines, patience)
      .toContainEqual(expect.stringMatching(/^STATUS=Starting: Checking the model \S+: \d+ %$/));
    const extended = lines().flatMap((line) => /^EXTEND_TIMEOUT_USEC=(\d+)$/.exec(line)?.[1] ?? []);
    expect(Number(extended[0]) / 1e6).toBeGreaterThan(60);
    expect(lines().join("\n")).toMatch(/^WATCHDOG=1\n\nSTATUS=Starting: .*\nEXTEND_TIMEOUT_USEC=\d+\n\n/m);
    await expect.poll(started.stderr, patience).toMatch(/Starting: Checking the model \S+: \d+ %/);
    started.child.kill("SIGTERM");
    expect(await started.exited).toBe(0);
    expect(started.stderr()).toContain("Stopped before it was ready.");
    expect(lines()).not.toContain("READY=1");
  });

  it("that went away ends nothing", async () => {
    const data = tempFolder();
    const { engine, process } = serveIn(data, {
      ...QUIET,
      NOTIFY_SOCKET: "/nowhere/notify",
      WATCHDOG_USEC: "100000",
    });
    await engine.until(({ markets }) => markets[0]?.state === "unreachable", "it to run on");
    process.child.kill("SIGTERM");
    expect(await process.exited).toBe(0);
  });
});

/** The commands that earn, from the outside: they do real work, say what came of it, and leave nothing behind. */
import fs from "node:fs";
import path from "node:path";
import { describe, it } from "vitest";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { CatalogueSchema } from "../../src/shared/catalogue.ts";
import { modelManifestSha256 } from "../../src/shared/digest.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { bellows, descendants, isAlive, RunningDemo, startBellows, startGroup } from "../support/bellows.ts";
import { expect, onTestFinished, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";

// But for those that must end within seconds.
sideBySide();

const PASSPHRASE = { BELLOWS_KEY_PASSPHRASE: "four words make one" };

type Started = ReturnType<typeof startBellows>;

/** The command and everything it started. */
function family({ child }: Started): number[] {
  return child.pid === undefined ? [] : [child.pid, ...descendants(child.pid)];
}

async function expectAllGone(pids: readonly number[], within = 10 * SECOND): Promise<void> {
  await expect.poll(() => pids.filter(isAlive), { timeout: within }).toEqual([]);
}

/** As a terminal's Ctrl-C does: to the command and to everything it started. */
function pressCtrlC(started: Started): void {
  for (const pid of family(started)) if (isAlive(pid)) process.kill(pid, "SIGINT");
}

async function printed(started: Started, pattern: RegExp): Promise<RegExpExecArray> {
  await expect.poll(started.stdout, { timeout: 30 * SECOND }).toMatch(pattern);
  return pattern.exec(started.stdout()) as RegExpExecArray;
}

const ourFoldersIn = (folder: string) => fs.readdirSync(folder).filter((name) => name.startsWith("bellows-"));

function starterModelSha256(): string {
  const file = new URL("../../resources/models/catalogue.json", import.meta.url);
  const [model] = CatalogueSchema.parse(JSON.parse(fs.readFileSync(file, "utf8"))).models;
  return modelManifestSha256(model?.files ?? []);
}

/** What the ledger says after the end: nothing is held, and no market failed on the way. */
async function leftBehind(folder: string) {
  const ledger = await Ledger.open(path.join(folder, "demo"));
  onTestFinished(() => ledger.close());
  const { events } = ledger.activity.list({}, { limit: 100 });
  const troubles = events.filter(({ type }) => type === "market-error").map(({ text }) => text);
  return {
    last: events[0]?.type,
    troubles,
    held: ledger.leases.held().length,
    unsent: ledger.outbox.size(),
  };
}

describe.concurrent("demo --until-accepted", () => {
  it("works on both markets until the results are accepted and paid, and reports in one line", async () => {
    const temporary = tempFolder();
    const run = startBellows(["demo", "--until-accepted", "3", "--json", "--epoch", "3s"], {
      TMPDIR: temporary,
    });
    await expect.poll(() => family(run).length, { timeout: 20 * SECOND }).toBe(4); // Itself, devnet, engine, runtime.
    const pids = family(run);
    expect(await run.exited, run.stderr()).toBe(0);

    expect(run.stdout().trimEnd().split("\n")).toHaveLength(1);
    expect(run.stderr()).toMatch(/^Accepted so far: AITBC \d of 3, AICF \d of 3/m);
    const report = JSON.parse(run.stdout());
    expect(report).toMatchObject({
      accepted: { aitbc: expect.any(Number), aicf: expect.any(Number) },
      failed: 0,
      earned: { AIT: expect.stringMatching(/^\d+\.\d+$/), ANM: expect.stringMatching(/^\d+\.\d+$/) },
      device: expect.stringMatching(/./),
      model_sha256: starterModelSha256(),
    });
    for (const market of ["aitbc", "aicf"]) {
      expect(report.accepted[market]).toBeGreaterThanOrEqual(3);
      expect(report.first_accepted_ms[market]).toBeGreaterThan(100);
      expect(report.first_accepted_ms[market]).toBeLessThan(20 * SECOND);
    }
    expect(Number(report.earned.AIT)).toBeGreaterThan(0);
    expect(Number(report.earned.ANM)).toBeGreaterThan(0);
    expect(ourFoldersIn(temporary)).toEqual([]);
    await expectAllGone(pids);
  });

  it("looks for models in the app's own folder when the one it was pointed to is not there", async () => {
    const args = ["demo", "--until-accepted", "1", "--json", "--epoch", "1s"];
    const { code, stdout, stderr } = await bellows(args, { MODEL_DIR: path.join(tempFolder(), "nope") });
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).model_sha256).toBe(starterModelSha256());
  });

  it("names every folder that a missing model was looked for in", async () => {
    const [pointedTo, cache] = [path.join(tempFolder(), "nope"), tempFolder()];
    const env = { MODEL_DIR: pointedTo, BELLOWS_CACHE_DIR: cache };
    const { code, stderr } = await bellows(["demo", "--until-accepted", "1"], env);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: The model \S+ is incomplete: \S+ is not in .*nope.*; also looked in /m);
    expect(stderr).toContain(path.join(cache, "models"));
    expect(stderr.match(/is incomplete/g)).toHaveLength(1);
  });

  it("that takes too long ends with the reasons and exit code 1", async () => {
    const temporary = tempFolder();
    const args = ["demo", "--until-accepted", "100000", "--json", "--timeout", "5s"];
    const { code, stdout, stderr } = await bellows(args, { TMPDIR: temporary });
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      /^Error: Not every market accepted 100000 results within 5 s: accepted aitbc \d+, aicf \d+; .+\. Allow more time with --timeout\.\n$/m,
    );
    expect(ourFoldersIn(temporary)).toEqual([]);
  });

  it("that is stopped says so and cleans up", async () => {
    const temporary = tempFolder();
    const run = startBellows(["demo", "--until-accepted", "100000"], { TMPDIR: temporary });
    await expect.poll(() => family(run).length, { timeout: 20 * SECOND }).toBe(4);
    const pids = family(run);
    pressCtrlC(run);
    expect(await run.exited).toBe(1);
    expect(run.stderr()).toMatch(
      /^Two markets and an engine are being started\.\n(Accepted so far: .*\n)*Error: Stopped before the results were in\.\n$/,
    );
    expect(ourFoldersIn(temporary)).toEqual([]);
    await expectAllGone(pids);
  });

  it("keeps a folder it was given, and does not count in one that was used before", async () => {
    const data = tempFolder();
    const args = ["demo", "--until-accepted", "1", "--json", "--epoch", "1s", "--data", data];
    expect((await bellows(args)).code).toBe(0);
    expect(fs.existsSync(path.join(data, "demo", "ledger.sqlite"))).toBe(true);
    expect(await bellows(args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("holds a demo already"),
    });
  });
});

describe("demo", () => {
  it("shows where its dashboard is, what is accepted, and what the person does", async () => {
    const demo = await RunningDemo.start("--rate", "4");
    const [, url] = await printed(
      demo.process,
      /^Dashboard {2}(http:\/\/127\.0\.0\.1:\d+)\/#token=[\w-]{43}$/m,
    );
    expect(await (await fetch(`${url}/`)).text()).toContain("<title>");
    await printed(
      demo.process,
      /^\d\d:\d\d:\d\d {2}AITBC {2}accepted {2}\S+ {2}\d+ texts? {2}(?:offered|credited) 0\.\d+ AIT$/m,
    );
    await printed(
      demo.process,
      /^\d\d:\d\d:\d\d {2}AICF {3}accepted {2}\S+ {2}\d+ texts? {2}(?:offered|credited) 0\.\d+ ANM$/m,
    );

    await demo.invoke("run.pause", {});
    await printed(demo.process, /^\d\d:\d\d:\d\d {2}Paused\. /m);
  });

  it("ends in order at Ctrl-C, within ten seconds, with nothing left", async () => {
    const demo = await RunningDemo.start("--rate", "4");
    await demo.until((state) => state.throughput.acceptedTotal > 2, "some results");
    const pids = family(demo.process);
    const since = Date.now();
    pressCtrlC(demo.process);
    expect(await demo.process.exited).toBe(0);
    expect(Date.now() - since).toBeLessThan(10 * SECOND);
    expect(demo.process.stderr()).toBe("Stopping: leases are given back, results submitted.\nEnded.\n");
    expect(fs.existsSync(path.join(demo.folder, "demo", "control.json"))).toBe(false);
    await expectAllGone(pids, SECOND);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "told by %s together with all its processes, gives everything back while its markets still answer",
    async (signal) => {
      const folder = tempFolder();
      const group = startGroup(["demo", "--data", folder, "--port", "0", "--rate", "6"]);
      const demo = new RunningDemo(folder, group);
      await demo.until((state) => state.throughput.acceptedTotal > 2, "some results");
      const pids = family(group);
      process.kill(-(group.child.pid ?? 0), signal);
      expect(await group.exited).toBe(0);
      await expectAllGone(pids, SECOND);
      expect(await leftBehind(folder)).toEqual({ last: "engine-stopped", troubles: [], held: 0, unsent: 0 });
    },
  );

  it("whose starter is killed gives everything back while its markets still answer", async () => {
    const demo = await RunningDemo.start("--rate", "6");
    await demo.until((state) => state.throughput.acceptedTotal > 2, "some results");
    const pids = family(demo.process);
    demo.process.child.kill("SIGKILL");
    await expectAllGone(pids);
    expect(await leftBehind(demo.folder)).toEqual({
      last: "engine-stopped",
      troubles: [],
      held: 0,
      unsent: 0,
    });
  });

  it("does not wait at the second Ctrl-C", async () => {
    const demo = await RunningDemo.start();
    const pids = family(demo.process);
    const engine = demo.pidOf("engine");
    if (engine === null) throw new Error("no engine");
    process.kill(engine, "SIGSTOP"); // It can't end in order now.
    demo.process.child.kill("SIGINT");
    await expect.poll(demo.process.stderr).toContain("Stopping");
    const since = Date.now();
    // One that comes at once is the same key press, told twice.
    const pressing = setInterval(() => demo.process.child.kill("SIGINT"), 100);
    onTestFinished(() => clearInterval(pressing));
    expect(await demo.process.exited).toBe(130);
    expect(Date.now() - since).toBeLessThan(2 * SECOND);
    await expectAllGone(pids);
  });

  it("takes everything with it when it is killed", async () => {
    const demo = await RunningDemo.start("--rate", "4");
    await demo.until((state) => state.throughput.acceptedTotal > 2, "some results");
    const pids = family(demo.process);
    expect(pids).toHaveLength(4);
    demo.process.child.kill("SIGKILL");
    await expectAllGone(pids, 15 * SECOND);
  });

  it("goes on as it was left when its engine crashes", async () => {
    const demo = await RunningDemo.start();
    await demo.invoke("run.pause", {});
    const engine = demo.pidOf("engine");
    if (engine === null) throw new Error("no engine");
    process.kill(engine, "SIGKILL");
    const state = await demo.until((now) => now.engine.pid !== engine, "a new engine");
    expect(state.engine.intent).toBe("paused");
    expect(demo.process.stderr()).toMatch(/^The engine is started again: engine was ended by SIGKILL/);
  });
});

describe.concurrent("serve", () => {
  it("earns on markets that run elsewhere, and its receipts hold", async () => {
    const data = tempFolder();
    const ports = ["--coordinator-port", "--chain-port", "--queue-port", "--node-port"].flatMap((flag) => [
      flag,
      "0",
    ]);
    const markets = startBellows([
      "devnet",
      "--data",
      data,
      "--demand",
      "4",
      "--epoch",
      "2s",
      "--json",
      ...ports,
    ]);
    // As printed for people, it has a data folder of its own; here it shares one, to see that flags go first.
    const { logFile, ...env } = JSON.parse((await printed(markets, /^\{.*\}$/m))[0]);
    expect(fs.existsSync(logFile)).toBe(true);

    const served = startBellows(["serve", "--data", data, "--port", "0"], env);
    const engine = new RunningDemo(data, served, "live");
    const earning = await engine.until(
      ({ earnings }) => earnings.every(({ settledTotal }) => BigInt(settledTotal.minor) > 0n),
      "money from both markets",
    );
    expect(earning.engine.mode).toBe("live");
    expect(earning.earnings.map(({ currency }) => currency).sort()).toEqual(["AIT", "ANM"]);
    for (const url of [env.AITBC_COORDINATOR_URL, env.AICF_QUEUE_URL]) expect(served.stdout()).toContain(url);
    expect(served.stdout() + served.stderr()).not.toContain(env.AITBC_COORDINATOR_KEY);

    const { jobs } = await engine.invoke("jobs.list", { state: "settled", limit: 1 });
    const receipt = await bellows([
      "receipt",
      jobs[0]?.leaseId ?? "",
      "--data",
      data,
      "-o",
      path.join(data, "r.json"),
    ]);
    expect(receipt.code, receipt.stderr).toBe(0);
    const lease = jobs[0]?.leaseId ?? "";
    const prefix = `${lease.slice(0, -1)}…`;
    expect((await bellows(["jobs", "show", prefix, "--data", data])).stdout).toContain(lease);
    expect(await bellows(["verify", path.join(data, "r.json")])).toMatchObject({ code: 0 });

    const csv = await bellows(["earnings", "--csv", "-", "--by", "paid", "--data", data]);
    expect(csv.code, csv.stderr).toBe(0);
    // RFC 4180: each line ends with CR LF, none is empty.
    expect(csv.stdout).toMatch(/^(?:[^\r\n]+\r\n){2,}$/);

    const pids = family(served);
    served.child.kill("SIGTERM");
    expect(await served.exited).toBe(0);
    await expectAllGone(pids, SECOND);

    // Without AICF in the settings what it brought is still there, and said to be of the past.
    const onlyAitbc = Object.fromEntries(
      Object.entries(env as Record<string, string>).filter(([name]) => !name.startsWith("AICF_")),
    );
    const later = startBellows(["serve", "--data", data, "--port", "0"], onlyAitbc);
    const after = await new RunningDemo(data, later, "live").until(
      ({ markets: known }) => known.length === 1,
      "an engine without AICF",
    );
    expect(after.earnings).toMatchObject([
      { market: "aitbc" },
      { market: "aicf", notConfigured: true, settledTotal: { currency: "ANM" } },
    ]);
    const told = await bellows(["earnings", "--market", "aicf", "--data", data]);
    expect(told.stdout).toMatch(/^AICF, not configured any more/);
    const file = path.join(data, "earnings.csv");
    expect((await bellows(["earnings", "--csv", file, "--data", data])).code).toBe(0);
    expect(fs.readFileSync(file, "utf8")).toMatch(/,aicf,.*\r\n/);
    expect(fs.readdirSync(data).filter((name) => name.includes(".part-"))).toEqual([]);
    const laterPids = family(later);
    later.child.kill("SIGTERM");
    expect(await later.exited).toBe(0);
    await expectAllGone(laterPids, SECOND);
    markets.child.kill("SIGTERM");
    expect(await markets.exited).toBe(0);

    // The ledger it left is read without an engine, and not changed by that.
    const ledger = path.join(data, "live", "ledger.sqlite");
    const before = fs.readFileSync(ledger);
    const kept = await bellows(["jobs", "--state", "settled", "--limit", "1", "--json", "--data", data]);
    expect(JSON.parse(kept.stdout).jobs).toMatchObject([{ state: "settled" }]);
    expect((await bellows(["jobs", "--before", "zzz", "--data", data])).code).toBe(2);
    const again = await bellows(["receipt", prefix, "--json", "--data", data]);
    expect(JSON.parse(again.stdout)).toEqual(JSON.parse(fs.readFileSync(path.join(data, "r.json"), "utf8")));
    expect(again.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(fs.readFileSync(ledger)).toEqual(before);
  });

  it("devnet prints lines that a shell can take as they are", async () => {
    const data = tempFolder();
    const ports = ["--coordinator-port", "--chain-port", "--queue-port", "--node-port"];
    const devnet = startBellows([
      "devnet",
      "--data",
      data,
      "--demand",
      "0",
      ...ports.flatMap((flag) => [flag, "0"]),
    ]);
    await printed(devnet, /^npx bellows serve$/m);
    const lines = devnet
      .stdout()
      .split("\n")
      .filter((line) => line.startsWith("export "));
    const env = Object.fromEntries(
      lines.map((line) => line.slice("export ".length).split(/=(.*)/s).slice(0, 2)),
    );
    const served = startBellows(["serve", "--port", "0"], env);
    const engine = new RunningDemo(env.BELLOWS_DATA_DIR ?? "", served, "live");
    await engine.until(
      ({ markets }) => markets.length === 2 && markets.every(({ state }) => state === "registered"),
      "both markets to know it",
    );
    expect(path.relative(data, env.BELLOWS_DATA_DIR ?? "")).toBe(path.join("devnet", "provider"));
  });

  it("goes on paused after a restart when it is told to start as it was left", async () => {
    const data = tempFolder();
    const env = { AICF_QUEUE_URL: "http://127.0.0.1:9", ...PASSPHRASE };
    const first = startBellows(["serve", "--data", data, "--port", "0"], env);
    await new RunningDemo(data, first, "live").until(
      (state) => state.engine.intent === "running",
      "it to run",
    );
    expect((await bellows(["pause", "--data", data])).code).toBe(0);
    first.child.kill("SIGTERM");
    expect(await first.exited).toBe(0);

    const second = startBellows(["serve", "--data", data, "--port", "0", "--start-as", "as-left"], env);
    const state = await new RunningDemo(data, second, "live").until(() => true, "it to be back");
    expect(state.engine.intent).toBe("paused");
  });

  it("refuses a second engine on one ledger", async () => {
    const data = tempFolder();
    const env = { AICF_QUEUE_URL: "http://127.0.0.1:9", ...PASSPHRASE };
    const first = startBellows(["serve", "--data", data, "--port", "0"], env);
    await new RunningDemo(data, first, "live").until(() => true, "it to run");
    const second = await bellows(["serve", "--data", data, "--port", "0"], env);
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: Bellows already runs with the data folder/),
    });
  });
});

describe.concurrent("up", () => {
  it("runs the demo when no market is configured, and serves when one is", async () => {
    const demoData = tempFolder();
    const demo = startBellows(["up", "--data", demoData, "--port", "0"]);
    await printed(demo, /^Demo {7}/m);
    expect((await new RunningDemo(demoData, demo).until(() => true, "the demo")).engine.mode).toBe("demo");

    const liveData = tempFolder();
    const env = { AICF_QUEUE_URL: "http://127.0.0.1:9", ...PASSPHRASE };
    const live = startBellows(["up", "--data", liveData, "--port", "0", "--no-dashboard"], env);
    expect((await new RunningDemo(liveData, live, "live").until(() => true, "the engine")).engine.mode).toBe(
      "live",
    );
    await printed(live, /^Control {2}http:\/\/127\.0\.0\.1:\d+$/m);
  });
});

/** `bellows` as people and scripts run it: real child processes, against an engine with known answers. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { controlFilePath, writeControlFile } from "../../src/engine/control/control-file.ts";
import { startControlServer } from "../../src/engine/control/control-server.ts";
import { keyPairFromSeed } from "../../src/engine/identity/ml-dsa.ts";
import { buildReceipt, encodeReceipt, receiptToJson } from "../../src/engine/receipt/receipt.ts";
import { CatalogueSchema } from "../../src/shared/catalogue.ts";
import { modelManifestSha256, sha3_256 } from "../../src/shared/digest.ts";
import { bellows } from "../support/bellows.ts";
import { aJob, ScriptedEngine } from "../support/scripted-engine.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { facts, outputOf } from "../unit/engine/receipt/facts.ts";

const ESCAPE = "\u001b";
const STACK = /^\s+at /m;

/** An engine that can be found through the data folder. */
async function runningEngine(options: { mode?: "live" | "demo"; dashboard?: boolean } = {}) {
  const data = tempFolder();
  const dataFolder = path.join(data, options.mode ?? "live");
  fs.mkdirSync(dataFolder);
  const engine = new ScriptedEngine();
  const server = await startControlServer({
    readiness: () => ({ ready: true, reasons: [] }),
    handlers: engine.handlers,
    onDelta: engine.onDelta,
    control: { port: 0, explicit: true, staticFolder: options.dashboard === false ? null : dataFolder },
    dataFolder,
  });
  onTestFinished(() => server.close());
  return { engine, server, data, dataFolder, run: (...args: string[]) => bellows([...args, "--data", data]) };
}

describe("help", () => {
  it("lists every command and says where there is more", async () => {
    const { code, stdout } = await bellows(["--help"]);
    expect(code).toBe(0);
    for (const command of [
      "up",
      "serve",
      "demo",
      "devnet",
      "status",
      "jobs",
      "receipt",
      "verify",
      "dashboard",
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, "m"));
    }
    expect(stdout).toContain("help environment");
  });

  it("explains a command, the environment and the exit codes", async () => {
    const [command, environment, codes] = await Promise.all([
      bellows(["help", "demo"]),
      bellows(["help", "environment"]),
      bellows(["help", "exit-codes"]),
    ]);
    expect(command.stdout).toContain("--until-accepted");
    expect(environment.stdout).toMatch(/^AITBC_API_KEY {2}/m);
    expect(codes.stdout).toMatch(/^ {2}3 {4}the command needs a running engine[\s\S]*^ {2}130 {2}ended/m);
    expect([command.code, environment.code, codes.code]).toEqual([0, 0, 0]);
  });

  it("comes with exit code 2 when no command is given", async () => {
    const { code, stderr } = await bellows([]);
    expect(code).toBe(2);
    expect(stderr).toContain("Usage: bellows");
  });

  it.each(["--version", "-v", "-V", "version"])(
    "prints the version of package.json for %s",
    async (asked) => {
      const { version } = JSON.parse(fs.readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
      expect(await bellows([asked])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
    },
  );
});

describe("a wrong command line", () => {
  it.each([
    [["statu"], "Error: Unknown command 'statu'. Did you mean status?\n"],
    [["status", "--jsn"], "Error: Unknown option '--jsn'. Did you mean --json?\n"],
    [["serve", "--prot", "1"], "Error: Unknown option '--prot'. Did you mean --port?\n"],
    [["fly"], "Error: Unknown command 'fly'. Run `bellows help` for what there is.\n"],
    [["receipt"], "Error: Missing required argument 'lease'. Run `bellows help` for what there is.\n"],
    [["jobs", "--limit", "0"], 'Error: --limit "0" is less than 1. Write a number from 1 to 1000.\n'],
    [["jobs", "--state", "lots"], 'Error: --state "lots" is none of '],
    [
      ["jobs", "--market", "foo"],
      'Error: --market "foo" is none of the choices. Write one of aitbc, aicf.\n',
    ],
    [
      ["devnet", "--demand", "x"],
      'Error: --demand "x" is not a rate. Write a number up to 1000, or 0 for none.\n',
    ],
    [["demo", "--json"], "Error: --json only goes with --until-accepted.\n"],
    [["demo", "--until-accepted", "some"], 'Error: --until-accepted "some" is not a whole number.'],
    [["devnet", "--queue-port", "x"], 'Error: --queue-port "x" is not a port.'],
    [["demo", "--port", "7117x"], 'Error: --port "7117x" is not a port.'],
    [["verify", "x", "--key", "12"], 'Error: --key "12" is not a SHA3-256 hash.'],
    [["help", "flying"], 'Error: There is no help on "flying".'],
  ])("%j is refused in one sentence with exit code 2", async (args, message) => {
    const { code, stdout, stderr } = await bellows([...args, "--data", tempFolder()]);
    expect(stderr.startsWith(message), stderr).toBe(true);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

describe("without an engine", () => {
  it.each(["status", "start", "pause", "finish", "stop", "devices", "jobs", "dashboard"])(
    "%s says how to start one, with exit code 3",
    async (command) => {
      const { code, stderr } = await bellows([command, "--data", tempFolder()]);
      expect(code).toBe(3);
      expect(stderr).toMatch(/^Error: No engine is running .*`bellows serve`.*`bellows demo`/);
      expect(stderr).not.toMatch(STACK);
    },
  );

  it("a crash's left-over control file fools nobody", async () => {
    const { data, dataFolder, server } = await runningEngine();
    const left = fs.readFileSync(controlFilePath(dataFolder), "utf8");
    await server.close();
    fs.writeFileSync(controlFilePath(dataFolder), left);
    expect((await bellows(["status", "--data", data])).code).toBe(3);
  });

  it("a control file that points elsewhere is not followed", async () => {
    const data = tempFolder();
    fs.mkdirSync(path.join(data, "live"));
    const token = "t".repeat(43);
    fs.writeFileSync(
      controlFilePath(path.join(data, "live")),
      JSON.stringify({ url: "http://evil.example:80", token, pid: 1, startedAt: 1 }),
    );
    expect((await bellows(["status", "--data", data])).code).toBe(3);
  });

  it("serve says which settings it needs", async () => {
    const { code, stderr } = await bellows(["serve", "--data", tempFolder()]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^Error: No market is configured\. .*AITBC_COORDINATOR_URL.*AICF_QUEUE_URL.*`bellows demo`/,
    );
  });

  it("serve lists all wrong settings and makes no folder", async () => {
    const data = path.join(tempFolder(), "new");
    const env = { AICF_QUEUE_URL: "queue", MAX_CONCURRENCY: "0", GPU_BACKEND: "rocm" };
    const { code, stderr } = await bellows(["serve", "--data", data], env);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^Error: 4 settings are wrong\.\n {2}AICF_QUEUE_URL "queue" .*\n {2}GPU_BACKEND .*\n {2}MAX_.*\n {2}BELLOWS_KEY_PASSPHRASE /,
    );
    expect(fs.existsSync(data)).toBe(false);
  });

  it("serve names what is wrong and what is missing in one go", async () => {
    const env = { AITBC_COORDINATOR_URL: "127.0.0.1:8203", AICF_QUEUE_URL: "http://127.0.0.1:8700" };
    const { code, stderr } = await bellows(["serve", "--data", path.join(tempFolder(), "new")], env);
    expect(code).toBe(2);
    expect(stderr.split("\n")).toEqual([
      "Error: 3 settings are wrong.",
      expect.stringMatching(
        /^ {2}AITBC_COORDINATOR_URL "127\.0\.0\.1:8203" .* like http:\/\/127\.0\.0\.1:8203\.$/,
      ),
      expect.stringMatching(/^ {2}AITBC_COORDINATOR_KEY is missing, /),
      expect.stringMatching(/^ {2}BELLOWS_KEY_PASSPHRASE is missing, /),
      "",
    ]);
  });

  it.runIf(process.platform === "linux")("demo says in words that no folder can be made", async () => {
    const { code, stderr } = await bellows(["demo", "--data", "/proc/nope"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Error: The data folder \/proc\/nope.* can't be made: .* Choose another with --data/,
    );
  });

  it("demo says why its data folder can't be used", async () => {
    const file = path.join(tempFolder(), "file");
    fs.writeFileSync(file, "");
    const { code, stderr } = await bellows(["demo", "--data", file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Error: The data folder .*file.* a file is in its way\. Choose another with --data/,
    );
  });
});

describe("with an engine", () => {
  it("status says the state and its proofs in aligned words", async () => {
    const { run } = await runningEngine();
    const { code, stdout, stderr } = await run("status");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Earning on 1 of 1 device\.\n/);
    expect(stdout).toMatch(/^AICF {4}connected .* – .* 2$/m);
    expect(stdout).toMatch(/^AICF .* 0\.0016 ANM .* 0\.00 ANM /m);
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout).not.toMatch(/ $/m);
  });

  it("status --json is the snapshot on one line", async () => {
    const { run, engine } = await runningEngine({ mode: "demo" });
    const { stdout } = await run("status", "--json");
    expect(stdout.indexOf("\n")).toBe(stdout.length - 1);
    expect(JSON.parse(stdout)).toEqual(engine.snapshot());
  });

  it.each([
    ["start", "running", "Running"],
    ["pause", "paused", "Paused"],
    ["finish", "finishing", "Finishing"],
    ["stop", "stopped", "Stopped"],
  ] as const)("%s is passed on and answered", async (verb, intent, word) => {
    const { run, engine } = await runningEngine();
    expect((await run(verb)).stdout.startsWith(`${word}: `)).toBe(true);
    expect(JSON.parse((await run(verb, "--json")).stdout)).toEqual({ intent });
    expect(engine.asked.map(({ command }) => command)).toEqual([`run.${verb}`, `run.${verb}`]);
  });

  it("devices show what is unknown as unknown and why nothing faster is used", async () => {
    const { run } = await runningEngine();
    const { stdout } = await run("devices");
    expect(stdout).toMatch(/^cpu {5}A processor {2}ready {2}cpu .* – .* 0 % .* – /m);
    expect(stdout).toContain("No NVIDIA GPU was found");
    expect(JSON.parse((await run("devices", "--json")).stdout)).toMatchObject([
      { id: "cpu", temperatureC: null },
    ]);
  });

  it("jobs are listed, filtered and paged", async () => {
    const { run, engine } = await runningEngine();
    engine.jobs.push(aJob({ leaseId: "lease_2", market: "aitbc", state: "failed" }));
    const page = await run("jobs", "--limit", "1");
    expect(page.stdout).toContain("lease_1");
    expect(page.stdout).not.toContain("lease_2");
    expect(page.stderr).toBe("Older ones: add --before cursor\n");
    const failed = await run("jobs", "--market", "aitbc", "--state", "failed", "--before", "c", "--json");
    expect(JSON.parse(failed.stdout).jobs).toMatchObject([{ leaseId: "lease_2" }]);
    expect(engine.asked.at(-1)?.input).toMatchObject({ market: "aitbc", state: "failed", before: "c" });
    expect((await run("jobs", "--state", "lost")).stdout).toBe("No job matches.\n");
  });

  it("one job is shown with its history", async () => {
    const { run } = await runningEngine();
    const { stdout } = await run("jobs", "show", "lease_1");
    expect(stdout).toMatch(/^Lease +lease_1$/m);
    expect(stdout).toMatch(/accepted$/m);
    expect(JSON.parse((await run("jobs", "show", "lease_1", "--json")).stdout)).toMatchObject({
      attempts: 1,
    });
    const missing = await run("jobs", "show", "nothing");
    expect(missing).toMatchObject({ code: 1, stderr: "Error: There is no job nothing.\n" });
  });

  it("a receipt goes to stdout or to a file, and verifies there", async () => {
    const { run, engine, data } = await runningEngine();
    const signed = receiptJson();
    engine.jobs.push(aJob({ leaseId: "signed", receipt: signed }));
    expect((await run("receipt", "signed")).stdout).toBe(`${signed}\n`);

    const file = path.join(data, "receipt.json");
    expect(await run("receipt", "signed", "-o", file)).toMatchObject({ code: 0, stdout: "" });
    expect(await bellows(["verify", file])).toMatchObject({ code: 0 });

    engine.jobs.push(aJob({ leaseId: "fresh", state: "running", digest: null, receipt: null }));
    const none = await run("receipt", "fresh");
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("no receipt: it is running") });
    const gone = await run("receipt", "lease_1");
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining("no longer kept") });
    const nowhere = await run("receipt", "signed", "-o", path.join(data, "no", "folder"));
    expect(nowhere).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/can't be written \(ENOENT\)\. .*-o\.\n$/),
    });
  });

  it("a lease is found by its beginning, while only one begins so", async () => {
    const { run, engine } = await runningEngine();
    engine.jobs.push(aJob({ leaseId: "lease_4941e47cd03" }), aJob({ leaseId: "lease_49ffffffff0" }));
    expect((await run("jobs", "show", "lease_4941e47cd…")).stdout).toMatch(/^Lease +lease_4941e47cd03$/m);
    const unclear = await run("jobs", "show", "lease_49");
    expect(unclear).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Error: More than one lease begins with "lease_49": .* Write more/),
    });
    expect((await run("jobs", "show", "leas…")).code).toBe(2);
    expect((await run("jobs", "show", "lea")).code).toBe(1);
  });

  it("dashboard prints a new address each time, that opens it once", async () => {
    const { run, server } = await runningEngine();
    const [first, second] = [(await run("dashboard")).stdout.trim(), (await run("dashboard")).stdout.trim()];
    expect(first).not.toBe(second);
    expect(first.startsWith(`${server.url}/#token=`)).toBe(true);
    const open = () =>
      fetch(`${server.url}/api/session`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ token: first.split("=")[1] }),
      });
    expect((await open()).status).toBe(204);
    expect((await open()).status).toBe(401);
  });

  it("dashboard says so when there is none", async () => {
    const { run } = await runningEngine({ dashboard: false });
    expect(await run("dashboard")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: This engine serves no dashboard\. .*--no-dashboard/),
    });
  });

  it("a second engine in the same folder is refused", async () => {
    const { run, server } = await runningEngine({ mode: "demo" });
    const { code, stderr } = await run("demo");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Error: Bellows already runs with the data folder .*demo \(pid \d+, http.*`bellows dashboard`/,
    );
    expect(stderr).toContain(server.url);
  });

  it("the live engine is found before the demo", async () => {
    const { data, engine } = await runningEngine({ mode: "live" });
    const other = new ScriptedEngine();
    fs.mkdirSync(path.join(data, "demo"));
    const control = { port: 0, explicit: true, staticFolder: null };
    const server = await startControlServer({
      readiness: () => ({ ready: true, reasons: [] }),
      handlers: other.handlers,
      onDelta: other.onDelta,
      control,
      dataFolder: path.join(data, "demo"),
    });
    onTestFinished(() => server.close());
    await bellows(["pause", "--data", data]);
    expect([engine.asked.length, other.asked.length]).toEqual([1, 0]);
    await bellows(["pause", "--data", path.join(data, "demo")]);
    expect([engine.asked.length, other.asked.length]).toEqual([1, 1]);
  });

  it("an engine that stops answering is an error in words", async () => {
    const { data, engine } = await runningEngine();
    engine.deviceError = new Error("the driver is gone");
    const { code, stderr } = await bellows(["devices", "--data", data]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "Error: the driver is gone. Please report this with the diagnostics file.\n",
    });
    const debugged = await bellows(["devices", "--data", data], { BELLOWS_DEBUG: "1" });
    expect(debugged.stderr).toMatch(STACK);
  });

  it.runIf(process.platform === "linux")("a reader that closes the pipe early is no error", async () => {
    const { data, engine } = await runningEngine();
    for (let i = 0; i < 900; i++) engine.jobs.push(aJob({ leaseId: `lease_${"x".repeat(150)}_${i}` }));
    const cli = fileURLToPath(new URL("../../dist/node/cli.js", import.meta.url));
    // The engine lives in this process, so the shell must not block it.
    const shell = `"$0" "$1" jobs --limit 1000 --data "$2" | head -1; echo "\${PIPESTATUS[0]}"`;
    const { spawn } = await import("node:child_process");
    const child = spawn("bash", ["-c", shell, process.execPath, cli, data], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    await new Promise((resolve) => child.on("close", resolve));
    expect(output).toMatch(/^Leased .*\n0\n$/);
  });
});

const signer = keyPairFromSeed(new Uint8Array(32).fill(7));

function receiptOf() {
  const catalogueFile = new URL("../../resources/models/catalogue.json", import.meta.url);
  const [model] = CatalogueSchema.parse(JSON.parse(fs.readFileSync(catalogueFile, "utf8"))).models;
  if (model === undefined) throw new Error("The catalogue is empty");
  const { id, version, files } = model;
  return buildReceipt(
    facts({ model: { id, version, files, manifestSha256: modelManifestSha256(files) } }),
    signer,
  );
}
const receiptJson = () => receiptToJson(receiptOf());

describe("verify", () => {
  function written(name: string, content: string | Uint8Array): string {
    const file = path.join(tempFolder(), name);
    fs.writeFileSync(file, content);
    return file;
  }

  it("prints each check of a good receipt, as JSON or as it is sent, with its output and key", async () => {
    const json = written("receipt.json", receiptJson());
    const output = written("output.cbor", outputOf(2, 3));
    const key = sha3_256(signer.publicKey);
    const { code, stdout } = await bellows(["verify", json, "--output", output, "--key", key]);
    expect(code).toBe(0);
    for (const name of [
      "format",
      "provider-key",
      "signature",
      "expected-key",
      "model-manifest",
      "model-catalogue",
      "output",
    ]) {
      expect(stdout).toMatch(new RegExp(`^ok {2,}${name} `, "m"));
    }
    const cbor = await bellows(["verify", written("receipt.cbor", encodeReceipt(receiptOf())), "--json"]);
    expect(JSON.parse(cbor.stdout)).toMatchObject({ verified: true, checks: expect.any(Array) });
  });

  it.each([
    ["a changed fact", (text: string) => text.replace("lease_00112233", "lease_00112234"), "signature"],
    [
      "another model file",
      (text: string) => text.replace(/"sha256": "e4dc/, '"sha256": "e4dd'),
      "model-manifest",
    ],
    ["a removed field", (text: string) => text.replace(/"job_id": .*\n/, ""), "format"],
  ])("finds %s, with exit code 4", async (_what, tamper, failing) => {
    const good = receiptJson();
    const tampered = tamper(good);
    expect(tampered).not.toBe(good);
    const file = written("receipt.json", tampered);
    const { code, stdout } = await bellows(["verify", file]);
    expect(code).toBe(4);
    expect(stdout).toMatch(new RegExp(`^FAILED {2,}${failing} `, "m"));
    const json = await bellows(["verify", file, "--json"]);
    expect(JSON.parse(json.stdout).verified).toBe(false);
    expect(json.code).toBe(4);
  });

  it("finds an output that is not the receipt's, and a key that did not sign", async () => {
    const json = written("receipt.json", receiptJson());
    const output = await bellows(["verify", json, "--output", written("other.cbor", outputOf(3, 2))]);
    expect(output).toMatchObject({ code: 4, stdout: expect.stringMatching(/^FAILED {2,}output /m) });
    const key = await bellows(["verify", json, "--key", "0".repeat(64)]);
    expect(key).toMatchObject({ code: 4, stdout: expect.stringMatching(/^FAILED {2,}expected-key /m) });
  });

  it.each([
    ["a text", "# Bellows", /it is not JSON/],
    ["nothing", "", /it is not JSON/],
    ["a list", "[]", /not a receipt/],
  ])("says of %s that it is no receipt, and nothing of encodings", async (_what, content, why) => {
    const { code, stdout } = await bellows(["verify", written("file", content)]);
    expect(code).toBe(4);
    expect(stdout).toMatch(why);
    expect(stdout).not.toContain("CBOR");
  });

  it("reads stdin, and says what it can't read", async () => {
    const cli = fileURLToPath(new URL("../../dist/node/cli.js", import.meta.url));
    const piped = spawnSync(process.execPath, [cli, "verify", "-"], {
      input: receiptJson(),
      encoding: "utf8",
    });
    expect(piped.stdout).toContain("This receipt holds.");
    expect(await bellows(["verify", "/nowhere/receipt.json"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: \/nowhere\/receipt\.json can't be read \(ENOENT\)/),
    });
  });
});

describe("the control file", () => {
  it("is written so that the CLI can read it", async () => {
    const { data, server, dataFolder } = await runningEngine();
    // As a control file of the next version may have it: unknown fields do no harm.
    const control = JSON.parse(fs.readFileSync(controlFilePath(dataFolder), "utf8"));
    writeControlFile(dataFolder, { ...control, added: true });
    expect((await bellows(["status", "--data", data])).code).toBe(0);
    expect(control.url).toBe(server.url);
  });
});

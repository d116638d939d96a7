/** What goes wrong at a start: one sentence with cause and remedy, exit code ≠ 0, and nothing lost. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { bellows, type Finished, RunningDemo, startBellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

const MODEL = fileURLToPath(new URL("../../.cache/models/all-MiniLM-L6-v2", import.meta.url));
const DEMO = ["demo", "--until-accepted", "1", "--json", "--timeout", "60s"];

/** "Error: <cause>. <remedy>", on stderr, once, without a stack. */
function expectOneSentence({ stderr, stdout }: Finished, cause: RegExp, remedy: RegExp): void {
  const errors = stderr.split("\n").filter((line) => line.startsWith("Error: "));
  expect(errors, stderr).toHaveLength(1);
  expect(errors[0]).toMatch(cause);
  expect(errors[0]).toMatch(remedy);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe("");
}

async function aClosedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function aBusyPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

describe("bad input at a start", () => {
  it("an unknown option: suggests the right one", async () => {
    const result = await bellows(["demo", "--until-acepted", "1"]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/unknown option '--until-acepted'.*--until-accepted/is);
  });

  it("a port in use", async () => {
    const port = await aBusyPort();
    const result = await bellows(["demo", "--data", tempFolder(), "--port", String(port)]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(new RegExp(`port ${port}`, "i"));
    expect(result.stderr).toMatch(/--port/);
  });

  it("a market's port in use", async () => {
    const port = await aBusyPort();
    const result = await bellows(["devnet", "--data", tempFolder(), "--coordinator-port", String(port)]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(new RegExp(`${port}`));
  });

  it("a data folder that can't be written", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "taken"), "a file where the folder should be");
    for (const place of [join(folder, "taken"), "/proc/bellows"]) {
      const result = await bellows(["demo", "--data", place, "--port", "0"]);
      expect(result.code, result.stderr).toBe(1);
      expectOneSentence(result, /data folder/, /--data/);
    }
  });

  it("a damaged ledger: restored from its snapshot, the damaged file kept", async () => {
    const demo = await RunningDemo.start();
    await demo.until((state) => state.throughput.acceptedTotal > 2, "some results");
    demo.process.child.kill("SIGTERM");
    await demo.process.exited;
    const ledger = join(demo.folder, "demo", "ledger.sqlite");
    writeFileSync(ledger, Buffer.alloc(4096, 1), { flag: "r+" });

    const again = startBellows(["demo", "--data", demo.folder, "--port", "0"]);
    const state = await new RunningDemo(demo.folder, again).until(
      (s) => s.engine.notices.length > 0,
      "the notice",
    );
    expect(state.engine.notices[0]).toMatchObject({ code: "LEDGER_RESTORED", actor: "user" });
    again.child.kill("SIGTERM");
    expect(await again.exited).toBe(0);
  });

  it("a damaged ledger without a snapshot: refused, untouched", async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, "demo"));
    const ledger = join(folder, "demo", "ledger.sqlite");
    writeFileSync(ledger, "this is no database, but it is all there is".repeat(100));
    const result = await bellows(["demo", "--data", folder, "--port", "0"]);
    expect(result.code).toBe(2); // Only a person can mend it: no service manager starts it again.
    expect(result.stderr).toMatch(/ledger .*is damaged/);
    expect(result.stderr).toMatch(/Keep the file/);
    expect(readFileSync(ledger, "utf8")).toMatch(/^this is no database/);
  });

  it("a missing model file", async () => {
    const result = await bellows(DEMO, { BELLOWS_CACHE_DIR: tempFolder() });
    expect(result.code).toBe(1);
    expectOneSentence(result, /all-MiniLM-L6-v2 is incomplete: model_q4.onnx is not in/, /npm run setup/);
  });

  it("a model file with a wrong sha256, and one cut short", async () => {
    const folder = tempFolder();
    const copy = join(folder, "models", "all-MiniLM-L6-v2");
    mkdirSync(copy, { recursive: true });
    for (const name of [
      "model_q4.onnx",
      "model_q4.onnx_data",
      "config.json",
      "special_tokens_map.json",
      "tokenizer_config.json",
    ]) {
      symlinkSync(join(MODEL, name), join(copy, name));
    }
    cpSync(join(MODEL, "tokenizer.json"), join(copy, "tokenizer.json"));
    const bytes = readFileSync(join(copy, "tokenizer.json"));
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(join(copy, "tokenizer.json"), bytes);
    const flipped = await bellows(DEMO, { BELLOWS_CACHE_DIR: folder });
    expect(flipped.code).toBe(1);
    expectOneSentence(flipped, /tokenizer\.json.*sha256/i, /npm run setup/);

    truncateSync(join(copy, "tokenizer.json"), 500);
    const cut = await bellows(DEMO, { BELLOWS_CACHE_DIR: folder });
    expect(cut.code).toBe(1);
    expectOneSentence(cut, /tokenizer\.json/, /npm run setup/);
  });

  it("markets that do not answer: the engine says so, keeps trying, and stops when asked", async () => {
    const folder = tempFolder();
    const port = await aClosedPort();
    const served = startBellows(["serve", "--data", folder, "--port", "0"], {
      AICF_QUEUE_URL: `http://127.0.0.1:${port}`,
      BELLOWS_KEY_PASSPHRASE: "four words make one",
    });
    const demo = new RunningDemo(folder, served, "live");
    const state = await demo.until((s) => s.headline.level === "offline", "the engine to notice");
    expect(state.headline.reasons[0]?.text).toMatch(new RegExp(`AICF: .*refused.*127.0.0.1:${port}`, "i"));
    expect(state.markets[0]).toMatchObject({ state: "unreachable", error: { actor: "network" } });
    served.child.kill("SIGTERM");
    expect(await served.exited).toBe(0);
  });

  it("serve without a market: tells what to set", async () => {
    const result = await bellows(["serve", "--data", tempFolder()]);
    expect(result.code).not.toBe(0);
    expectOneSentence(result, /market/i, /AITBC_COORDINATOR_URL|bellows demo/);
  });
});

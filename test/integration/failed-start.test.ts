/** A start that fails, or is stopped, ends at once with its reason, and leaves nothing open: no helper of the driver, no ledger. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SECOND } from "../../src/shared/durations.ts";
import { bellows, commandLine, descendants, isAlive, startBellows } from "../support/bellows.ts";
import { heavyModels } from "../support/heavy-models.ts";
import { C_COMPILER, compileNvmlStub } from "../support/nvml-stub.ts";
import { tempFolder } from "../support/temp-folder.ts";

const OWN = { BELLOWS_KEY_PASSPHRASE: "four words make one" };
const OTHER = { BELLOWS_KEY_PASSPHRASE: "four other words here" };
const NOBODY = { AICF_QUEUE_URL: "http://127.0.0.1:9", METRICS_ENABLED: "0" };
/** A helper that stays keeps it from ending for ever. */
const AT_ONCE = 30 * SECOND;

/** A data folder whose key is under another passphrase than `OTHER`. */
async function folderWithKey(): Promise<string> {
  const data = tempFolder();
  expect(await bellows(["identity", "new", "--data", data], OWN)).toMatchObject({ code: 0 });
  return data;
}

const serveIn = (data: string) => ["serve", "--data", data, "--port", "0", "--no-dashboard"];
const closedInOrder = (data: string) =>
  existsSync(join(data, "live", "ledger.sqlite.clean")) &&
  !existsSync(join(data, "live", "ledger.sqlite-wal"));
const helperOf = (pid: number) => descendants(pid).find((child) => commandLine(child).includes("nvml.js"));

describe.skipIf(C_COMPILER === null)(
  "with an NVIDIA driver (needs a C compiler for the stub library)",
  () => {
    it("a wrong passphrase ends it with its exit code, and the ledger closed", {
      timeout: AT_ONCE,
    }, async () => {
      const { env } = compileNvmlStub();
      const data = await folderWithKey();
      const refused = await bellows(serveIn(data), { ...NOBODY, ...OTHER, ...env });
      expect(refused.stderr).toMatch(/^Error: .*passphrase/m);
      expect(refused.code).toBe(2);
      expect(closedInOrder(data)).toBe(true);
    });

    it("so does one that fails while the driver still thinks", { timeout: AT_ONCE }, async () => {
      const stub = compileNvmlStub();
      stub.behave({ nvmlInit_v2: "hang" });
      const data = await folderWithKey();
      const refused = await bellows(serveIn(data), { ...NOBODY, ...OTHER, ...stub.env });
      expect(refused.code).toBe(2);
      expect(closedInOrder(data)).toBe(true);
    });

    it("a start that is stopped ends its helper with it", { timeout: 2 * AT_ONCE }, async () => {
      const folder = tempFolder();
      const MODEL_DIR = heavyModels(["llama3.2-3b-instruct-ollama", "qwen2.5-0.5b-instruct"]);
      const env = { ...NOBODY, ...OWN, ...compileNvmlStub().env, MODEL_DIR };
      const started = startBellows([...serveIn(folder), "--log-format", "human"], env);
      await expect.poll(started.stderr, { timeout: AT_ONCE }).toMatch(/Starting: Checking the model/);
      const helper = helperOf(started.child.pid ?? 0);
      expect(helper).toBeDefined();
      started.child.kill("SIGTERM");
      expect(await started.exited).toBe(0);
      expect(started.stderr()).toContain("Stopped before it was ready.");
      expect(isAlive(helper ?? 0)).toBe(false);
      expect(closedInOrder(folder)).toBe(true);
    });
  },
);

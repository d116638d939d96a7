/** The way back to an older version on a server: its command line, and the engine's next start. */
import { mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { SCHEMA } from "../../src/engine/ledger/way-back.ts";
import { bellows, RunningDemo, startBellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** As a newer version leaves it: a copy of before, and a schema nobody here knows. */
async function updatedOnce(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const ledger = await Ledger.open(folder);
  ledger.setSetting("who", "the older version");
  await ledger.snapshot(Date.now());
  ledger.close();
  const newer = new Database(path.join(folder, "ledger.sqlite"));
  newer.prepare("UPDATE settings SET value = 'the newer version' WHERE key = 'who'").run();
  newer.pragma(`user_version = ${SCHEMA + 1}`);
  newer.close();
}

describe("bellows ledger go-back", () => {
  it("says what it costs, and goes back at the next start once it is told to", async () => {
    const data = tempFolder();
    const folder = path.join(data, "demo");
    await updatedOnce(folder);
    const refused = await bellows(["demo", "--data", data, "--port", "0"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/written by a newer Bellows.*bellows ledger go-back/);

    const asked = await bellows(["ledger", "go-back", "--data", data]);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain("What happened since then is not in it");
    expect(asked.stderr).toContain("--yes");
    const yes = await bellows(["ledger", "go-back", "--yes", "--data", data]);
    expect(yes.code, yes.stderr).toBe(0);
    expect(yes.stdout).toMatch(/^The next start goes on from the copy of \d{4}-/);

    const demo = new RunningDemo(data, startBellows(["demo", "--data", data, "--port", "0"]));
    const { engine } = await demo.until((state) => state.engine.intent === "running", "the engine to run");
    expect(engine.notices.map(({ code }) => code)).toContain("LEDGER_WENT_BACK");
    const [aside] = readdirSync(folder).filter((name) => name.startsWith(`ledger-schema-${SCHEMA + 1}-`));
    const kept = new Database(path.join(folder, aside ?? ""), { readonly: true });
    expect(kept.prepare("SELECT value FROM settings WHERE key = 'who'").pluck().get()).toBe(
      "the newer version",
    );
    kept.close();
    const { events } = await demo.invoke("activity.list", { type: "ledger-restored", limit: 5 });
    expect(events).toHaveLength(1);
  });

  it("is said beforehand where no command reaches the folder", async () => {
    const data = tempFolder();
    await updatedOnce(path.join(data, "live"));
    const env = {
      BELLOWS_KEY_PASSPHRASE: "four words make one",
      AICF_QUEUE_URL: "http://127.0.0.1:9",
      METRICS_ENABLED: "0",
    };
    const args = ["serve", "--data", data, "--port", "0", "--no-dashboard"];
    const refused = await bellows(args, env);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining("by a start with BELLOWS_LEDGER_GO_BACK=1"),
    ]);
    const process = startBellows(args, { ...env, BELLOWS_LEDGER_GO_BACK: "1" });
    const { engine } = await new RunningDemo(data, process, "live").until(() => true, "the engine to run");
    expect(engine.notices.map(({ code }) => code)).toContain("LEDGER_WENT_BACK");
    process.child.kill("SIGTERM");
    expect(await process.exited).toBe(0);
  });

  it("changes nothing where this version can read the ledger, or there is no copy", async () => {
    const data = tempFolder();
    const none = await bellows(["ledger", "go-back", "--yes", "--data", data]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("nothing to go back from")]);
    const folder = path.join(data, "live");
    await updatedOnce(folder);
    for (const name of readdirSync(path.join(folder, "snapshots"))) {
      const copy = new Database(path.join(folder, "snapshots", name));
      copy.pragma(`user_version = ${SCHEMA + 1}`);
      copy.close();
    }
    const json = await bellows(["ledger", "go-back", "--yes", "--json", "--data", data]);
    expect([json.code, json.stderr]).toEqual([1, expect.stringContaining("no copy of the ledger")]);
  });
});

import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readDevnetLog } from "../../../src/devnet/log.ts";
import { Store } from "../../../src/devnet/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { openStore, START, testClock } from "./support.ts";

const registered = (providerId: string) => ({ event: "registered", providerId, created: true }) as const;

describe("the log", () => {
  it("stands in the file by the time a change returns, stamped and numbered from 1", () => {
    const { store, log } = openStore();
    store.transact(() => store.log.record("aicf", registered("a")));
    store.transact(() => {
      store.log.record("aitbc", registered("b"));
      store.transact(() => store.log.record("aitbc", registered("c")));
    });
    expect(log()).toEqual([
      { seq: 1, at: START, market: "aicf", ...registered("a") },
      { seq: 2, at: START, market: "aitbc", ...registered("b") },
      { seq: 3, at: START, market: "aitbc", ...registered("c") },
    ]);
  });

  it("knows nothing of a change that was rolled back, and leaves no gap for it", () => {
    const { store, log } = openStore();
    const failing = () =>
      store.transact(() => {
        store.log.record("aicf", registered("lost"));
        throw new Error("disk on fire");
      });
    expect(failing).toThrow("disk on fire");
    store.transact(() => store.log.record("aicf", registered("kept")));
    expect(log()).toEqual([expect.objectContaining({ seq: 1, providerId: "kept" })]);
  });

  it("refuses a line that no transaction carries", () => {
    const { store } = openStore();
    expect(() => store.log.record("aicf", registered("a"))).toThrow(/outside a transaction/);
  });

  it("catches up after a kill between commit and append, and after a torn line", () => {
    const folder = tempFolder();
    const file = join(folder, "log.jsonl");
    const before = Store.open(folder, testClock());
    for (const id of ["a", "b", "c"]) before.transact(() => before.log.record("aicf", registered(id)));
    before.close();
    const whole = readFileSync(file, "utf8");
    const second = whole.indexOf("\n") + 1;
    truncateSync(file, second + 20); // Line 2 is torn, line 3 was never written.

    const { store } = openStore(testClock(), folder);
    store.transact(() => store.log.record("aicf", registered("d")));
    const lines = readDevnetLog(file);
    expect(lines.map((line) => line.seq)).toEqual([1, 2, 3, 4]);
    expect(readFileSync(file, "utf8").startsWith(whole)).toBe(true);
  });

  it("goes on counting after its rows were swept", () => {
    const folder = tempFolder();
    const first = Store.open(folder, testClock());
    for (let i = 0; i < 600; i++) first.transact(() => first.log.record("aicf", registered(`p${i}`)));
    const kept = first.db.prepare<[], { n: number }>("SELECT COUNT(*) AS n FROM log_lines").get();
    expect(kept?.n).toBeLessThan(300);
    first.close();
    const { store, log } = openStore(testClock(), folder);
    store.transact(() => store.log.record("aicf", registered("last")));
    expect(log().map((line) => line.seq)).toEqual(Array.from({ length: 601 }, (_, i) => i + 1));
  });

  it("starts anew when the database it belonged to is gone", () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "log.jsonl"), '{"seq":900,"at":1,"market":"aicf"}\n');
    const { store, log } = openStore(testClock(), folder);
    store.transact(() => store.log.record("aicf", registered("new")));
    expect(log()).toEqual([expect.objectContaining({ seq: 1, providerId: "new" })]);
  });

  it("is read without its torn end, and a foreign line is named", () => {
    const { store, log } = openStore();
    store.transact(() => store.log.record("aicf", registered("a")));
    appendFileSync(store.log.file, '{"seq":2,"at":');
    expect(log()).toHaveLength(1);
    appendFileSync(store.log.file, "\n");
    expect(log).toThrow(/Line 2 of .* is not a devnet log line/);
  });
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { Jobs } from "../../../src/devnet/aicf/jobs.ts";
import { Store } from "../../../src/devnet/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { openStore, testClock } from "./support.ts";

describe("the devnet's store", () => {
  it("makes a value once and keeps it over restarts", () => {
    const folder = tempFolder();
    const first = Store.open(folder, testClock());
    expect(first.metaOnce("key", () => "made")).toBe("made");
    first.close();
    const { store } = openStore(testClock(), folder);
    expect(store.metaOnce("key", () => "made again")).toBe("made");
    store.setMeta("key", "set");
    expect(store.getMeta("key")).toBe("set");
    expect(store.getMeta("other")).toBeNull();
  });

  it("commits fully and belongs to one process", () => {
    const { store, folder } = openStore();
    expect(store.db.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(store.db.pragma("synchronous", { simple: true })).toBe(2);
    expect(() => Store.open(folder, testClock())).toThrow(/Another devnet is already using the data folder/);
  });

  it("compiles a text once, however often it is prepared", () => {
    const { store } = openStore();
    expect(store.db.prepare("SELECT 1")).toBe(store.db.prepare("SELECT 1"));
  });

  it("finds AICF's next jobs in their order without sorting all that wait", () => {
    const { store } = openStore();
    const asked: string[] = [];
    const prepare = store.db.prepare.bind(store.db) as (sql: string) => Database.Statement;
    store.db.prepare = ((sql: string) => {
      asked.push(sql);
      return prepare(sql);
    }) as Database.Database["prepare"];
    new Jobs(store.db).due({ models: null, region: null, embed: true, generate: true }, 0, 1);
    const plan = prepare(`EXPLAIN QUERY PLAN ${asked[0]}`).all({
      models: null,
      region: null,
      embed: 1,
      generate: 1,
      now: 0,
      limit: 1,
    });
    expect(JSON.stringify(plan)).toContain("USING INDEX aicf_jobs_by_state");
    expect(JSON.stringify(plan)).not.toContain("TEMP B-TREE");
  });

  it("says in words that its file is no database, or of another version", () => {
    const damaged = tempFolder();
    writeFileSync(join(damaged, "devnet.sqlite"), "this is not a database, not even a small one".repeat(30));
    expect(() => Store.open(damaged, testClock())).toThrow(/cannot be opened: file is not a database/);
    const { store, folder } = openStore();
    store.db.pragma("user_version = 99");
    store.close();
    expect(() => Store.open(folder, testClock())).toThrow(/written by a newer version of Bellows \(99\)/);
  });
});

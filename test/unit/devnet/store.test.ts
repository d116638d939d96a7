import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
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

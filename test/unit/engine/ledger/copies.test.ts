/** Which copy of the ledger is the newest, whatever the clock said when it was made. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const ruin = (folder: string) =>
  writeFileSync(join(folder, "ledger.sqlite"), Buffer.alloc(8192, "this was a database once. "));
const datesIn = (folder: string) =>
  readdirSync(join(folder, "snapshots"))
    .map((name) => name.slice("ledger-".length, "ledger-2026".length))
    .sort();

describe("copies of the ledger", () => {
  it("are restored by their content, not by their dates: a clock that ran ahead takes nothing back", async () => {
    const folder = tempFolder();
    const ledger = await Ledger.open(folder);
    ledger.leases.insert(aLease({ leaseId: "while the clock was wrong" }), 5);
    await ledger.snapshot(Date.UTC(2036, 0, 1));
    ledger.leases.insert(aLease({ leaseId: "since it is right" }), 6);
    await ledger.snapshot(Date.UTC(2026, 0, 1));
    ledger.close();
    ruin(folder);
    const restored = await Ledger.open(folder);
    expect(restored.leases.find("since it is right")).not.toBeNull();
    restored.close();
  });

  it("are pruned by their content: the oldest goes, though it is dated last", async () => {
    const folder = tempFolder();
    const ledger = await Ledger.open(folder);
    await ledger.snapshot(Date.UTC(2036, 0, 1));
    for (let year = 2026; year < 2031; year++) await ledger.snapshot(Date.UTC(year, 0, 1));
    ledger.close();
    expect(datesIn(folder)).toEqual(["2026", "2027", "2028", "2029", "2030"]);
  });

  it("made after a restore are newer than all that were made before it", async () => {
    const folder = tempFolder();
    const first = await Ledger.open(folder);
    for (let year = 2026; year < 2031; year++) await first.snapshot(Date.UTC(year, 0, 1));
    first.close();
    ruin(folder);
    const restored = await Ledger.open(folder);
    restored.leases.insert(aLease({ leaseId: "after the restore" }), 5);
    await restored.snapshot(Date.UTC(2025, 0, 1));
    restored.close();
    ruin(folder);
    const again = await Ledger.open(folder);
    expect(again.leases.find("after the restore")).not.toBeNull();
    again.close();
  });

  it("that nobody counted yet are told apart by what is in them", async () => {
    const folder = tempFolder();
    const ledger = await Ledger.open(folder);
    const copy = async (year: number) => {
      await ledger.snapshot(Date.UTC(year, 0, 1));
      const { default: Database } = await import("better-sqlite3");
      const name = readdirSync(join(folder, "snapshots")).find((each) => each.includes(String(year))) ?? "";
      const db = new Database(join(folder, "snapshots", name));
      db.prepare("DELETE FROM settings WHERE key = 'ledger.copies'").run();
      db.close();
    };
    ledger.audit("engine-started", 1, {});
    await copy(2036);
    ledger.audit("engine-stopped", 2, {});
    ledger.setSetting("found", "yes");
    await copy(2026);
    ledger.close();
    ruin(folder);
    const restored = await Ledger.open(folder);
    expect(restored.setting("found")).toBe("yes");
    restored.close();
  });

  it.skipIf(process.platform === "win32")(
    "that can't be opened just now stay; what is no database goes",
    async () => {
      const folder = tempFolder();
      const ledger = await Ledger.open(folder);
      for (let year = 2020; year < 2025; year++) await ledger.snapshot(Date.UTC(year, 0, 1));
      const fileOf = (year: number) =>
        join(
          folder,
          "snapshots",
          readdirSync(join(folder, "snapshots")).find((name) => name.includes(String(year))) ?? "",
        );
      // Locked by another program, as a backup does it: whoever opens it is told that it is busy.
      const { default: Database } = await import("better-sqlite3");
      const other = new Database(fileOf(2020));
      other.exec("BEGIN EXCLUSIVE");
      writeFileSync(fileOf(2021), Buffer.alloc(8192, "this was a database once. "));
      for (let year = 2025; year < 2030; year++) await ledger.snapshot(Date.UTC(year, 0, 1));
      other.exec("ROLLBACK");
      other.close();
      expect(datesIn(folder), "the locked one besides the five").toEqual([
        "2020",
        "2025",
        "2026",
        "2027",
        "2028",
        "2029",
      ]);
      await ledger.snapshot(Date.UTC(2030, 0, 1));
      expect(datesIn(folder)).toEqual(["2026", "2027", "2028", "2029", "2030"]);
      ledger.close();
    },
  );
});

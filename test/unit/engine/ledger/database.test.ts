import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const code = (c: string) => expect.objectContaining({ code: c });
const ruin = (file: string) => writeFileSync(file, Buffer.alloc(8192, "this was a database once. "));

describe("opening the ledger", () => {
  it("keeps what was written", async () => {
    const folder = tempFolder();
    const first = await Ledger.open(folder);
    first.leases.insert(aLease({ leaseId: "kept" }), 5);
    first.setSetting("run.intent", "paused");
    first.close();

    const second = await Ledger.open(folder);
    expect(second.leases.find("kept")?.job).toMatchObject({ state: "leased", leasedAt: 5, units: 1 });
    expect(second.setting("run.intent")).toBe("paused");
    expect(second.notices).toEqual([]);
    second.close();
  });

  it("refuses a second engine on the same folder, and lets it in once the first is gone", async () => {
    const folder = tempFolder();
    const first = await Ledger.open(folder);
    await expect(Ledger.open(folder)).rejects.toThrowError(code("ENGINE_ALREADY_RUNNING"));
    first.close();
    (await Ledger.open(folder)).close();
  });

  it("restores the newest snapshot of a damaged ledger and keeps the damaged file", async () => {
    const folder = tempFolder();
    const first = await Ledger.open(folder);
    first.leases.insert(aLease({ leaseId: "in-snapshot" }), 5);
    await first.snapshot(Date.parse("2026-01-02T03:04:05Z"));
    first.close();
    ruin(join(folder, "ledger.sqlite"));

    const restored = await Ledger.open(folder);
    expect(restored.notices).toEqual([code("LEDGER_RESTORED")]);
    expect(restored.leases.find("in-snapshot")).not.toBeNull();
    restored.close();
    const aside = readdirSync(folder).filter((name) => name.startsWith("ledger-damaged-"));
    expect(readFileSync(join(folder, aside[0] ?? ""), "latin1")).toContain("this was a database once");
  });

  it("passes over a snapshot that is damaged itself", async () => {
    const folder = tempFolder();
    const first = await Ledger.open(folder);
    first.leases.insert(aLease({ leaseId: "old" }), 5);
    await first.snapshot(1_000);
    first.leases.insert(aLease({ leaseId: "new" }), 6);
    await first.snapshot(2_000);
    first.close();
    ruin(join(folder, "ledger.sqlite"));
    ruin(join(folder, "snapshots", `ledger-${new Date(2_000).toISOString().replace(/[:.]/g, "-")}.sqlite`));

    const restored = await Ledger.open(folder);
    expect(restored.leases.find("old")).not.toBeNull();
    expect(restored.leases.find("new")).toBeNull();
    restored.close();
  });

  it("starts nothing and loses nothing when there is no snapshot", async () => {
    const folder = tempFolder();
    (await Ledger.open(folder)).close();
    const file = join(folder, "ledger.sqlite");
    ruin(file);
    const damaged = readFileSync(file);
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_CORRUPT"));
    expect(readFileSync(file).equals(damaged)).toBe(true);
  });

  it("keeps only the newest snapshots", async () => {
    const folder = tempFolder();
    const ledger = await Ledger.open(folder);
    for (let hour = 0; hour < 8; hour++) await ledger.snapshot(hour * 3_600_000);
    ledger.close();
    const kept = readdirSync(join(folder, "snapshots")).sort();
    expect(kept).toHaveLength(5);
    expect(kept[0]).toContain("1970-01-01T03-00");
  });

  it("refuses a ledger of a newer Bellows", async () => {
    const folder = tempFolder();
    (await Ledger.open(folder)).close();
    const Sqlite = (await import("better-sqlite3")).default;
    const db = new Sqlite(join(folder, "ledger.sqlite"));
    db.pragma("user_version = 99");
    db.close();
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_TOO_NEW"));
  });
});

import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { StartNews } from "../../../../src/shared/config.ts";
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

  it("takes no result of a restored ledger for unsent: it may have gone out since the snapshot", async () => {
    const folder = tempFolder();
    const first = await Ledger.open(folder);
    for (const [leaseId, sentAt] of [["unsent", null] as const, ["sent", 7] as const]) {
      const row = first.leases.insert(aLease({ leaseId }), 5) as number;
      first.outbox.put({ row, market: "aicf", kind: "result", idempotencyKey: leaseId }, 6);
      if (sentAt !== null) first.outbox.markSending(row, sentAt);
    }
    await first.snapshot(1_000);
    first.close();
    const sentAt = (ledger: Ledger) =>
      ledger.outbox
        .due("aicf", Number.MAX_SAFE_INTEGER, 9)
        .map(({ idempotencyKey, firstSentAt }) => [idempotencyKey, firstSentAt]);
    const whole = await Ledger.open(folder);
    expect(sentAt(whole)).toEqual([
      ["unsent", null],
      ["sent", 7],
    ]);
    whole.close();
    ruin(join(folder, "ledger.sqlite"));
    const restored = await Ledger.open(folder);
    expect(sentAt(restored)).toEqual([
      ["unsent", expect.any(Number)],
      ["sent", 7],
    ]);
    restored.close();
    expect(readdirSync(folder).filter((name) => name.endsWith(".restored"))).toEqual([]);
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

  it("copies once after the clock was set back, and keeps the newest contents whatever their dates", async () => {
    const folder = tempFolder();
    const ledger = await Ledger.open(folder);
    const names = () => readdirSync(join(folder, "snapshots")).sort();
    for (let day = 10; day < 15; day++) await ledger.snapshot(Date.UTC(2026, 0, day));
    const back = Date.UTC(2026, 0, 1);
    await ledger.snapshotIfDue(back);
    expect(names()[0]).toContain("2026-01-01");
    expect(names()).toHaveLength(5);
    const before = names();
    await ledger.snapshotIfDue(back + 60_000);
    expect(names(), "a minute later there is nothing to do").toEqual(before);
    await ledger.snapshotIfDue(back + 3_600_000);
    expect(names().map((name) => name.slice("ledger-2026-01-".length, -":00-00-000Z.sqlite".length))).toEqual(
      ["01T00", "01T01", "12T00", "13T00", "14T00"],
    );
    ledger.close();
  });

  it("ends a restore that was cut off between its last two moves", async () => {
    const folder = tempFolder();
    const file = join(folder, "ledger.sqlite");
    const first = await Ledger.open(folder);
    first.leases.insert(aLease({ leaseId: "in-snapshot" }), 5);
    first.close();
    renameSync(file, `${file}.restored`);
    const again = await Ledger.open(folder);
    expect(again.leases.find("in-snapshot")).not.toBeNull();
    expect(again.notices, "and says so").toEqual([code("LEDGER_RESTORED")]);
    again.close();
    expect(existsSync(`${file}.restored`)).toBe(false);
  });

  it("ends one whose own copy is not whole with another, or begins no new ledger", async () => {
    const folder = tempFolder();
    const file = join(folder, "ledger.sqlite");
    const first = await Ledger.open(folder);
    first.leases.insert(aLease({ leaseId: "in-snapshot" }), 5);
    await first.snapshot(1_000);
    first.close();
    rmSync(file);
    ruin(`${file}.restored`);
    const again = await Ledger.open(folder);
    expect(again.leases.find("in-snapshot")).not.toBeNull();
    expect(again.notices).toEqual([code("LEDGER_RESTORED")]);
    again.close();

    rmSync(file);
    rmSync(join(folder, "snapshots"), { recursive: true });
    ruin(`${file}.restored`);
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_CORRUPT"));
    expect(existsSync(file)).toBe(false);
  });

  it("leaves no copy behind that could become the ledger one day in silence", async () => {
    const folder = tempFolder();
    const file = join(folder, "ledger.sqlite");
    (await Ledger.open(folder)).close();
    writeFileSync(`${file}.restored`, readFileSync(file));
    (await Ledger.open(folder)).close();
    expect(existsSync(`${file}.restored`)).toBe(false);
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

describe("a big ledger", () => {
  const HUNDRED_MB = 100_000_000;
  /** Bytes of an output fill the file. */
  async function aBigLedger(folder: string): Promise<Ledger> {
    const ledger = await Ledger.open(folder);
    const row = ledger.leases.insert(aLease({ leaseId: "big" }), 5) as number;
    ledger.results.insert(aResult(row), new Uint8Array(HUNDRED_MB), 5);
    return ledger;
  }
  const aResult = (row: number) => ({
    row,
    sha3_512: "",
    sha3_256: "",
    inputSha3_256: "",
    shape: [],
    computeMs: 1,
    receipt: new Uint8Array(),
  });

  it("that was closed in order is not read through again; one that was changed since is", async () => {
    const folder = tempFolder();
    (await aBigLedger(folder)).close();
    const file = join(folder, "ledger.sqlite");
    const { mtimeMs } = statSync(file);
    // Ruined in the middle, and the file's time set back: only who reads everything can find it.
    const disk = openSync(file, "r+");
    writeSync(disk, Buffer.alloc(64_000, "ruined"), 0, 64_000, 2_000_000);
    closeSync(disk);
    utimesSync(file, mtimeMs / 1000, mtimeMs / 1000);
    const note = JSON.parse(readFileSync(`${file}.clean`, "utf8")) as object;
    writeFileSync(`${file}.clean`, JSON.stringify({ ...note, modifiedMs: statSync(file).mtimeMs }));
    const trusted = await Ledger.open(folder);
    trusted.leases.insert(aLease({ leaseId: "later" }), 6);
    trusted.close();

    rmSync(`${file}.clean`);
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_CORRUPT"));
  });

  it("says what takes long before it does it, with patience by its size", async () => {
    const folder = tempFolder();
    (await aBigLedger(folder)).close();
    rmSync(join(folder, "ledger.sqlite.clean"));
    const told: StartNews[] = [];
    const tell = (news: StartNews) => {
      told.push(news);
      return Promise.resolve();
    };
    (await Ledger.open(folder, tell)).close();
    expect(told.map(({ doing }) => doing.text)).toEqual(["Reading the ledger through (0.1 GB)"]);
    expect(told[0]?.patienceMs).toBeGreaterThan(2 * 60_000);
    (await Ledger.open(folder, tell)).close();
    expect(told, "closed in order, it is not read through").toHaveLength(1);
  });

  it("leaves no trust behind while it is open", async () => {
    const folder = tempFolder();
    (await aBigLedger(folder)).close();
    const file = join(folder, "ledger.sqlite");
    expect(existsSync(`${file}.clean`)).toBe(true);
    const open = await Ledger.open(folder);
    expect(existsSync(`${file}.clean`), "a crash from here on leaves none").toBe(false);
    open.close();
  });

  it("is not vouched for once something was wrong with its file, whoever asked and whatever became of that", async () => {
    const folder = tempFolder();
    (await aBigLedger(folder)).close();
    const file = join(folder, "ledger.sqlite");
    const disk = openSync(file, "r+");
    writeSync(disk, Buffer.alloc(64_000, "ruined"), 0, 64_000, 2_000_000);
    closeSync(disk);
    const note = JSON.parse(readFileSync(`${file}.clean`, "utf8")) as object;
    writeFileSync(`${file}.clean`, JSON.stringify({ ...note, modifiedMs: statSync(file).mtimeMs }));
    const trusted = await Ledger.open(folder);
    expect(() => trusted.results.output(1), "it lies in the ruined pages").toThrowError(
      expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CORRUPT/) }),
    );
    trusted.close();
    expect(existsSync(`${file}.clean`)).toBe(false);
  });

  it("is vouched for although a wish was refused", async () => {
    const folder = tempFolder();
    const ledger = await aBigLedger(folder);
    expect(() => ledger.results.insert(aResult(99_999), new Uint8Array(1), 5)).toThrowError(
      expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CONSTRAINT/) }),
    );
    ledger.close();
    expect(existsSync(join(folder, "ledger.sqlite.clean"))).toBe(true);
  });

  it("is copied between other work, and the copy is whole", async () => {
    const folder = tempFolder();
    const ledger = await aBigLedger(folder);
    let turns = 0;
    const timer = setInterval(() => {
      turns++;
      ledger.leases.insert(aLease(), turns);
    });
    await ledger.snapshot(Date.parse("2026-01-02T03:04:05Z"));
    clearInterval(timer);
    expect(turns, "others had their turn").toBeGreaterThan(3);
    ledger.close();
    ruin(join(folder, "ledger.sqlite"));
    const restored = await Ledger.open(folder);
    expect(restored.leases.find("big")).not.toBeNull();
    restored.close();
  });

  it("may be closed while it is copied; the rest of the copy goes with the next one", async () => {
    const folder = tempFolder();
    const ledger = await aBigLedger(folder);
    const copying = ledger.snapshot(1_000);
    ledger.close();
    await copying;
    const again = await Ledger.open(folder);
    await again.snapshot(2_000);
    again.close();
    expect(readdirSync(join(folder, "snapshots"))).toEqual([expect.stringMatching(/^ledger-.*\.sqlite$/)]);
  });

  it("is copied again once the last copy is old enough", async () => {
    const folder = tempFolder();
    const ledger = await Ledger.open(folder);
    const hour = 3_600_000;
    for (const at of [0, hour / 2, hour, 1.5 * hour, 2.5 * hour]) await ledger.snapshotIfDue(at);
    ledger.close();
    expect(readdirSync(join(folder, "snapshots"))).toHaveLength(3);
  });
});

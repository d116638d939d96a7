/** An update changes the ledger's schema; the version before can go on from the copy that was made just before that. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { MIGRATIONS } from "../../../../src/engine/ledger/migrations.ts";
import { readWayBack, SCHEMA, wantWayBack } from "../../../../src/engine/ledger/way-back.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const code = (c: string) => expect.objectContaining({ code: c });
const ledgerOf = (folder: string) => join(folder, "ledger.sqlite");
const copiesIn = (folder: string) => readdirSync(join(folder, "snapshots")).sort();
const asideIn = (folder: string) => readdirSync(folder).filter((name) => name.startsWith("ledger-schema-"));

/** As an older version left it, with one setting in it. */
function anOldLedger(folder: string, schema: number): void {
  const db = new Database(ledgerOf(folder));
  db.pragma("journal_mode = WAL");
  for (const step of MIGRATIONS.slice(0, schema)) db.exec(step);
  db.pragma(`user_version = ${schema}`);
  db.prepare("INSERT INTO settings VALUES ('who', 'the older version')").run();
  db.close();
}

/** What a newer version does to it, but for its rows. */
async function updated(folder: string, schema = SCHEMA + 1): Promise<void> {
  const before = join(folder, "snapshots", `before-schema-${schema}.sqlite`);
  const ledger = await Ledger.open(folder);
  await ledger.snapshot(Date.now());
  ledger.close();
  const [made] = copiesIn(folder).filter((name) => name.startsWith("ledger-"));
  renameSync(join(folder, "snapshots", made ?? ""), before);
  const db = new Database(ledgerOf(folder));
  db.exec("ALTER TABLE settings ADD COLUMN newer TEXT");
  db.prepare("INSERT INTO settings VALUES ('since', 'the update', 'x')").run();
  db.pragma(`user_version = ${schema}`);
  db.close();
}

describe("an update that changes the ledger", () => {
  it("copies it first, as the older version left it", async () => {
    const folder = tempFolder();
    anOldLedger(folder, SCHEMA - 2);
    const ledger = await Ledger.open(folder);
    expect(ledger.setting("who")).toBe("the older version");
    ledger.close();
    expect(copiesIn(folder)).toEqual([`before-schema-${SCHEMA}.sqlite`]);
    const copy = new Database(join(folder, "snapshots", `before-schema-${SCHEMA}.sqlite`), {
      readonly: true,
    });
    expect(copy.pragma("user_version", { simple: true })).toBe(SCHEMA - 2);
    expect(copy.prepare("SELECT value FROM settings WHERE key = 'who'").pluck().get()).toBe(
      "the older version",
    );
    copy.close();
  });

  it("copies neither a new ledger nor one that is as it should be", async () => {
    const folder = tempFolder();
    (await Ledger.open(folder)).close();
    (await Ledger.open(folder)).close();
    expect(copiesIn(folder)).toEqual([]);
  });

  it("keeps that copy out of the rotation, and of such copies a few", async () => {
    const folder = tempFolder();
    anOldLedger(folder, SCHEMA - 1);
    mkdirSync(join(folder, "snapshots"));
    for (const schema of [2, 3, 4]) {
      new Database(join(folder, "snapshots", `before-schema-${schema}.sqlite`))
        .exec("CREATE TABLE a (b)")
        .close();
    }
    const ledger = await Ledger.open(folder);
    for (let hour = 0; hour < 7; hour++) await ledger.snapshot(hour * 3_600_000);
    ledger.close();
    const copies = copiesIn(folder);
    expect(copies.filter((name) => name.startsWith("before-"))).toEqual(
      [3, 4, SCHEMA].map((schema) => `before-schema-${schema}.sqlite`).sort(),
    );
    expect(copies.filter((name) => name.startsWith("ledger-"))).toHaveLength(5);
  });

  it("changes all or nothing: one that fails half-way leaves the older version's ledger", async () => {
    const folder = tempFolder();
    anOldLedger(folder, SCHEMA - 2);
    const db = new Database(ledgerOf(folder));
    // In the way of the last step only.
    const table = /CREATE TABLE (\w+)/.exec(MIGRATIONS[SCHEMA - 1] ?? "")?.[1];
    db.exec(table === undefined ? "DROP TABLE model_needs" : `CREATE VIEW ${table} AS SELECT 1 AS one`);
    db.close();
    await expect(Ledger.open(folder)).rejects.toThrowError();
    const after = new Database(ledgerOf(folder), { readonly: true });
    expect(after.pragma("user_version", { simple: true })).toBe(SCHEMA - 2);
    after.close();
  });
});

describe("a ledger of a newer version", () => {
  it("is refused, with the copy that could be gone back to written down", async () => {
    const folder = tempFolder();
    (await Ledger.open(folder)).close();
    await updated(folder);
    const before = readFileSync(ledgerOf(folder));
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_TOO_NEW"));
    expect(readWayBack(folder)).toEqual({
      copy: `before-schema-${SCHEMA + 1}.sqlite`,
      takenAt: Math.round(statSync(join(folder, "snapshots", `before-schema-${SCHEMA + 1}.sqlite`)).mtimeMs),
      ledgerSchema: SCHEMA + 1,
      wanted: false,
    });
    await expect(Ledger.open(folder), "nothing happens unasked").rejects.toThrowError(code("LEDGER_TOO_NEW"));
    expect(readFileSync(ledgerOf(folder)).equals(before)).toBe(true);
  });

  it("gives way to that copy once a person wants it, and is kept", async () => {
    const folder = tempFolder();
    const old = await Ledger.open(folder);
    const row = old.leases.insert(aLease({ leaseId: "held" }), 5) as number;
    old.outbox.put({ row, market: "aicf", kind: "result", idempotencyKey: "held" }, 6);
    old.close();
    await updated(folder);
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_TOO_NEW"));
    wantWayBack(folder);

    const back = await Ledger.open(folder);
    expect(back.notices).toEqual([code("LEDGER_WENT_BACK")]);
    expect(back.leases.find("held")).not.toBeNull();
    expect(back.setting("since")).toBeNull();
    const [unsent] = back.outbox.due("aicf", Number.MAX_SAFE_INTEGER, 9);
    expect(unsent?.firstSentAt, "the newer version may have sent it").toEqual(expect.any(Number));
    back.close();

    const [aside, ...others] = asideIn(folder);
    expect(others, "one file, its log in it").toEqual([]);
    const newer = new Database(join(folder, aside ?? ""), { readonly: true });
    expect(newer.pragma("user_version", { simple: true })).toBe(SCHEMA + 1);
    expect(newer.prepare("SELECT value FROM settings WHERE key = 'since'").pluck().get()).toBe("the update");
    newer.close();
    expect(readWayBack(folder)).toBeNull();
    const again = await Ledger.open(folder);
    expect(again.notices, "told once").toEqual([]);
    again.close();
  });

  it("gives way to that copy at once where a person has said so beforehand, and not without a copy", async () => {
    const folder = tempFolder();
    (await Ledger.open(folder)).close();
    await updated(folder);
    const back = await Ledger.open(folder, undefined, true);
    expect(back.notices).toEqual([code("LEDGER_WENT_BACK")]);
    expect(back.setting("since")).toBeNull();
    back.close();
    expect(asideIn(folder)).toHaveLength(1);
    const again = await Ledger.open(folder, undefined, true);
    expect(again.notices, "what this version can read stays").toEqual([]);
    again.close();

    await updated(folder, SCHEMA + 2);
    rmSync(join(folder, "snapshots"), { recursive: true });
    await expect(Ledger.open(folder, undefined, true)).rejects.toThrowError(code("LEDGER_TOO_NEW"));
    expect(asideIn(folder)).toHaveLength(1);
  });

  it("is not given up for a copy that has gone or is damaged", async () => {
    const folder = tempFolder();
    (await Ledger.open(folder)).close();
    await updated(folder);
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_TOO_NEW"));
    wantWayBack(folder);
    rmSync(join(folder, "snapshots", `before-schema-${SCHEMA + 1}.sqlite`));
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_TOO_NEW"));
    expect(existsSync(ledgerOf(folder))).toBe(true);
    expect(asideIn(folder)).toEqual([]);
    expect(readWayBack(folder)).toBeNull();
    expect(() => wantWayBack(folder)).toThrowError(code("NO_LEDGER_COPY"));
  });

  it("is offered no copy that this version can't read either", async () => {
    const folder = tempFolder();
    (await Ledger.open(folder)).close();
    await updated(folder);
    const db = new Database(join(folder, "snapshots", `before-schema-${SCHEMA + 1}.sqlite`));
    db.pragma(`user_version = ${SCHEMA + 1}`);
    db.close();
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_TOO_NEW"));
    expect(readWayBack(folder)).toBeNull();
  });

  it("leaves no wish behind that a later update would meet", async () => {
    const folder = tempFolder();
    (await Ledger.open(folder)).close();
    await updated(folder);
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_TOO_NEW"));
    wantWayBack(folder);
    (await Ledger.open(folder)).close();
    await updated(folder, SCHEMA + 2);
    await expect(Ledger.open(folder)).rejects.toThrowError(code("LEDGER_TOO_NEW"));
    expect(readWayBack(folder)?.wanted).toBe(false);
  });
});

/** A full disk: the engine says so in one sentence and ends; with room again it goes on, and nothing computed is lost. */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadSqlite } from "../../src/engine/ledger/database.ts";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { copyBeforeMigration } from "../../src/engine/ledger/snapshots.ts";
import { SCHEMA } from "../../src/engine/ledger/way-back.ts";
import { KIB, MIB, MINUTE, SECOND } from "../../src/shared/durations.ts";
import { descendants, isAlive, RunningDemo, startBellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

const canMount = process.platform === "linux" && process.getuid?.() === 0 && existsSync("/usr/bin/mount");

/** A disk of its own, `megabytes` big. */
function aSmallDisk(megabytes: number): string {
  const folder = tempFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  onTestFinished(() => void execFileSync("umount", ["-l", folder]));
  return folder;
}

const PATIENCE = { timeout: 40 * SECOND };

/** To the last byte. */
function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(64 * KIB));
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "ENOSPC" });
  }
}

describe.skipIf(!canMount)("a full disk", () => {
  it("stops the demo with its cause and remedy; with room it goes on by itself, and ends in order", async () => {
    const folder = aSmallDisk(64);
    const demo = startBellows(["demo", "--data", folder, "--port", "0", "--rate", "12"]);
    const family = new Set<number>();
    const watch = setInterval(() => {
      for (const pid of descendants(demo.child.pid ?? 0)) family.add(pid);
    }, 200);
    onTestFinished(() => clearInterval(watch));
    const again = new RunningDemo(folder, demo);
    await again.until((s) => s.throughput.acceptedTotal > 0, "the first results");
    const ballast = path.join(folder, "ballast");
    fill(ballast);
    await expect.poll(() => demo.stderr(), PATIENCE).toMatch(/The engine is started again: .*disk.*full/i);
    expect(demo.stderr()).toMatch(/Free some space/);
    await expect.poll(() => demo.stderr(), PATIENCE).toMatch(/MB are free, 4 MB are needed to go on/);

    rmSync(ballast);
    const before = (await again.until((s) => s.engine.intent === "running", "the engine again")).throughput;
    const wanted = before.acceptedTotal + 5;
    await again.until((s) => s.throughput.acceptedTotal > wanted, "work after making room");
    const { jobs } = await again.invoke("jobs.list", { limit: 1000 });
    const computed = jobs.filter((job) => job.digest !== null);
    const lost = computed.filter((job) =>
      ["failed", "expired", "lost", "rejected", "returned"].includes(job.state),
    );
    expect(lost).toEqual([]);
    demo.child.kill("SIGINT");
    expect(await demo.exited).toBe(0);
    await expect.poll(() => [...family].filter(isAlive), { timeout: 10 * SECOND }).toEqual([]);
  });

  it("is not filled by copies of the ledger: one that has no room is said once and tried every hour", async () => {
    const folder = aSmallDisk(40);
    const ledger = await Ledger.open(folder);
    onTestFinished(() => ledger.close());
    const ballast = path.join(folder, "ballast");
    writeFileSync(ballast, Buffer.alloc(28 * MIB));
    const failures = () => ledger.activity.list({ type: "snapshot-failed" }, { limit: 99 }).events;
    const copies = () => readdirSync(path.join(folder, "snapshots"));
    for (let minute = 0; minute < 180; minute++) await ledger.snapshotIfDue(minute * MINUTE);
    expect(failures()).toHaveLength(1);
    expect(ledger.snapshotTrouble).toMatchObject({ code: "SNAPSHOT_FAILED" });
    expect(ledger.snapshotTrouble?.message).toMatch(/no room for a copy of the ledger/);
    expect(copies(), "and no part of one takes the rest").toEqual([]);

    rmSync(ballast);
    await ledger.snapshotIfDue(179 * MINUTE + 30 * SECOND);
    expect(copies(), "not yet").toEqual([]);
    await ledger.snapshotIfDue(181 * MINUTE);
    expect(copies()).toHaveLength(1);
    expect(ledger.snapshotTrouble).toBeNull();
    writeFileSync(ballast, Buffer.alloc(28 * MIB));
    await ledger.snapshotIfDue(400 * MINUTE);
    expect(failures(), "another spell").toHaveLength(2);
  });

  it("keeps an older ledger as it is until there is room to copy it before it is changed", async () => {
    const folder = aSmallDisk(40);
    (await Ledger.open(folder)).close();
    const db = new Database(path.join(folder, "ledger.sqlite"));
    db.pragma(`user_version = ${SCHEMA - 1}`);
    db.close();
    writeFileSync(path.join(folder, "ballast"), Buffer.alloc(28 * MIB));
    await expect(Ledger.open(folder)).rejects.toMatchObject({ code: "DATA_FOLDER_FULL", actor: "machine" });
    const after = new Database(path.join(folder, "ledger.sqlite"), { readonly: true });
    expect(after.pragma("user_version", { simple: true })).toBe(SCHEMA - 1);
    after.close();
  });

  it("has room for a copy where a cut one or an older one of the same name lies", async () => {
    const folder = aSmallDisk(40);
    const snapshots = path.join(folder, "snapshots");
    const name = path.join(snapshots, `before-schema-${SCHEMA}.sqlite`);
    for (const left of [`${name}.part`, name]) {
      const ledger = await Ledger.open(folder);
      ledger.setSetting("left", left);
      ledger.close();
      writeFileSync(left, Buffer.alloc(28 * MIB));
      const again = new Database(path.join(folder, "ledger.sqlite"));
      await copyBeforeMigration(await loadSqlite(), again, folder, SCHEMA);
      again.close();
      expect(readdirSync(snapshots)).toEqual([path.basename(name)]);
      const copy = new Database(name, { readonly: true });
      expect(copy.prepare("SELECT value FROM settings WHERE key = 'left'").pluck().get()).toBe(left);
      copy.close();
    }
  });
});

/**
 * A ledger as two years of work leave it: leases with their history, receipts, credits, refusals and the log. Written
 * in bulk with the triggers away, and recounted at the end, as a migration does.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { LEDGER_FILE, loadSqlite } from "../../src/engine/ledger/database.ts";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { ALL_TIME, RECOUNT, SLOT_MS } from "../../src/engine/ledger/migrations/005-scale.ts";
import { RECOUNT_PENDING } from "../../src/engine/ledger/migrations/013-money-in-sight.ts";
import { DAY, HOUR, MINUTE } from "../../src/shared/durations.ts";

export interface BigLedger {
  readonly jobs: number;
  /** Of work, the last of them today. */
  readonly days: number;
  readonly now: number;
  /** Credits the newest jobs wait for. */
  readonly pending: number;
}

const MODELS = [
  "text-embed-001",
  "all-MiniLM-L6-v2",
  "clip-ViT-B-32",
  "rerank-mini",
  "llama3.2-3b",
  "text-embed-002",
];
const DEVICES = ["GPU-5d1c0a3e-0001", "GPU-5d1c0a3e-0002"];
const RETURNED = JSON.stringify({
  code: "MODEL_MISSING",
  message: "The model is not here, so the job went back at once",
  actor: "machine",
});
const FAILED = JSON.stringify({
  code: "RUNTIME_DIED",
  message: "The runtime process ended while it worked on this job",
  actor: "machine",
});
const BATCH = 20_000;

/** `folder` must exist and hold no ledger. */
export async function writeBigLedger(folder: string, size: BigLedger): Promise<void> {
  (await Ledger.open(folder)).close();
  const Sqlite = await loadSqlite();
  const db = new Sqlite(join(folder, LEDGER_FILE));
  db.pragma("synchronous = OFF");
  db.pragma("cache_size = -200000");
  const triggers = db
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all();
  const indexes = db
    .prepare<[], { name: string; sql: string }>(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
    )
    .all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  for (const { name } of indexes) db.exec(`DROP INDEX ${name}`);

  const lease = db.prepare(
    `INSERT INTO leases (id, market, lease_id, job_id, attempt, kind, model, units, state, fee_currency, fee_minor, expected_minor, payment,
       leased_at, granted_at, expires_at, max_runtime_ms, runs, device, accepted_at, finished_at, error)
     VALUES (?, ?, ?, ?, 1, 'embed', ?, ?, ?, ?, ?, ?, 'funded', ?, ?, ?, 90000, 1, ?, ?, ?, ?)`,
  );
  const transition = db.prepare(
    "INSERT INTO transitions (lease, at, event, state, note) VALUES (?, ?, ?, ?, NULL)",
  );
  const receipt = db.prepare(
    `INSERT INTO receipts (lease, sha3_512, sha3_256, input_sha3_256, shape, compute_ms, receipt, computed_at)
     VALUES (?, ?, ?, ?, '[4,384]', 12.5, ?, ?)`,
  );
  const earning = db.prepare(
    `INSERT INTO earnings (lease, market, currency, net_minor, gross_minor, accepted_at, settled_at, reference)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const event = db.prepare(
    "INSERT INTO events (at, type, market, lease, detail, level) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const energy = db.prepare(
    `INSERT INTO energy_slots (market, slot, joules, measured_ms, unmeasured_ms, machine_ms) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET joules = joules + excluded.joules, measured_ms = measured_ms + excluded.measured_ms,
       unmeasured_ms = unmeasured_ms + excluded.unmeasured_ms, machine_ms = machine_ms + excluded.machine_ms`,
  );

  const span = size.days * DAY;
  const random = numbers(7);
  const hex = (bytes: number) => randomBytes(bytes).toString("hex");
  const blob = randomBytes(700);
  const write = db.transaction((from: number, to: number) => {
    for (let id = from; id <= to; id++) {
      const at = Math.floor(size.now - span + (span * (id - 1)) / size.jobs);
      const market = random() < 0.45 ? "aitbc" : "aicf";
      const currency = market === "aicf" ? "ANM" : "AIT";
      const luck = random();
      const open = id > size.jobs - size.pending;
      const state = open
        ? "accepted"
        : luck < 0.962
          ? "settled"
          : luck < 0.985
            ? "returned"
            : luck < 0.992
              ? "failed"
              : luck < 0.996
                ? "expired"
                : luck < 0.998
                  ? "lost"
                  : "rejected";
      const model = MODELS[Math.floor(random() ** 2 * MODELS.length)] as string;
      const ran = state !== "returned";
      const device = ran ? (DEVICES[id % 2] as string) : null;
      const done = state === "settled" || state === "accepted";
      const gross = 1_000_000 + Math.floor(random() * 4_000_000);
      const acceptedAt = done ? at + 240 : null;
      const finishedAt = state === "accepted" ? null : at + 900;
      const error = state === "returned" ? RETURNED : done ? null : FAILED;
      lease.run(
        id,
        market,
        `lease_${hex(12)}`,
        `job_${hex(12)}`,
        model,
        1 + (id % 32),
        state,
        currency,
        gross,
        Math.floor(gross * 0.8),
        at,
        at,
        at + 2 * MINUTE,
        device,
        acceptedAt,
        finishedAt,
        error,
      );
      transition.run(id, at, "lease", "leased");
      if (ran) {
        transition.run(id, at + 1, "admit", "admitted");
        transition.run(id, at + 5, "run", "running");
      }
      if (done) {
        transition.run(id, at + 40, "compute", "computed");
        transition.run(id, at + 41, "submit", "submitting");
        transition.run(id, at + 240, "accept", "accepted");
        receipt.run(id, hex(64), hex(32), hex(32), blob, at + 40);
      }
      if (state !== "accepted") transition.run(id, at + 900, state === "settled" ? "settle" : "fail", state);
      if (state === "settled") {
        earning.run(
          id,
          market,
          currency,
          Math.floor(gross * 0.8),
          gross,
          acceptedAt,
          at + HOUR,
          `epoch ${Math.floor(at / HOUR)}`,
        );
      }
      if (state === "returned" && luck < 0.968) event.run(at, "lease-declined", market, id, RETURNED, 1);
      if (id % 500 === 0)
        event.run(at, "standing-changed", market, null, '{"from":"eligible","to":"eligible"}', 0);
      if (id % 2000 === 0) event.run(at, "runtime-failed", null, null, FAILED, 2);
    }
  });
  for (let from = 1; from <= size.jobs; from += BATCH) write(from, Math.min(size.jobs, from + BATCH - 1));
  db.transaction(() => {
    for (let at = size.now - span; at < size.now; at += SLOT_MS) {
      for (const market of ["aicf", "aitbc"]) {
        for (const slot of [Math.floor(at / SLOT_MS), ALL_TIME])
          energy.run(market, slot, 120_000, 400_000, 0, 300_000);
      }
    }
    for (const { sql } of indexes) db.exec(sql);
    for (const { sql } of triggers) db.exec(sql);
    db.exec(RECOUNT);
    db.exec(RECOUNT_PENDING);
  })();
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
}

/** 0…1, the same row of numbers every time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

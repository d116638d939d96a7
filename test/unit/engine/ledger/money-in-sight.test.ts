/** A ledger of before its sums of unpaid jobs were kept: they are there after the update, and right. */
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { LEDGER_FILE, loadSqlite } from "../../../../src/engine/ledger/database.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { MIGRATIONS } from "../../../../src/engine/ledger/migrations.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const BEFORE = 12;

it("prices what is open and unpaid, and waits no more for what was never paid for", async () => {
  const folder = tempFolder();
  const Sqlite = await loadSqlite();
  const old = new Sqlite(join(folder, LEDGER_FILE));
  for (const step of MIGRATIONS.slice(0, BEFORE)) old.exec(step);
  old.pragma(`user_version = ${BEFORE}`);
  const put = old.prepare(
    `INSERT INTO leases (id, market, lease_id, job_id, attempt, kind, model, state, fee_currency, fee_minor, payment,
       leased_at, granted_at, accepted_at, finished_at)
     VALUES (?, ?, hex(randomblob(8)), 'job', 1, 'embed', 'm', ?, ?, ?, ?, 1000, 1000, ?, ?)`,
  );
  put.run(1, "aicf", "accepted", "ANM", 1_000_000, null, 5_000, null);
  put.run(2, "aicf", "accepted", null, null, null, 6_000, null);
  put.run(3, "aitbc", "accepted", "AIT", 900_000_000, "unfunded", 7_000, null);
  put.run(4, "aicf", "submitting", "ANM", 2_000_000, null, null, null);
  put.run(5, "aicf", "settled", "ANM", 9_000_000, null, 5_000, 9_000);
  old.close();

  const ledger = await Ledger.open(folder);
  onTestFinished(() => ledger.close());
  const pending = () => ledger.earnings.allPending("aicf", "ANM");
  expect(pending()).toMatchObject({ jobs: 2, unpriced: 1, net: { minor: 800_000n } });
  expect(ledger.earnings.allPending("aitbc", "AIT").jobs).toBe(0);
  expect(ledger.writeOffs.sums("aitbc", "AIT").market.jobs).toBe(1);
  ledger.leases.apply(4, "accept", 8_000);
  expect(pending()).toMatchObject({ jobs: 3, unpriced: 1, net: { minor: 2_400_000n } });
  expect(ledger.earnings.oldestPending("aicf")).toBe(5_000);
});

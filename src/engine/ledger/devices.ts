/** Devices that were ever seen here, and their self-tests: the newest one of a device says whether it can be trusted. */
import type { SelfTestSummary } from "../../shared/contract/views.ts";
import { SaidSchema } from "../../shared/words/said.ts";
import type { Database } from "./database.ts";

/** Tests of one device that are kept. */
const TESTS_KEPT = 20;

export interface SeenDevice {
  readonly id: string;
  readonly kind: "gpu" | "cpu";
  readonly name: string;
  readonly driverVersion: string | null;
}

export interface StoredSelfTest extends SelfTestSummary {
  readonly device: SeenDevice;
  readonly modelManifest: string | null;
  /** JSON. */
  readonly report: string;
}

interface TestRecord {
  readonly at: number;
  readonly ok: number;
  readonly summary: string;
  /** JSON; null: written by a version that had none. */
  readonly said: string | null;
  readonly driver: string | null;
  readonly model_manifest: string | null;
  /** null: not known, or nothing of it. */
  readonly gpu_pack: string | null;
}

export class DeviceTable {
  readonly #db: Database;
  readonly #statements;

  constructor(db: Database) {
    this.#db = db;
    this.#statements = {
      seen: db.prepare<[string, string, string, string | null, number, number]>(
        `INSERT INTO devices (id, kind, name, driver, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, driver = excluded.driver, last_seen = excluded.last_seen`,
      ),
      insert: db.prepare<[string, number, number, string, string | null, string | null, string]>(
        `INSERT INTO self_tests (device, at, ok, summary, driver, model_manifest, report) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      ),
      newest: db.prepare<[string], TestRecord>(
        `SELECT at, ok, summary, json_extract(report, '$.said') AS said, driver, model_manifest,
           json_extract(report, '$.gpuPack') AS gpu_pack
         FROM self_tests WHERE device = ? ORDER BY id DESC LIMIT 1`,
      ),
      newestReport: db.prepare<[string], { readonly driver: string | null; readonly report: string }>(
        "SELECT driver, report FROM self_tests WHERE device = ? ORDER BY id DESC LIMIT 1",
      ),
      prune: db.prepare<[string, string, number]>(
        `DELETE FROM self_tests WHERE device = ? AND id NOT IN
           (SELECT id FROM self_tests WHERE device = ? ORDER BY id DESC LIMIT ?)`,
      ),
    };
  }

  noteSeen(devices: readonly SeenDevice[], now: number): void {
    this.#db.transaction(() => {
      for (const { id, kind, name, driverVersion } of devices) {
        this.#statements.seen.run(id, kind, name, driverVersion, now, now);
      }
    })();
  }

  addSelfTest({ device, at, ok, summary, modelManifest, report }: StoredSelfTest): void {
    this.#db.transaction(() => {
      this.noteSeen([device], at);
      this.#statements.insert.run(
        device.id,
        at,
        ok ? 1 : 0,
        summary,
        device.driverVersion,
        modelManifest,
        report,
      );
      this.#statements.prune.run(device.id, device.id, TESTS_KEPT);
    })();
  }

  /** null: it was never tested. */
  lastSelfTest(device: string): SelfTestSummary | null {
    const newest = this.#statements.newest.get(device);
    return newest ? summaryOf(newest) : null;
  }

  /** The newest test if it was made with this driver and, unless null, this model; null: it was not, or there is none. */
  testWith(device: SeenDevice, modelManifest: string | null): SelfTestSummary | null {
    const newest = this.#newestWith(device, modelManifest);
    return newest && summaryOf(newest);
  }

  /** The whole report of the newest test, JSON, if it was made with the device's present driver. */
  lastReport({ id, driverVersion }: SeenDevice): string | null {
    const newest = this.#statements.newestReport.get(id);
    return newest === undefined || newest.driver !== driverVersion ? null : newest.report;
  }

  /** Was it tested with this driver, this model and, where both are known, this GPU pack, whatever came out? */
  wasTested(device: SeenDevice, modelManifest: string, gpuPack: string | null): boolean {
    const newest = this.#newestWith(device, modelManifest);
    return newest !== null && (newest.gpu_pack ?? gpuPack) === (gpuPack ?? newest.gpu_pack);
  }

  #newestWith({ id, driverVersion }: SeenDevice, modelManifest: string | null): TestRecord | null {
    const newest = this.#statements.newest.get(id);
    if (newest === undefined || newest.driver !== driverVersion) return null;
    return modelManifest === null || newest.model_manifest === modelManifest ? newest : null;
  }
}

function summaryOf({ at, ok, summary, said }: TestRecord): SelfTestSummary {
  return { at, ok: ok === 1, summary, ...(said !== null && { said: SaidSchema.parse(JSON.parse(said)) }) };
}

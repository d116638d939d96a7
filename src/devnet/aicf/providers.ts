/** AICF's providers, their stakes being released and their heartbeats, as rows. */
import type Database from "better-sqlite3";

export interface Provider {
  readonly id: string;
  readonly name: string | null;
  readonly capabilities: readonly string[];
  readonly endpoint: string | null;
  readonly region: string | null;
  readonly address: string;
  readonly publicKey: Uint8Array;
  readonly secret: string | null;
  readonly registeredAt: number;
  /** Total, including what is being released. Nano. */
  readonly stake: number;
  readonly healthScore: number;
  readonly lastHeartbeat: number | null;
  /** Live leases it may hold. */
  readonly leasesCapacity: number;
  /** Height up to which it is jailed; null: never was. */
  readonly jailedUntilHeight: number | null;
  /** Begin of the service window that is judged next, unix ms. */
  readonly windowFrom: number;
}

export type ProviderProfile = Omit<
  Provider,
  | "stake"
  | "registeredAt"
  | "healthScore"
  | "lastHeartbeat"
  | "leasesCapacity"
  | "jailedUntilHeight"
  | "windowFrom"
>;

export interface PendingRelease {
  readonly amount: number;
  readonly releaseHeight: number;
}

interface ProviderRow {
  id: string;
  name: string | null;
  capabilities: string;
  endpoint: string | null;
  region: string | null;
  address: string;
  public_key: Buffer;
  secret: string | null;
  registered_at: number;
  stake: number;
  health_score: number;
  last_heartbeat: number | null;
  leases_capacity: number;
  jailed_until_height: number | null;
  window_from: number;
}

export class Providers {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  get(id: string): Provider | null {
    const row = this.#db.prepare<[string], ProviderRow>("SELECT * FROM aicf_providers WHERE id = ?").get(id);
    return row ? fromRow(row) : null;
  }

  list(offset: number, limit: number): Provider[] {
    return this.#db
      .prepare<[number, number], ProviderRow>(
        "SELECT * FROM aicf_providers ORDER BY registered_at, id LIMIT ? OFFSET ?",
      )
      .all(limit, offset)
      .map(fromRow);
  }

  save(profile: ProviderProfile, now: number): void {
    this.#db
      .prepare(
        `INSERT INTO aicf_providers (id, name, capabilities, endpoint, region, address, public_key, secret, registered_at,
           window_from)
         VALUES (@id, @name, @capabilities, @endpoint, @region, @address, @publicKey, @secret, @now, @now)
         ON CONFLICT (id) DO UPDATE SET name = @name, capabilities = @capabilities, endpoint = @endpoint,
           region = @region, secret = @secret`,
      )
      .run({
        ...profile,
        capabilities: JSON.stringify(profile.capabilities),
        publicKey: Buffer.from(profile.publicKey),
        now,
      });
  }

  addStake(id: string, amount: number): void {
    this.#db.prepare("UPDATE aicf_providers SET stake = stake + ? WHERE id = ?").run(amount, id);
  }

  addRelease(id: string, release: PendingRelease): void {
    this.#db
      .prepare("INSERT INTO aicf_unstakes (provider_id, amount, release_height) VALUES (?, ?, ?)")
      .run(id, release.amount, release.releaseHeight);
  }

  pendingReleases(id: string): PendingRelease[] {
    return this.#db
      .prepare<[string], PendingRelease>(
        "SELECT amount, release_height AS releaseHeight FROM aicf_unstakes WHERE provider_id = ? ORDER BY id",
      )
      .all(id);
  }

  /** Stakes whose release height has come leave the total. */
  releaseUpTo(height: number): void {
    const due = this.#db
      .prepare<[number], { id: number; provider_id: string; amount: number }>(
        "SELECT id, provider_id, amount FROM aicf_unstakes WHERE release_height <= ?",
      )
      .all(height);
    for (const release of due) {
      this.addStake(release.provider_id, -release.amount);
      this.#db.prepare("DELETE FROM aicf_unstakes WHERE id = ?").run(release.id);
    }
  }

  recordHeartbeat(
    id: string,
    beat: { score: number; at: number; qos: number | null; leasesCapacity: number },
  ): void {
    this.#db
      .prepare(
        "UPDATE aicf_providers SET health_score = ?, last_heartbeat = ?, leases_capacity = ? WHERE id = ?",
      )
      .run(beat.score, beat.at, beat.leasesCapacity, id);
    this.#db
      .prepare("INSERT INTO aicf_heartbeats (provider_id, at, qos, capacity) VALUES (?, ?, ?, ?)")
      .run(id, beat.at, beat.qos, beat.leasesCapacity);
  }

  /** Those whose service window began before `began`, unix ms. */
  windowsOver(began: number): Provider[] {
    return this.#db
      .prepare<[number], ProviderRow>("SELECT * FROM aicf_providers WHERE window_from <= ?")
      .all(began)
      .map(fromRow);
  }

  startWindow(id: string, from: number): void {
    this.#db.prepare("UPDATE aicf_providers SET window_from = ? WHERE id = ?").run(from, id);
  }

  /** A jail that is longer already stays as it is. */
  jail(id: string, untilHeight: number): void {
    const sql =
      "UPDATE aicf_providers SET jailed_until_height = max(coalesce(jailed_until_height, 0), ?) WHERE id = ?";
    this.#db.prepare(sql).run(untilHeight, id);
  }

  forgetHeartbeatsBefore(at: number): void {
    this.#db.prepare("DELETE FROM aicf_heartbeats WHERE at < ?").run(at);
  }

  /** False when this provider used the nonce before. */
  spendNonce(id: string, nonce: string, expiresAt: number): boolean {
    const sql = "INSERT INTO aicf_nonces VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    return this.#db.prepare(sql).run(id, nonce, expiresAt).changes === 1;
  }

  forgetNoncesBefore(at: number): void {
    this.#db.prepare("DELETE FROM aicf_nonces WHERE expires_at < ?").run(at);
  }
}

function fromRow(row: ProviderRow): Provider {
  return {
    id: row.id,
    name: row.name,
    capabilities: JSON.parse(row.capabilities) as string[],
    endpoint: row.endpoint,
    region: row.region,
    address: row.address,
    publicKey: row.public_key,
    secret: row.secret,
    registeredAt: row.registered_at,
    stake: row.stake,
    healthScore: row.health_score,
    lastHeartbeat: row.last_heartbeat,
    leasesCapacity: row.leases_capacity,
    jailedUntilHeight: row.jailed_until_height,
    windowFrom: row.window_from,
  };
}

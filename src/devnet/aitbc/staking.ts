/**
 * Stakes on AITBC's chain (protocols/aitbc.md §6.2): taken when the signature is that of the address. The devnet's accounts
 * need no balance for it: play money.
 */
import { randomBytes } from "node:crypto";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import type { Hono } from "hono";
import { DAY } from "../../shared/durations.ts";
import type { Clock } from "../clock.ts";
import { dumpPython, isPyObject, type PyObject, parsePython } from "../python-json.ts";
import { naiveUtc } from "../python-time.ts";
import type { Store } from "../store.ts";
import { AITBC_CHAIN_ID } from "./chain.ts";
import { detail, json } from "./wire.ts";

const TABLES = `
  CREATE TABLE IF NOT EXISTS aitbc_stakes (
    id TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    amount INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
`;

interface StakeRow {
  id: string;
  address: string;
  amount: number;
  locked_until: number;
  status: string;
  created_at: number;
}

export function addStakingRoutes(app: Hono, store: Store, clock: Clock): void {
  store.db.exec(TABLES);
  const active = (address: string) =>
    store.db
      .prepare<[string], StakeRow>(
        "SELECT * FROM aitbc_stakes WHERE address = ? AND status = 'active' ORDER BY created_at",
      )
      .all(address);

  app.post("/rpc/staking/stake", async (c) => {
    const body = readObject(await c.req.text());
    if (body === null) return detail(422, "body must be an object");
    const { address, amount, chain_id } = body;
    const days = Number(body.lock_days ?? 30);
    if (typeof address !== "string" || typeof amount !== "number" || amount <= 0)
      return detail(422, "address and amount are required");
    if (chain_id !== AITBC_CHAIN_ID) return detail(400, "Unknown chain");
    if (!Number.isInteger(days) || days < 1 || days > 3650) return detail(422, "lock_days must be 1 to 3650");
    if (!isSigned({ action: "stake", address, amount, chain_id }, body.signature, address))
      return detail(403, "Invalid signature");
    const id = `stake_${randomBytes(8).toString("hex")}`;
    const lockedUntil = clock() + days * DAY;
    store.transact(() => {
      store.db
        .prepare("INSERT INTO aitbc_stakes VALUES (?, ?, ?, ?, 'active', ?)")
        .run(id, address, amount, lockedUntil, clock());
      const total = active(address).reduce((sum, row) => sum + row.amount, 0);
      store.log.record("aitbc", {
        event: "staked",
        providerId: address,
        amount: String(amount),
        total: String(total),
      });
    });
    return json(200, {
      success: true,
      stake_id: id,
      address,
      amount,
      chain_id,
      locked_until: naiveUtc(lockedUntil),
      status: "active",
      remaining_balance: 0,
    });
  });

  app.post("/rpc/staking/unstake", async (c) => {
    const body = readObject(await c.req.text());
    if (body === null) return detail(422, "body must be an object");
    const { address, stake_id, chain_id } = body;
    if (typeof address !== "string" || typeof stake_id !== "string" || chain_id !== AITBC_CHAIN_ID)
      return detail(422, "address, stake_id and chain_id are required");
    if (!isSigned({ action: "unstake", address, chain_id, stake_id }, body.signature, address))
      return detail(403, "Invalid signature");
    const stake = active(address).find(({ id }) => id === stake_id);
    if (!stake) return detail(404, "Stake not found");
    if (stake.locked_until > clock())
      return detail(400, `Stake is locked until ${naiveUtc(stake.locked_until)}`);
    store.db.prepare("UPDATE aitbc_stakes SET status = 'released' WHERE id = ?").run(stake_id);
    return json(200, {
      success: true,
      stake_id,
      address,
      amount: stake.amount,
      chain_id,
      status: "released",
    });
  });

  app.get("/rpc/staking/:address", (c) => {
    const rows = c.req.query("chain_id") === AITBC_CHAIN_ID ? active(c.req.param("address")) : [];
    return json(200, {
      address: c.req.param("address"),
      total_staked: rows.reduce((sum, row) => sum + row.amount, 0),
      active_stake_count: rows.length,
      active_stakes: rows.map((row) => ({
        stake_id: row.id,
        amount: row.amount,
        locked_until: naiveUtc(row.locked_until),
        status: row.status,
        created_at: naiveUtc(row.created_at),
      })),
    });
  });

  app.get("/rpc/bond/provider/:address", (c) => json(200, { provider: c.req.param("address"), bonds: [] }));
}

function isSigned(message: PyObject, signature: unknown, address: string): boolean {
  if (typeof signature !== "string" || !/^(0x)?[0-9a-f]{130}$/i.test(signature)) return false;
  const bytes = Buffer.from(signature.replace(/^0x/i, ""), "hex");
  const recovery = (bytes[64] ?? 0) % 27; // 0/1 or 27/28
  const digest = keccak_256(new TextEncoder().encode(dumpPython(message, { sortKeys: true, ascii: true })));
  try {
    const recovered = Buffer.concat([Buffer.of(recovery), bytes.subarray(0, 64)]);
    const key = secp256k1.recoverPublicKey(recovered, digest, { prehash: false });
    const full = secp256k1.Point.fromBytes(key).toBytes(false).subarray(1);
    return `0x${Buffer.from(keccak_256(full).subarray(-20)).toString("hex")}` === address.toLowerCase();
  } catch {
    return false; // No point of the curve.
  }
}

function readObject(text: string): PyObject | null {
  try {
    const value = parsePython(text);
    return isPyObject(value) ? value : null;
  } catch {
    return null; // Not JSON.
  }
}

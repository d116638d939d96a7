/** The chain RPC a provider reads (protocols/aitbc.md §5, §8): no auth, no writes. */
import { Hono } from "hono";
import type { Clock } from "../clock.ts";
import { pyFloat } from "../python-json.ts";
import type { Store } from "../store.ts";
import { AITBC_CHAIN_ID, type Chain } from "./chain.ts";
import { addStakingRoutes } from "./staking.ts";
import { detail, json } from "./wire.ts";

const MAX_TRANSACTIONS = 1000;
const DEFAULT_TRANSACTIONS = 100;

export function chainApp(chain: Chain, clock: Clock, store: Store): Hono {
  const app = new Hono();
  const head = () => json(200, chain.head());
  app.get("/rpc/head", head);
  app.get("/rpc/height", head);
  app.get("/rpc/status", head);

  app.get("/rpc/escrow/:job", (c) => {
    const escrow = chain.escrow(c.req.param("job"));
    return escrow === null ? detail(404, "Escrow not found") : json(200, escrow);
  });

  app.get("/rpc/transactions", (c) => {
    const {
      address = null,
      transaction_type: type = null,
      status = "confirmed",
      chain_id = AITBC_CHAIN_ID,
    } = c.req.query();
    if (chain_id !== AITBC_CHAIN_ID || status !== "confirmed") return json(200, []);
    const limit = Number(c.req.query("limit") ?? DEFAULT_TRANSACTIONS);
    if (!Number.isSafeInteger(limit) || limit < 1) return detail(422, "limit must be a positive integer");
    return json(200, chain.transactions({ address, type, limit: Math.min(limit, MAX_TRANSACTIONS) }));
  });

  const account = (address: string) => {
    const balance = chain.balance(address);
    if (balance === null) return detail(404, "Account not found");
    return json(200, { address, balance, nonce: 0, chain_id: AITBC_CHAIN_ID });
  };
  app.get("/rpc/account/:address", (c) => account(c.req.param("address")));
  app.get("/rpc/accounts/:address", (c) => account(c.req.param("address")));

  app.get("/rpc/balance/:address", (c) => {
    const address = c.req.param("address");
    const balance = chain.balance(address) ?? 0;
    return json(200, {
      address,
      chain_id: AITBC_CHAIN_ID,
      available_balance: balance,
      staked: 0,
      bridge_locked: 0,
      total_balance: balance,
      timestamp: pyFloat(clock() / 1000),
    });
  });

  addStakingRoutes(app, store, clock);
  app.notFound(() => detail(404, "Not Found"));
  return app;
}

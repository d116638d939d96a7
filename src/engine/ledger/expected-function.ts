/** What a job with a given fee should bring, as a function that migrations may ask: rows of before are priced by it once. */
import { MarketIdSchema } from "../../shared/contract/market-id.ts";
import { CurrencyCodeSchema, money } from "../../shared/money.ts";
import { expectedMinor } from "../market/market-money.ts";
import type { Database } from "./database.ts";

/** SQL: expected_minor(market, currency, minor as text); NULL: not known. */
export function addExpectedFunction(db: Database): void {
  db.function("expected_minor", { deterministic: true }, (market, currency, minor) => {
    const [id, code] = [MarketIdSchema.safeParse(market), CurrencyCodeSchema.safeParse(currency)];
    if (!id.success || !code.success || typeof minor !== "string") return null;
    return expectedMinor(id.data, money(code.data, BigInt(minor)));
  });
}

/** How AICF splits what a job pays (docs/markets-devnet.md "Money"). */
import { basisPoints, type Money, money } from "../../../shared/money.ts";

const TREASURY_BPS = 1500n;
const MINER_BPS = 500n;

/** 80 %: treasury 15 % and miner 5 % are floored, the rest is the provider's. */
export function providerShare(gross: Money): Money {
  return money(
    gross.currency,
    gross.minor - basisPoints(gross, TREASURY_BPS).minor - basisPoints(gross, MINER_BPS).minor,
  );
}

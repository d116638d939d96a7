/** What of a job's gross the chain pays out (protocols/aitbc.md §5). */
import { AIT_COMPUTE_SECOND, basisPoints, type Money, money } from "../../../shared/money.ts";

/** 97.5 % of the gross reach the provider. */
const NET_BPS = 9750n;

/** Gross less 2.5 %, floored to the chain's compute-second. */
export function netOf(gross: Money): Money {
  const net = basisPoints(gross, NET_BPS);
  return money("AIT", net.minor - (net.minor % AIT_COMPUTE_SECOND));
}

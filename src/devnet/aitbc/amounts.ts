/**
 * AIT on the coordinator's side: integers of 1e-8 AIT ("e8"), the finest its decimals go. The chain counts whole
 * compute-seconds (1 AIT = 3600), so a released amount is floored to them once, here.
 */
import { CURRENCIES, parseDecimal } from "../../shared/money.ts";

const E8 = 100_000_000n;
const MINOR_PER_E8 = CURRENCIES.AIT.scale / E8;
const COMPUTE_SECONDS_PER_AIT = 3600n;
/** Fee 2.5 %: the payee gets 975 thousandths (protocols/aitbc.md §5). */
const NET_PER_MILLE = 975n;

/** A positive amount of at most 8 decimals as e8; null for anything else. */
export function parseAmountE8(text: string | number): number | null {
  try {
    const { minor } = parseDecimal("AIT", text);
    const e8 = minor / MINOR_PER_E8;
    return minor % MINOR_PER_E8 === 0n && e8 > 0n && e8 <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(e8)
      : null;
  } catch {
    return null;
  }
}

/** "35.00000000"; zero is Python's "0E-8". */
export function formatE8(e8: number): string {
  if (e8 === 0) return "0E-8";
  const amount = BigInt(e8);
  return `${amount / E8}.${(amount % E8).toString().padStart(8, "0")}`;
}

/** What the payee gets on chain: floor(amount × 3600 × 0.975). */
export function netComputeSeconds(amountE8: number): number {
  return Number((BigInt(amountE8) * COMPUTE_SECONDS_PER_AIT * NET_PER_MILLE) / (E8 * 1000n));
}

/** The same net in e8, as the escrow shows it (floored: a compute-second is no whole number of e8). */
export function netE8(amountE8: number): number {
  return Number((BigInt(netComputeSeconds(amountE8)) * E8) / COMPUTE_SECONDS_PER_AIT);
}

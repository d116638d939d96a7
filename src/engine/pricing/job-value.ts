/** What a job is worth to the person: what its market will credit, in the person's currency, less the electricity it took. */
import { HOUR } from "../../shared/durations.ts";
import { CURRENCIES, type Money } from "../../shared/money.ts";

export interface JobCost {
  /** Of a device all to itself, ms: in a batch each job counts its part. */
  readonly ms: number;
  /** Drawn meanwhile; null: not known, and not counted. */
  readonly watts: number | null;
  /** Of one kWh, millionths of the person's currency; null: not set, and not counted. */
  readonly microsPerKwh: number | null;
}

const WATTS_PER_KILOWATT = 1000;

/**
 * Millionths of the person's currency, less than 0 for a loss. `net`: what the market credits; `worthMicros`: of one whole
 * coin. null: either is not known. For comparing markets, not for books.
 */
export function jobValue(net: Money | null, worthMicros: number | null, cost: JobCost): number | null {
  if (net === null || worthMicros === null) return null;
  const brings = (Number(net.minor) / Number(CURRENCIES[net.currency].scale)) * worthMicros;
  const kilowattHours = ((cost.watts ?? 0) / WATTS_PER_KILOWATT) * (cost.ms / HOUR);
  return brings - kilowattHours * (cost.microsPerKwh ?? 0);
}

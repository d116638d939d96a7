/** Who gets what of a job's fee: upstream's config.py, provider 80 %, treasury 15 %, miner 5 %. */
import { basisPoints, money } from "../../shared/money.ts";

const TREASURY_BPS = 1500n;
const MINER_BPS = 500n;

export interface Shares {
  readonly provider: number;
  readonly treasury: number;
  readonly miner: number;
}

/** Shares are floored and the remainder is the provider's; they add up to the fee. Nano. */
export function splitFee(feeNano: number): Shares {
  const fee = money("ANM", BigInt(feeNano));
  const treasury = Number(basisPoints(fee, TREASURY_BPS).minor);
  const miner = Number(basisPoints(fee, MINER_BPS).minor);
  return { provider: feeNano - treasury - miner, treasury, miner };
}

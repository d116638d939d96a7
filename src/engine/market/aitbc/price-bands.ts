/** The hourly prices that AITBC's provider guide recommends, in AIT (protocols/aitbc-provider-guide.txt, "Pricing Guidelines"). */
import { parseDecimal } from "../../../shared/money.ts";
import type { PriceBand } from "../port.ts";

const band = (model: string, low: number, high: number): PriceBand => ({
  model,
  low: parseDecimal("AIT", low),
  high: parseDecimal("AIT", high),
});

export const GUIDE_PRICE_BANDS: readonly PriceBand[] = [
  band("NVIDIA A100", 25, 40),
  band("NVIDIA H100", 35, 50),
  band("NVIDIA RTX 4090", 15, 25),
  band("NVIDIA RTX 4060 Ti", 10, 20),
];

/** The engine's own pricing, on an AITBC market of forty offers where the GPU was rented 42 % of 61 hours. */
import type { Ledger } from "../../src/engine/ledger/ledger.ts";
import { createAitbcAdapter } from "../../src/engine/market/aitbc/adapter.ts";
import { PricingDesk } from "../../src/engine/pricing/pricing-desk.ts";
import { HOUR, MINUTE } from "../../src/shared/durations.ts";
import { parseDecimal } from "../../src/shared/money.ts";

type DeskDeps = ConstructorParameters<typeof PricingDesk>[0];

export function pricedMarket(
  ledger: Ledger,
  device: string,
  costs: Pick<DeskDeps, "power" | "electricity">,
): PricingDesk {
  const prices = Array.from({ length: 40 }, (_, i) => ({
    offerId: `other-${i}`,
    model: "RTX 4090",
    price: parseDecimal("AIT", (18 + 7 * Math.sin(i * 2.4) + (i % 7) * 0.9).toFixed(2)),
    ours: false,
  }));
  ledger.prices.put("aitbc", "gpu-service", prices, Date.now() - 3 * MINUTE);
  for (let hour = 1; hour <= 61; hour++) {
    const at = Date.now() - hour * HOUR;
    ledger.offers.addTime("aitbc", device, "rented", 0.42 * HOUR, at);
    ledger.offers.addTime("aitbc", device, "open", 0.58 * HOUR, at);
  }
  const adapter = createAitbcAdapter({
    coordinatorUrl: "http://127.0.0.1:9",
    coordinatorKey: null,
    gpuUrl: null,
    gpuKey: null,
    rpcUrl: null,
    minerId: "rig-7",
    nodeId: null,
    region: null,
    wallet: null,
    receiptKeyId: null,
  });
  return new PricingDesk({ adapters: [adapter], ledger, ...costs, now: Date.now });
}

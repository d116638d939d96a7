/** Every series of a worker at AICF by its whole name, with the labels it has and, where they are a closed set, their values. */

import { createAicfAdapter } from "../../src/engine/market/aicf/adapter.ts";
import { FAMILIES, type Family } from "../../src/engine/metrics/families.ts";
import { GUIDE_FAMILIES } from "../../src/engine/metrics/guide-series.ts";
import { OTHER } from "../../src/engine/metrics/job-series.ts";
import { CALLS } from "../../src/engine/metrics/observed-adapter.ts";
import { HELD_STATES } from "../../src/engine/work/job-machine.ts";
import { OfferStateSchema } from "../../src/shared/contract/offers.ts";
import { ServiceMeasureSchema } from "../../src/shared/contract/service-level.ts";
import {
  DeviceViewSchema,
  HeadlineLevelSchema,
  MarketIdSchema,
  RunIntentSchema,
} from "../../src/shared/contract/views.ts";
import { CurrencyCodeSchema } from "../../src/shared/money.ts";
import { WantedBackendSchema } from "../../src/shared/runtime/protocol.ts";
import { WORK_KINDS } from "../../src/shared/work.ts";

/** The guide's first, as docs/metrics.md has them. */
export function allFamilies(): Family[] {
  const { worker, heartbeat } = guideNames();
  const inFull = (name: string) => name.replace("{worker}", worker).replace("{heartbeat}", heartbeat);
  const guide = Object.values<Family>(GUIDE_FAMILIES).map((each) => ({ ...each, name: inFull(each.name) }));
  return [...guide, ...Object.values<Family>(FAMILIES)];
}

function guideNames() {
  const config = { queueUrl: null, rpcUrl: null, chainId: 1, providerId: "p", name: "n", region: null };
  const never = () => {
    throw new Error("nothing is signed here");
  };
  const { guideNames } = createAicfAdapter(
    { ...config, workerId: "w", autoStakeNano: null },
    { identity: { publicKey: new Uint8Array(), address: "", providerId: "p", sign: never } },
  );
  if (guideNames === undefined) throw new Error("AICF's guide names series");
  return guideNames;
}

/** By label, and by `name.label` where a label means another thing in another series. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  market: MarketIdSchema.options,
  currency: CurrencyCodeSchema.options,
  kind: [...WORK_KINDS, OTHER],
  call: CALLS,
  intent: RunIntentSchema.options,
  level: HeadlineLevelSchema.options,
  measure: ServiceMeasureSchema.shape.name.options,
  status: ["accepted", "returned", "failed", "expired", "lost", "rejected"],
  phase: ["queue", "compute", "submit", "total"],
  outcome: ["ok", "error", "cancelled"],
  "aicf_heartbeat_total.outcome": ["ok", "fail"],
  mode: ["live", "demo"],
  backend: WantedBackendSchema.options,
  part: ["total", "effective", "minimum"],
  file: ["main", "wal"],
  "bellows_device_state.state": DeviceViewSchema.shape.state.options,
  "bellows_jobs_held.state": HELD_STATES,
  "bellows_offers.state": OfferStateSchema.options,
};

/** undefined: the set is not closed, or not written down here. */
export function valuesOf(series: string, label: string): readonly string[] | undefined {
  return VALUES[`${series}.${label}`] ?? VALUES[label];
}

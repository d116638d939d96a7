/** What is read off a worker's facts, the same for the terminal and the window. */
import type { FleetGpu, FleetMarket, FleetMeasure, WorkerFacts } from "./contract/fleet.ts";

/** Nothing that a person should look at. */
export function isWell({ level }: Pick<WorkerFacts, "level">): boolean {
  return level !== "error" && level !== "attention" && level !== "offline";
}

/** Is it to be used at all? */
export function isCounted({ leftOut }: Pick<FleetGpu, "leftOut">): boolean {
  return leftOut !== true;
}

/** To be used, and can't be. */
export function isUnusable(gpu: Pick<FleetGpu, "usable" | "leftOut">): boolean {
  return !gpu.usable && isCounted(gpu);
}

/** "8", or "7/8" where one can't be used; those that are left out are not counted. */
export function gpuCount(gpus: readonly FleetGpu[]): string {
  const counted = gpus.filter(isCounted);
  const usable = counted.filter((gpu) => gpu.usable).length;
  return usable === counted.length ? String(usable) : `${usable}/${counted.length}`;
}

/** °C; null: no GPU tells. */
export function hottest(gpus: readonly FleetGpu[]): number | null {
  const known = gpus.flatMap(({ temperatureC }) => temperatureC ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

/** Of the market that has heard of this worker the longest ago, unix ms; null: none has yet. */
export function oldestHeartbeat(markets: readonly FleetMarket[]): number | null {
  const known = markets.flatMap(({ lastHeartbeatAt }) => lastHeartbeatAt ?? []);
  return known.length === 0 ? null : Math.min(...known);
}

export function leasesHeld(markets: readonly FleetMarket[]): number {
  return markets.reduce((sum, market) => sum + market.leasesHeld, 0);
}

const WORST_FIRST = { breached: 0, warning: 1, good: 2, unknown: 3 } as const satisfies Record<
  FleetMeasure["state"],
  number
>;

/** What is crossed, or else nearest to its limit; null: nothing is measured. */
export function nearestLimit(service: readonly FleetMeasure[]): FleetMeasure | null {
  const known = service.filter(({ state }) => state !== "unknown");
  const [nearest] = known.sort((a, b) => WORST_FIRST[a.state] - WORST_FIRST[b.state] || room(a) - room(b));
  return nearest ?? null;
}

/** Distances of different units, each as a share of its limit. */
function room({ distance, limit }: FleetMeasure): number {
  return distance === null || limit === 0 ? Number.POSITIVE_INFINITY : distance / Math.abs(limit);
}

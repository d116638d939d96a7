/** A fleet in a few figures: what it earns together, what stands still, and where its workers differ. */
import type { Drift, FleetSummary, WorkerFacts } from "../../shared/contract/fleet.ts";
import { isCounted, isWell } from "../../shared/fleet.ts";
import { add, fromMoneyValue, type Money, type MoneyValue, toMoneyValue } from "../../shared/money.ts";
import type { WorkerReport } from "./report.ts";

/** `lastOf`: what a worker that is not reached now said when it last was; nobody's money is gone with its tunnel. */
export function summarise(
  reports: readonly WorkerReport[],
  lastOf: (name: string) => WorkerFacts | null = () => null,
): FleetSummary {
  const reached = reports.flatMap((report) =>
    report.reached ? [{ name: report.name, ...report.facts }] : [],
  );
  // They answered, and all that is known of them is what they are.
  const otherwise = reports.flatMap((report) =>
    report.reached || report.version === undefined ? [] : [{ name: report.name, version: report.version }],
  );
  const gpus = reached.flatMap((worker) => worker.gpus.filter(isCounted));
  const service = reached.flatMap((worker) => worker.service);
  const before = reports.flatMap((report) => (report.reached ? [] : (lastOf(report.name) ?? [])));
  const earnings = [...reached, ...before].filter(isPaid).flatMap((worker) => worker.earnings);
  return {
    workers: reports.length,
    reached: reached.length + otherwise.length,
    well: reached.filter(isWell).length,
    gpus: gpus.length,
    gpusUsable: gpus.filter(({ usable }) => usable).length,
    accepted: reached.reduce((sum, { accepted }) => sum + accepted, 0),
    leasesHeld: reached
      .flatMap(({ markets }) => markets)
      .reduce((sum, { leasesHeld }) => sum + leasesHeld, 0),
    settled: perCurrency(earnings.map(({ settled }) => settled)),
    pending: perCurrency(earnings.map(({ pending }) => pending)),
    lastKnown: before.filter((worker) => isPaid(worker) && worker.earnings.length > 0).length,
    demo: [...reached, ...before].filter((worker) => !isPaid(worker)).length,
    breached: service.filter(({ state }) => state === "breached").length,
    warnings: service.filter(({ state }) => state === "warning").length,
    measured: service.filter(({ state }) => state !== "unknown").length,
    drift: [
      driftOf("version", [...reached, ...otherwise], ({ version }) => [version]),
      driftOf("driver", reached, (worker) => worker.gpus.flatMap(({ driver }) => driver ?? [])),
      driftOf("models", reached, ({ models }) =>
        models === null ? [] : [[...models].sort().join(", ") || "none"],
      ),
    ].flatMap((drift) => drift ?? []),
  };
}

/** A demo earns play money. */
const isPaid = ({ mode }: Pick<WorkerFacts, "mode">): boolean => mode === "live";

function driftOf<W extends { readonly name: string }>(
  what: Drift["what"],
  workers: readonly W[],
  valuesOf: (worker: W) => readonly string[],
): Drift | null {
  const byValue = new Map<string, Set<string>>();
  for (const worker of workers) {
    for (const value of valuesOf(worker)) {
      byValue.set(value, (byValue.get(value) ?? new Set()).add(worker.name));
    }
  }
  if (byValue.size < 2) return null;
  const values = [...byValue].map(([value, names]) => ({ value, workers: [...names].sort() }));
  return {
    what,
    values: values.sort((a, b) => b.workers.length - a.workers.length || (a.value < b.value ? -1 : 1)),
  };
}

function perCurrency(amounts: readonly MoneyValue[]): MoneyValue[] {
  const sums = new Map<string, Money>();
  for (const amount of amounts.map(fromMoneyValue)) {
    const sum = sums.get(amount.currency);
    sums.set(amount.currency, sum === undefined ? amount : add(sum, amount));
  }
  return [...sums.values()].map(toMoneyValue);
}

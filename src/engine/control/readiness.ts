/** Is this engine of use now? For a load balancer or Kubernetes; that it answers at all says that it lives. */
import type { MarketView, RunIntent } from "../../shared/contract/views.ts";

export interface Readiness {
  readonly ready: boolean;
  /** Why not, each a sentence; empty when it is. */
  readonly reasons: readonly string[];
}

/** What `/healthz` and `/readyz` answer, wherever they are asked; null: another question. */
export function healthAnswer(
  path: string | undefined,
  readiness: () => Readiness,
): { readonly status: number; readonly body: object } | null {
  if (path === "/healthz") return { status: 200, body: { status: "ok" } };
  if (path !== "/readyz") return null;
  const { ready, reasons } = readiness();
  return { status: ready ? 200 : 503, body: { status: ready ? "ready" : "not ready", reasons } };
}

/** The ledger is open when anybody can ask; so it takes a market that knows us, and the wish to run. */
export function readinessOf(markets: readonly MarketView[], intent: RunIntent): Readiness {
  const reasons: string[] = [];
  if (intent !== "running") reasons.push(`Work is not taken: ${intent}.`);
  if (!markets.some(({ state }) => state === "registered")) {
    reasons.push(...markets.map(({ name, state, error }) => `${name}: ${error?.message ?? state}.`));
    if (markets.length === 0) reasons.push("No market is configured.");
  }
  return { ready: reasons.length === 0, reasons };
}

/** A market's adapter with somebody listening: each call's name, time and outcome are told, nothing is changed. */
import type { MarketId } from "../../shared/contract/views.ts";
import type { MarketAdapter } from "../market/port.ts";

export const CALLS = [
  "probe",
  "register",
  "heartbeat",
  "acquire",
  "renew",
  "submit",
  "fail",
  "giveBack",
  "openLeases",
  "credits",
] as const satisfies (keyof MarketAdapter)[];
export type CallName = (typeof CALLS)[number];

export interface MarketCall {
  readonly market: MarketId;
  readonly name: CallName;
  /** Unix ms. */
  readonly startedAt: number;
  readonly tookMs: number;
  /** cancelled: by our own wish, such as a pause or a shutdown. */
  readonly outcome: "ok" | "error" | "cancelled";
}

type AnyCall = (...args: unknown[]) => Promise<unknown>;

/** The same adapter to whoever uses it. Methods keep the adapter itself as `this`. */
export function observed(adapter: MarketAdapter, tell: (call: MarketCall) => void): MarketAdapter {
  const watched = new Map<PropertyKey, AnyCall>(
    CALLS.map((name) => [name, watch(adapter, name, (adapter[name] as AnyCall).bind(adapter), tell)]),
  );
  return new Proxy(adapter, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      return watched.get(key) ?? (typeof value === "function" ? value.bind(target) : value);
    },
  });
}

function watch(adapter: MarketAdapter, name: CallName, call: AnyCall, tell: (call: MarketCall) => void) {
  return async (...args: unknown[]): Promise<unknown> => {
    const startedAt = Date.now();
    const began = performance.now();
    const note = (outcome: MarketCall["outcome"]) =>
      tell({ market: adapter.id, name, startedAt, tookMs: performance.now() - began, outcome });
    try {
      const answer = await call(...args);
      note("ok");
      return answer;
    } catch (thrown) {
      note(thrown instanceof Error && thrown.name === "AbortError" ? "cancelled" : "error");
      throw thrown;
    }
  };
}

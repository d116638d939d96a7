/** Whoever follows an engine sees every slice exactly once and in order, however snapshot and deltas cross. */
import { describe, expect, it } from "vitest";
import { followState } from "../../../src/cli/follow.ts";
import type { ContractClient } from "../../../src/shared/contract/contract.ts";
import type { Delta, Snapshot } from "../../../src/shared/contract/views.ts";
import { aState } from "../../support/scripted-engine.ts";

function scriptedClient() {
  const snapshot = Promise.withResolvers<Snapshot>();
  const listeners = new Set<(delta: Delta) => void>();
  const client = {
    invoke: () => snapshot.promise,
    on: (_event: string, listener: (delta: Delta) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as ContractClient;
  const emit = (seq: number) => {
    for (const listener of listeners) listener({ seq, at: seq, slices: {} });
  };
  return { client, emit, snapshot, listeners };
}

describe("followState", () => {
  it("shows the snapshot first, then the deltas it does not contain", async () => {
    const { client, emit, snapshot } = scriptedClient();
    const seen: number[] = [];
    followState(client, (_slices, at) => seen.push(at));
    emit(4);
    emit(5);
    emit(6);
    snapshot.resolve({ seq: 5, at: 5, state: aState() });
    await snapshot.promise;
    await Promise.resolve();
    emit(7);
    expect(seen).toEqual([5, 6, 7]);
  });

  it("unsubscribes when the engine goes away before it answered", async () => {
    const { client, snapshot, listeners } = scriptedClient();
    followState(client, () => undefined);
    snapshot.reject(new Error("gone"));
    await snapshot.promise.catch(() => undefined);
    await Promise.resolve();
    expect(listeners.size).toBe(0);
  });
});

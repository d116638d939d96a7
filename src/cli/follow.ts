/** Follow an engine's state: the snapshot first, then every delta after it. */
import type { ContractClient } from "../shared/contract/contract.ts";
import type { Delta } from "../shared/contract/views.ts";

/**
 * Calls `show` with all slices, then with those that changed. Returns the unsubscribe function. An engine that goes
 * away meanwhile just stops telling.
 */
export function followState(
  client: ContractClient,
  show: (slices: Delta["slices"], at: number) => void,
): () => void {
  // A delta can overtake the snapshot's answer: those wait until it is known which ones the snapshot holds.
  let early: Delta[] | null = [];
  const stop = client.on("state.delta", (delta) => {
    if (early) early.push(delta);
    else show(delta.slices, delta.at);
  });
  client.invoke("state.snapshot", {}).then(
    (snapshot) => {
      show(snapshot.state, snapshot.at);
      for (const delta of early ?? []) if (delta.seq > snapshot.seq) show(delta.slices, delta.at);
      early = null;
    },
    () => stop(), // Gone before it answered: whoever supervises it says so.
  );
  return stop;
}

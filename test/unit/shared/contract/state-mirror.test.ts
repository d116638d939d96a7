import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyDelta, type MirrorClient, StateMirror } from "../../../../src/shared/contract/state-mirror.ts";
import type { Delta, Snapshot, State } from "../../../../src/shared/contract/views.ts";
import { earning } from "../../../e2e/ui/states.ts";

/** An engine whose deltas and snapshots arrive when the test says so. */
class ScriptedClient {
  readonly snapshots: { resolve(snapshot: Snapshot): void; reject(error: unknown): void }[] = [];
  #listener: ((delta: Delta) => void) | null = null;

  readonly client: MirrorClient = {
    invoke: () =>
      new Promise((resolve, reject) => {
        this.snapshots.push({ resolve: resolve as (snapshot: Snapshot) => void, reject });
      }),
    on: (_event, listener) => {
      this.#listener = listener as unknown as (delta: Delta) => void;
      return () => {
        this.#listener = null;
      };
    },
  };

  get subscribed(): boolean {
    return this.#listener !== null;
  }

  deliver(delta: Delta): void {
    this.#listener?.(delta);
  }

  /** Answer the oldest open question and let the answer arrive. */
  async answer(snapshot: Snapshot): Promise<void> {
    this.snapshots.shift()?.resolve(snapshot);
    await settled();
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const START = 1_800_000_000_000;
const base = earning(START);
const withTotal = (total: number): State => ({
  ...base,
  throughput: { ...base.throughput, acceptedTotal: total },
});
const snapshotAt = (seq: number): Snapshot => ({ seq, at: START + seq, state: withTotal(seq) });
const deltaAt = (seq: number): Delta => ({
  seq,
  at: START + seq,
  slices: { throughput: withTotal(seq).throughput },
});

function mirrorOf(scripted: ScriptedClient) {
  const seen: number[] = [];
  const failures: unknown[] = [];
  const mirror = new StateMirror(scripted.client, {
    changed: ({ state }) => seen.push(state.throughput.acceptedTotal),
    failed: (error) => failures.push(error),
  });
  return { mirror, seen, failures };
}

describe("applyDelta", () => {
  it("takes the next one, replacing whole slices and keeping the others", () => {
    const next = applyDelta(snapshotAt(4), deltaAt(5));
    expect(next).toMatchObject({ seq: 5, at: START + 5 });
    expect(next).toHaveProperty("state.markets", base.markets);
  });

  it("ignores an old one, and calls a later one a hole", () => {
    expect(applyDelta(snapshotAt(4), deltaAt(4))).toBe("old");
    expect(applyDelta(snapshotAt(4), deltaAt(2))).toBe("old");
    expect(applyDelta(snapshotAt(4), deltaAt(6))).toBe("hole");
  });

  it("knows an engine that counts from the start again by its later time", () => {
    expect(applyDelta(snapshotAt(4), { ...deltaAt(1), at: START + 900 })).toBe("hole");
  });

  it("never lets an absent slice overwrite what is known", () => {
    const delta = { ...deltaAt(5), slices: { markets: undefined } } as unknown as Delta;
    expect(applyDelta(snapshotAt(4), delta)).toHaveProperty("state.markets", base.markets);
  });
});

describe("StateMirror", () => {
  it("follows a snapshot with the deltas that overtook it, and drops those it contains", async () => {
    const scripted = new ScriptedClient();
    const { mirror, seen } = mirrorOf(scripted);
    void mirror.refresh();
    for (const seq of [2, 3, 4]) scripted.deliver(deltaAt(seq));
    await scripted.answer(snapshotAt(3));
    scripted.deliver(deltaAt(5));
    expect(seen).toEqual([4, 5]);
  });

  it("asks for a snapshot once when a delta is missing, and goes on from it", async () => {
    const scripted = new ScriptedClient();
    const { mirror, seen } = mirrorOf(scripted);
    void mirror.refresh();
    await scripted.answer(snapshotAt(1));
    scripted.deliver(deltaAt(3));
    scripted.deliver(deltaAt(4));
    expect(scripted.snapshots).toHaveLength(1);
    expect(seen).toEqual([1]);
    await scripted.answer(snapshotAt(3));
    expect(seen).toEqual([1, 4]);
  });

  it("keeps what it has when a snapshot can't be had, says so, and can ask again", async () => {
    const scripted = new ScriptedClient();
    const { mirror, seen, failures } = mirrorOf(scripted);
    void mirror.refresh();
    await scripted.answer(snapshotAt(1));
    const asking = mirror.refresh();
    scripted.snapshots.shift()?.reject(new Error("gone"));
    await asking;
    expect(failures).toHaveLength(1);
    expect(mirror.current?.seq).toBe(1);
    void mirror.refresh();
    await scripted.answer(snapshotAt(9));
    expect(seen).toEqual([1, 9]);
  });

  it("forgets a dead engine's state and hears nothing after its own end", async () => {
    const scripted = new ScriptedClient();
    const { mirror, seen } = mirrorOf(scripted);
    void mirror.refresh();
    await scripted.answer(snapshotAt(1));
    mirror.forget();
    expect(mirror.current).toBeNull();
    scripted.deliver(deltaAt(2));
    mirror.dispose();
    expect(scripted.subscribed).toBe(false);
    expect(seen).toEqual([1]);
  });

  it("shows the engine's state in the end, whatever was lost, doubled or late on the way", async () => {
    const fate = fc.constantFrom("arrives", "lost", "doubled", "late");
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { minLength: 1, maxLength: 30 }), async (fates) => {
        const scripted = new ScriptedClient();
        const { mirror } = mirrorOf(scripted);
        void mirror.refresh();
        await scripted.answer(snapshotAt(0));
        const late: Delta[] = [];
        let seq = 0;
        for (const what of fates) {
          seq += 1;
          if (what === "arrives" || what === "doubled") scripted.deliver(deltaAt(seq));
          if (what === "doubled") scripted.deliver(deltaAt(seq));
          if (what === "late") late.push(deltaAt(seq));
          while (scripted.snapshots.length > 0) await scripted.answer(snapshotAt(seq));
        }
        for (const delta of late) scripted.deliver(delta);
        // The next delta always reveals what is missing.
        scripted.deliver(deltaAt(seq + 1));
        while (scripted.snapshots.length > 0) await scripted.answer(snapshotAt(seq + 1));
        expect(mirror.current?.seq).toBe(seq + 1);
        expect(mirror.current?.state.throughput.acceptedTotal).toBe(seq + 1);
      }),
      { numRuns: 200 },
    );
  });
});

import { describe, expect, it } from "vitest";
import { StillLines } from "../../../../src/renderer/parts/still-lines.ts";

interface Line {
  readonly id: string;
  readonly state: string;
}

const line = (id: string, state = "running"): Line => ({ id, state });
const keyOf = ({ id }: Line) => id;
const ids = (lines: readonly Line[]) => lines.map(({ id }) => id);

describe("a list that is held still", () => {
  it("changes as it likes while nobody is at it", () => {
    const still = new StillLines(keyOf);
    expect(ids(still.shown([line("b"), line("a")], false).lines)).toEqual(["b", "a"]);
    expect(ids(still.shown([line("c"), line("b")], false).lines)).toEqual(["c", "b"]);
  });

  it("keeps its lines in their places, each as it is now, and says how many are new", () => {
    const still = new StillLines(keyOf);
    still.shown([line("b"), line("a")], true);
    const { lines, waiting } = still.shown([line("d"), line("c"), line("b", "accepted")], true);
    expect(lines).toEqual([line("b", "accepted"), line("a")]);
    expect(waiting).toBe(2);
    expect(still.shown([line("d"), line("c")], false)).toEqual({ lines: [line("d"), line("c")], waiting: 0 });
  });

  it("knows of a line that is not listed any more what is told of all", () => {
    const still = new StillLines(keyOf);
    still.shown([line("b", "trouble"), line("a", "trouble")], true);
    const all = [line("a", "fine"), line("b", "trouble")];
    expect(still.shown([line("b", "trouble")], true, { all }).lines).toEqual([
      line("b", "trouble"),
      line("a", "fine"),
    ]);
  });

  it("is taken anew as soon as another list is asked for", () => {
    const still = new StillLines(keyOf);
    still.shown([line("b"), line("a")], true, { list: "by name" });
    expect(ids(still.shown([line("a"), line("b")], true, { list: "by name" }).lines)).toEqual(["b", "a"]);
    expect(ids(still.shown([line("a"), line("b")], true, { list: "by state" }).lines)).toEqual(["a", "b"]);
    expect(ids(still.shown([line("c"), line("a")], true, { list: "by state" }).lines)).toEqual(["a", "b"]);
  });
});

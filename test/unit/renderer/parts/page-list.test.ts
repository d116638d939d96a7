import { describe, expect, it } from "vitest";
import { type Page, PageList } from "../../../../src/renderer/parts/page-list.ts";
import { AppError } from "../../../../src/shared/errors.ts";

interface Line {
  readonly id: number;
  readonly words: string;
}

const PAGE = 100;
const line = (id: number): Line => ({ id, words: "as it came" });
const keyOf = ({ id }: Line) => String(id);
const ids = ({ rows }: { rows: readonly Line[] }) => rows.map(({ id }) => id);
const untilRead = (list: PageList<Line, number>) => expect.poll(() => list.state.loading).toBe(false);

/** A log that grows; its newest line has the highest id. */
function log(length: number) {
  const lines = Array.from({ length }, (_, index) => line(length - index));
  const asked: (number | null)[] = [];
  const page = (before: number | null): Page<Line, number> => {
    const older = before === null ? lines : lines.filter(({ id }) => id < before);
    const rows = older.slice(0, PAGE);
    return { rows, next: older.length > PAGE ? (rows.at(-1)?.id ?? null) : null };
  };
  return {
    asked,
    page,
    read: async (before: number | null) => {
      asked.push(before);
      return page(before);
    },
    add: () => lines.unshift(line((lines[0]?.id ?? 0) + 1)),
    change: (id: number, words: string) => {
      const index = lines.findIndex((each) => each.id === id);
      lines[index] = { id, words };
    },
  };
}

/** Reads on to the end of what is there, as somebody who scrolls down does. */
async function readOn(list: PageList<Line, number>, rows: number): Promise<void> {
  list.setAtTop(false);
  while (list.state.rows.length < rows) {
    const last = list.state.rows.length - 1;
    list.want(last - 20, last);
    await untilRead(list);
  }
}

describe("a list that is read page by page", () => {
  it("is the newest page, and older ones as their place comes into sight", async () => {
    const source = log(250);
    const list = new PageList<Line, number>(keyOf, () => undefined);
    list.open(source.read, false);
    await untilRead(list);
    expect(list.state.rows).toHaveLength(100);
    list.want(0, 20);
    expect(source.asked).toEqual([null]);
    await readOn(list, 250);
    expect(ids(list.state)).toEqual(Array.from({ length: 250 }, (_, index) => 250 - index));
    expect(list.state.next).toBeNull();
  });

  it("lives on once somebody is back at its top, however far down he read", async () => {
    const source = log(1_000);
    const list = new PageList<Line, number>(keyOf, () => undefined);
    list.open(source.read, true);
    list.take(source.page(null));
    await readOn(list, 500);
    source.add();
    list.take(source.page(null));
    expect(ids(list.state)).toHaveLength(500);
    expect(ids(list.state)[0]).toBe(1_000);
    list.setAtTop(true);
    expect(ids(list.state)[0]).toBe(1_001);
    source.add();
    list.take(source.page(null));
    expect(ids(list.state)[0]).toBe(1_002);
  });

  it("is read anew from time to time at its top only, and soon after somebody came back there", async () => {
    const source = log(1_000);
    const list = new PageList<Line, number>(keyOf, () => undefined);
    list.open(source.read, false);
    await untilRead(list);
    await readOn(list, 500);
    source.asked.length = 0;
    source.add();
    list.readAgain();
    expect(source.asked).toEqual([]);
    list.setAtTop(true);
    await untilRead(list);
    expect(source.asked).toEqual([null]);
    expect(ids(list.state)[0]).toBe(1_001);
    list.setAtTop(false);
    list.setAtTop(true);
    expect(source.asked).toEqual([null]);
  });

  it("stays in place under a pointer or a focus, its lines as they are by now", async () => {
    const source = log(120);
    const list = new PageList<Line, number>(keyOf, () => undefined);
    list.open(source.read, true);
    list.take(source.page(null));
    list.setHeld(true);
    source.add();
    source.change(120, "changed since");
    list.take(source.page(null));
    expect(list.state.rows[0]).toEqual({ id: 120, words: "changed since" });
    expect(list.state.rows).toHaveLength(100);
    list.setHeld(false);
    expect(ids(list.state)[0]).toBe(121);
  });

  it("is not moved by what was asked for before the pointer came", async () => {
    const source = log(120);
    const list = new PageList<Line, number>(keyOf, () => undefined);
    list.open(source.read, false);
    await untilRead(list);
    source.add();
    list.readAgain();
    list.setHeld(true);
    await untilRead(list);
    expect(ids(list.state)[0]).toBe(120);
    list.setHeld(false);
    expect(ids(list.state)[0]).toBe(121);
  });

  it("shows a first page whatever holds the list of before", () => {
    const source = log(3);
    const list = new PageList<Line, number>(keyOf, () => undefined);
    list.open(source.read, true);
    list.setHeld(true);
    list.setAtTop(false);
    list.take(source.page(null));
    expect(ids(list.state)).toEqual([3, 2, 1]);
  });

  it("is another list as soon as it is opened as one: what was still on its way is not in it", async () => {
    const first = log(300);
    const list = new PageList<Line, number>(keyOf, () => undefined);
    list.open(first.read, false);
    const second = log(5);
    list.open(second.read, false);
    expect(list.state.rows).toEqual([]);
    await untilRead(list);
    expect(ids(list.state)).toEqual([5, 4, 3, 2, 1]);
  });

  it("says why a page can't be read, and keeps what it has", async () => {
    const source = log(300);
    let broken = false;
    const list = new PageList<Line, number>(keyOf, () => undefined);
    list.open(async (before) => {
      if (broken) throw new AppError({ code: "ENGINE_GONE", message: "Gone", actor: "machine" });
      return source.read(before);
    }, false);
    await untilRead(list);
    broken = true;
    list.want(80, 99);
    await untilRead(list);
    expect(list.state.error?.code).toBe("ENGINE_GONE");
    expect(list.state.rows).toHaveLength(100);
    broken = false;
    list.reload();
    await untilRead(list);
    expect(list.state.error).toBeNull();
  });

  it("goes on with a search that found too little to scroll", async () => {
    const asked: (number | null)[] = [];
    const list = new PageList<Line, number>(keyOf, () => undefined);
    list.open(async (before) => {
      asked.push(before);
      const at = before ?? 4;
      return { rows: [line(at)], next: at > 1 ? at - 1 : null };
    }, false);
    await expect.poll(() => list.state.next === null && !list.state.loading).toBe(true);
    expect(ids(list.state)).toEqual([4, 3, 2, 1]);
    expect(asked).toEqual([null, 3, 2, 1]);
  });
});

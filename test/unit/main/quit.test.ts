import { beforeEach, describe, expect, it, vi } from "vitest";
import type { QuitAnswer } from "../../../src/main/ask.ts";
import type { WindDownState } from "../../../src/main/wind-down.ts";

vi.mock("electron", () => ({ app: {} }));
const { QuitWish } = await import("../../../src/main/quit.ts");

let held: number;
/** What the engine says when it is asked; null: what it said before. */
let heldNow: number | null;
let answer: QuitAnswer;
let done: string[];
let work: WindDownState;

const wish = () =>
  new QuitWish({
    lookAgain: async () => {
      held = heldNow ?? held;
    },
    jobsHeld: () => held,
    ask: async (count) => {
      done.push(`asked about ${count}`);
      return answer;
    },
    windDown: { begin: async () => void done.push("wind down"), look: () => work },
    quit: () => void done.push("quit"),
  });

beforeEach(() => {
  held = 2;
  heldNow = null;
  answer = "stay";
  done = [];
  work = { state: "ending", jobs: 2 };
});

describe("QuitWish", () => {
  it("quits at once while nothing is held", async () => {
    held = 0;
    await wish().want();
    expect(done).toEqual(["quit"]);
  });

  it("asks the engine first: a job may have come a moment ago", async () => {
    held = 0;
    heldNow = 1;
    await wish().want();
    expect(done).toEqual(["asked about 1"]);
  });

  it("asks while jobs are held, and does as it is told", async () => {
    await wish().want();
    expect(done).toEqual(["asked about 2"]);
    answer = "now";
    await wish().want();
    expect(done.slice(1)).toEqual(["asked about 2", "quit"]);
  });

  it("quits once, when what was held has ended", async () => {
    answer = "finish";
    const quitting = wish();
    await quitting.want();
    expect(done).toEqual(["asked about 2", "wind down"]);
    quitting.follow();
    work = { state: "unknown" };
    quitting.follow();
    expect(done).not.toContain("quit");
    work = { state: "ended" };
    quitting.follow();
    quitting.follow();
    expect(done.filter((each) => each === "quit")).toHaveLength(1);
  });

  it("takes work started meanwhile as a change of mind", async () => {
    answer = "finish";
    const quitting = wish();
    await quitting.want();
    work = { state: "overruled" };
    quitting.follow();
    work = { state: "ended" };
    quitting.follow();
    expect(done).not.toContain("quit");
  });

  it("does not quit for work that was paused without anybody's wish to quit", () => {
    work = { state: "ended" };
    wish().follow();
    expect(done).toEqual([]);
  });
});

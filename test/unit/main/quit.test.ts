import { beforeEach, describe, expect, it, vi } from "vitest";
import type { QuitAnswer } from "../../../src/main/ask.ts";

vi.mock("electron", () => ({ app: {} }));
const { QuitWish } = await import("../../../src/main/quit.ts");

let held: number;
let answer: QuitAnswer;
let done: string[];

const wish = () =>
  new QuitWish({
    jobsHeld: () => held,
    ask: async (count) => {
      done.push(`asked about ${count}`);
      return answer;
    },
    finishWork: async () => void done.push("finish"),
    quit: () => void done.push("quit"),
  });

beforeEach(() => {
  held = 2;
  answer = "stay";
  done = [];
});

describe("QuitWish", () => {
  it("quits at once while nothing is held", async () => {
    held = 0;
    await wish().want();
    expect(done).toEqual(["quit"]);
  });

  it("asks while jobs are held, and does as it is told", async () => {
    await wish().want();
    expect(done).toEqual(["asked about 2"]);
    answer = "now";
    await wish().want();
    expect(done.slice(1)).toEqual(["asked about 2", "quit"]);
  });

  it("quits when what was held has ended", async () => {
    answer = "finish";
    const quitting = wish();
    await quitting.want();
    expect(done).toEqual(["asked about 2", "finish"]);
    quitting.follow("finishing");
    quitting.follow(null);
    expect(done).not.toContain("quit");
    held = 0;
    quitting.follow("stopped");
    quitting.follow("stopped");
    expect(done.filter((each) => each === "quit")).toHaveLength(1);
  });

  it("takes work started meanwhile as a change of mind", async () => {
    answer = "finish";
    const quitting = wish();
    await quitting.want();
    quitting.follow("finishing");
    quitting.follow("running");
    held = 0;
    quitting.follow("stopped");
    expect(done).not.toContain("quit");
  });

  it("does not take the state from before its order for one", async () => {
    answer = "finish";
    const quitting = wish();
    await quitting.want();
    quitting.follow("running");
    quitting.follow("finishing");
    held = 0;
    quitting.follow("stopped");
    expect(done).toContain("quit");
  });
});

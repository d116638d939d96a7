import { describe, expect, test } from "vitest";
import { Ending, Inbox } from "../../../src/host/listeners.ts";

describe("Inbox", () => {
  test("keeps what comes before anybody has listened, in order", () => {
    const inbox = new Inbox<number>();
    inbox.emit(1);
    inbox.emit(2);
    const heard: number[] = [];
    inbox.on((value) => heard.push(value));
    inbox.emit(3);
    expect(heard).toEqual([1, 2, 3]);
  });

  test("keeps nothing once somebody has listened, even after they left", () => {
    const inbox = new Inbox<number>();
    inbox.on(() => undefined)();
    inbox.emit(1);
    const heard: number[] = [];
    inbox.on((value) => heard.push(value));
    expect(heard).toEqual([]);
  });

  test("a listener may unsubscribe while it is called, and the others still hear", () => {
    const inbox = new Inbox<string>();
    const heard: string[] = [];
    const stop = inbox.on(() => stop());
    inbox.on((value) => heard.push(value));
    inbox.emit("a");
    expect(heard).toEqual(["a"]);
  });
});

describe("Ending", () => {
  test("happens once, and late listeners are told as well", async () => {
    const ending = new Ending();
    const heard: string[] = [];
    ending.on(() => heard.push("early"));
    ending.end();
    ending.end();
    ending.on(() => heard.push("late"));
    await Promise.resolve();
    expect(heard).toEqual(["early", "late"]);
  });
});

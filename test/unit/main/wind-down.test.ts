import { beforeEach, describe, expect, it } from "vitest";
import { WindDown, type WorkSeen } from "../../../src/main/wind-down.ts";

/** The engine's state as it is known here, moved by hand; what is ordered is written down. */
let work: WorkSeen | "none" | null;
let told: string[];
let gone: boolean;

const order = (name: string) => async () => {
  if (gone) throw new Error("ENGINE_GONE");
  told.push(name);
};
const windDown = () => new WindDown({ work: () => work, finish: order("finish"), resume: order("resume") });
const running = (jobs: number, life = "first"): WorkSeen => ({ life, intent: "running", jobs });

beforeEach(() => {
  work = running(0);
  told = [];
  gone = false;
});

describe("WindDown", () => {
  it("believes that nothing is taken only once the engine shows it", async () => {
    const down = windDown();
    await down.begin();
    expect(told).toEqual(["finish"]);
    // The state is still from before the order: a job may be on its way.
    expect(down.look()).toEqual({ state: "ending", jobs: 0 });
    work = { life: "first", intent: "finishing", jobs: 1 };
    expect(down.look()).toEqual({ state: "ending", jobs: 1 });
    work = { life: "first", intent: "paused", jobs: 0 };
    expect(down.look()).toEqual({ state: "ended" });
    await down.end();
    await down.end();
    expect(told).toEqual(["finish", "resume"]);
  });

  it("takes what was known before the order was carried out for no answer to it", async () => {
    const carriedOut = Promise.withResolvers<void>();
    const down = new WindDown({
      work: () => work,
      finish: () => carriedOut.promise,
      resume: order("resume"),
    });
    // Its person has started work a moment ago, which nobody has heard of here.
    work = { life: "first", intent: "paused", jobs: 0 };
    const begun = down.begin();
    expect(down.look()).toEqual({ state: "ending", jobs: 0 });
    work = running(1);
    expect(down.look()).toEqual({ state: "ending", jobs: 1 });
    carriedOut.resolve();
    await begun;
    expect(down.look()).toEqual({ state: "ending", jobs: 1 });
    work = { life: "first", intent: "paused", jobs: 0 };
    expect(down.look()).toEqual({ state: "ended" });
  });

  it("takes work started meanwhile as a word of its person", async () => {
    const down = windDown();
    await down.begin();
    work = { life: "first", intent: "finishing", jobs: 1 };
    down.look();
    work = running(1);
    expect(down.look()).toEqual({ state: "overruled" });
    await down.end();
    expect(down.look()).toEqual({ state: "ending", jobs: 1 });
    // Said again, it is a new order.
    await down.begin();
    expect(down.look()).toEqual({ state: "ending", jobs: 1 });
    expect(told).toEqual(["finish", "resume", "finish"]);
  });

  it("tells an engine that was started again, which goes on as it was left", async () => {
    const down = windDown();
    await down.begin();
    work = { life: "first", intent: "finishing", jobs: 2 };
    down.look();
    work = null;
    expect(down.look()).toEqual({ state: "unknown" });
    work = running(1, "second");
    expect(down.look()).toEqual({ state: "ending", jobs: 1 });
    down.look();
    expect(told).toEqual(["finish", "finish"]);
    work = { life: "second", intent: "paused", jobs: 0 };
    await expect.poll(() => down.look()).toEqual({ state: "ended" });
  });

  it("tells an engine that is away when it is back, and one that went away while it was told", async () => {
    work = null;
    const down = windDown();
    await down.begin();
    expect(told).toEqual([]);
    gone = true;
    work = running(0);
    down.look();
    await Promise.resolve();
    gone = false;
    await expect
      .poll(() => {
        down.look();
        return told;
      })
      .toEqual(["finish"]);
  });

  it("has nothing to wait for where work was paused, and where there is no engine", async () => {
    work = { life: "first", intent: "paused", jobs: 0 };
    const down = windDown();
    await down.begin();
    expect(down.look()).toEqual({ state: "ended" });
    work = "none";
    expect(windDown().look()).toEqual({ state: "ended" });
  });

  it("orders nothing by itself when nobody wants it", () => {
    windDown().look();
    expect(told).toEqual([]);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { HangWatch } from "../../../src/main/hang-watch.ts";
import { AppError } from "../../../src/shared/errors.ts";

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("HangWatch", () => {
  let answers: "yes" | "no" | "never";
  let up: boolean;
  let asked: number;
  let hangs: number;
  let tellDelta: () => void;
  let watch: HangWatch;

  beforeEach(() => {
    answers = "yes";
    up = true;
    asked = 0;
    hangs = 0;
    watch = new HangWatch({
      client: {
        invoke: (() => {
          asked += 1;
          if (answers === "never") return new Promise(() => undefined);
          return answers === "yes"
            ? Promise.resolve({ devices: [] })
            : Promise.reject(new AppError({ code: "ENGINE_GONE", message: "No", actor: "bug" }));
        }) as never,
        on: ((_event: string, listener: () => void) => {
          tellDelta = listener;
          return () => undefined;
        }) as never,
      },
      isUp: () => up,
      onHang: () => {
        hangs += 1;
      },
    });
  });

  const pass = async (ticks: number) => {
    for (let tick = 0; tick < ticks; tick++) {
      watch.tick();
      await settled();
    }
  };

  it("asks a silent engine now and then, and is content with any answer", async () => {
    await pass(60);
    answers = "no";
    await pass(60);
    expect(hangs).toBe(0);
    expect(asked).toBe(60);
  });

  it("asks nothing while the engine tells something by itself", async () => {
    for (let tick = 0; tick < 60; tick++) {
      tellDelta();
      await pass(1);
    }
    expect(asked).toBe(0);
  });

  it("finds a hang after an unanswered question, once", async () => {
    answers = "never";
    await pass(3);
    expect(hangs).toBe(0);
    await pass(1);
    expect(hangs).toBe(1);
    up = false;
    await pass(100);
    expect(hangs).toBe(1);
  });

  it("counts a delta as the answer", async () => {
    answers = "never";
    await pass(3);
    tellDelta();
    await pass(3);
    expect(hangs).toBe(0);
  });

  it("does not count the time in which no engine runs", async () => {
    up = false;
    await pass(100);
    expect([asked, hangs]).toEqual([0, 0]);
  });
});

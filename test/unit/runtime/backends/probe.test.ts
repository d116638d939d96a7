import { describe, expect, test } from "vitest";
import {
  BIG_MATMUL,
  CONV,
  compare,
  fastestRun,
  MATMUL,
  probeObstacle,
} from "../../../../src/runtime/backends/probe.ts";

process.env.ORT_DISABLE_TELEMETRY = "1";
const CPU = { executionProviders: ["cpu"] as const };

describe("a probe", () => {
  test.each([MATMUL, CONV, BIG_MATMUL])("$operator runs on the CPU and agrees with itself", async (probe) => {
    expect(await probeObstacle(probe, CPU, CPU)).toBeNull();
  });

  test("of a back end that does not start says why", async () => {
    const reason = await probeObstacle(MATMUL, { executionProviders: ["warp drive"] }, CPU);
    expect(reason).toMatch(/warp drive/);
  });

  test("of an operator that the back end lacks says why", async () => {
    const reason = await probeObstacle({ ...MATMUL, operator: "Teleport" }, CPU, CPU);
    expect(reason).toMatch(/Teleport/);
  });

  test("that ran out of memory proves nothing: it is to be tried again", async () => {
    const enormous = {
      operator: "MatMul",
      inputs: { a: [2 ** 21, 1], b: [1, 2 ** 21] },
      output: [2 ** 21, 2 ** 21],
    };
    await expect(probeObstacle(enormous, CPU, CPU)).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
      actor: "machine",
      retryable: true,
    });
  });

  test("takes a time", async () => {
    expect(await fastestRun(MATMUL, CPU)).toBeGreaterThan(0);
  });
});

describe("answers are compared with the CPU's", () => {
  const expected = Float32Array.of(10, -4, 0.5);

  test("the same, and what another order of summation gives, is right", () => {
    expect(compare("MatMul", expected, expected)).toBeNull();
    expect(compare("MatMul", expected, Float32Array.of(10.001, -4.001, 0.5))).toBeNull();
  });

  test.each([
    ["a wrong value", [10, -3.9, 0.5], "its MatMul gives -3.9000000953674316 where the CPU gives -4"],
    ["NaN", [10, Number.NaN, 0.5], "its MatMul gives NaN where the CPU gives -4"],
    ["infinity", [Number.POSITIVE_INFINITY, -4, 0.5], "its MatMul gives Infinity where the CPU gives 10"],
    ["nothing but zeros", [0, 0, 0], "its MatMul gives 0 where the CPU gives 10"],
    ["too few values", [10], "its MatMul gives 1 values, the CPU's 3"],
  ])("%s is a failure of that back end", (_what, found, reason) => {
    expect(compare("MatMul", expected, Float32Array.from(found))).toBe(reason);
  });
});

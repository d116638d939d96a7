import { expect, test } from "vitest";
import { describeSkipped, ladderOf } from "../../../../src/shared/runtime/backends.ts";

test("each system has its ladder, and every ladder ends on the CPU", () => {
  expect(ladderOf("linux")).toEqual(["cuda", "webgpu", "cpu"]);
  expect(ladderOf("win32")).toEqual(["dml", "webgpu", "cpu"]);
  expect(ladderOf("darwin")).toEqual(["webgpu", "cpu"]);
  expect(ladderOf("freebsd")).toEqual(["cpu"]);
});

test("the steps down are one sentence", () => {
  expect(describeSkipped([])).toBeNull();
  expect(
    describeSkipped([
      { backend: "cuda", reason: "libcudart.so.13 is missing" },
      { backend: "webgpu", reason: "there is no adapter" },
    ]),
  ).toBe("CUDA can't be used: libcudart.so.13 is missing; WebGPU can't be used: there is no adapter");
});

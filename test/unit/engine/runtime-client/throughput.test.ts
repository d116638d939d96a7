import { expect, test } from "vitest";
import { Throughput } from "../../../../src/engine/runtime-client/throughput.ts";

test("is unknown before the first batch", () => {
  expect(new Throughput().textsPerSecond).toBeNull();
});

test("is texts over busy time, not over the time that passed", () => {
  const throughput = new Throughput();
  throughput.add(100, 500);
  throughput.add(50, 1000);
  expect(throughput.textsPerSecond).toBe(100);
});

test("forgets what lies further back than a minute of work", () => {
  const throughput = new Throughput();
  throughput.add(1_000_000, 30_000);
  for (let i = 0; i < 60; i++) throughput.add(10, 1000);
  expect(throughput.textsPerSecond).toBe(10);
});

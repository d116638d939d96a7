import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { describe, expect, it } from "vitest";
import { ToldRoots } from "../../../../src/engine/tracing/told-roots.ts";
import { phaseSpanIdOf, rootSpanIdOf } from "../../../../src/engine/tracing/trace-ids.ts";

const span = (spanId: string) => ({ spanContext: () => ({ spanId }) }) as ReadableSpan;

/** Answers each export with what it is told to. */
const exporter = (code: 0 | 1): SpanExporter => ({
  export: (_, done) => done({ code }),
  shutdown: async () => undefined,
});

describe("the root spans that were told", () => {
  it("are known until somebody asks, and only those", () => {
    const told = new ToldRoots();
    told.note("a");
    expect([told.take("b"), told.take("a"), told.take("a")]).toEqual([false, true, false]);
  });

  it("are not those that no receiver took", () => {
    const told = new ToldRoots();
    for (const id of ["a", "b"]) told.note(id);
    const codes: number[] = [];
    told.follow(exporter(1)).export([span("a"), span("phase of a")], ({ code }) => codes.push(code));
    told.follow(exporter(0)).export([span("b")], ({ code }) => codes.push(code));
    expect(codes).toEqual([1, 0]);
    expect([told.take("a"), told.take("b")]).toEqual([false, true]);
  });

  it("do not fill the memory where jobs are never paid: the oldest are told again", () => {
    const told = new ToldRoots();
    for (let n = 0; n < 20_000; n++) told.note(`root ${n}`);
    expect([told.take("root 0"), told.take("root 19999")]).toEqual([false, true]);
  });
});

it("a span's id is the same whenever it is told, and another for each phase", () => {
  const lease = { market: "aicf", leaseId: "l-1" };
  const ids = [rootSpanIdOf(lease), ...[0, 1, 2, 3, 4, 5, 6].map((index) => phaseSpanIdOf(lease, index))];
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
  expect(phaseSpanIdOf(lease, 1)).toBe(phaseSpanIdOf({ ...lease }, 1));
  expect(phaseSpanIdOf(lease, 11)).not.toBe(phaseSpanIdOf({ ...lease, leaseId: "l-11" }, 1));
});

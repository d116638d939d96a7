/** Traces as a collector gets them: one per job, spans that fit together, and none when nobody asked. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { logFileOf } from "../../src/engine/log/log-file.ts";
import { traceIdOf } from "../../src/engine/tracing/trace-ids.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { isAlive, RunningDemo, startBellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** The spans of a job from its lease to its money, by name. */
const WHOLE_TRACE = ["compute", "job", "lease", "queue", "settle", "submit"];

const SpanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.coerce.bigint(),
  endTimeUnixNano: z.coerce.bigint(),
  attributes: z.array(
    z.object({
      key: z.string(),
      value: z.object({ stringValue: z.string().optional(), intValue: z.unknown().optional() }),
    }),
  ),
});
type Span = z.infer<typeof SpanSchema>;
const ExportSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: SpanSchema.shape.attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(SpanSchema) })),
    }),
  ),
});

const LineSchema = z.object({
  market: z.string().optional(),
  lease: z.string().optional(),
  trace: z.string().optional(),
});

/** An OTLP receiver over real HTTP. What it does not take is answered 503: a collector may be late, or away for long. */
async function collector(takes: (call: number) => boolean = (call) => call > 0) {
  const spans: Span[] = [];
  const calls: { path: string | undefined; header: string | undefined; resource: Record<string, string> }[] =
    [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const taken = takes(calls.length);
      const raw = Buffer.concat(chunks);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
      const parsed = ExportSchema.parse(JSON.parse(body.toString()));
      const attributes = parsed.resourceSpans[0]?.resource.attributes ?? [];
      calls.push({
        path: request.url,
        header: String(request.headers["x-team"]),
        resource: Object.fromEntries(
          attributes.flatMap(({ key, value }) =>
            value.stringValue === undefined ? [] : [[key, value.stringValue]],
          ),
        ),
      });
      if (taken) {
        spans.push(
          ...parsed.resourceSpans.flatMap((each) => each.scopeSpans.flatMap((scope) => scope.spans)),
        );
      }
      response
        .writeHead(taken ? 200 : 503, { "content-type": "application/json", "retry-after": "0" })
        .end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { spans, calls, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test(
  "each job is one trace from lease to settlement, at a collector that was late",
  async () => {
    const { spans, calls, url } = await collector();
    const folder = tempFolder();
    const args = ["demo", "--data", folder, "--port", "0", "--rate", "3", "--epoch", "2s"];
    const demo = new RunningDemo(
      folder,
      startBellows(args, {
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        OTEL_EXPORTER_OTLP_HEADERS: "x-team=forge",
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=rack-7,service.name=forge",
      }),
    );
    await expect
      .poll(() => spans.filter(({ name }) => name === "settle").length, { timeout: 3 * MINUTE })
      .toBeGreaterThan(2);
    expect(calls[0]).toMatchObject({
      path: "/v1/traces",
      header: "forge",
      resource: { "deployment.environment.name": "rack-7", "service.name": "forge" },
    });
    expect(calls[0]?.resource["service.version"]).toMatch(/^\d+\.\d+/);

    // What the log says of a job names the trace it belongs to.
    const lines = readFileSync(logFileOf(join(folder, "demo")), "utf8")
      .trimEnd()
      .split("\n");
    const facts = lines.map((line) => LineSchema.parse(JSON.parse(line)));
    const ofLeases = facts.flatMap(({ market, lease, trace }) =>
      market === undefined || lease === undefined
        ? []
        : [{ trace, wanted: traceIdOf({ market, leaseId: lease }) }],
    );
    expect(ofLeases.length).toBeGreaterThan(2);
    for (const { trace, wanted } of ofLeases) expect(trace).toBe(wanted);
    expect(facts.filter(({ lease, trace }) => lease === undefined && trace !== undefined)).toEqual([]);
    const sent = new Set(spans.map(({ traceId }) => traceId));
    expect(ofLeases.filter(({ trace }) => sent.has(trace ?? "")).length).toBeGreaterThan(2);

    const { jobs } = await demo.invoke("jobs.list", { limit: 1000 });
    const settled = spans.filter(({ name }) => name === "settle");
    for (const { traceId } of settled) {
      const ofTrace = spans.filter((span) => span.traceId === traceId);
      const job = jobs.find((row) => traceIdOf(row) === traceId);
      expect(job, "the trace's id is that of a lease").toBeDefined();
      expect(ofTrace.map(({ name }) => name).sort()).toEqual(WHOLE_TRACE);
      const root = ofTrace.find(({ name }) => name === "job");
      expect(root?.parentSpanId ?? "").toBe("");
      for (const span of ofTrace) {
        expect(span.endTimeUnixNano).toBeGreaterThanOrEqual(span.startTimeUnixNano);
        if (span !== root) expect(span.parentSpanId).toBe(root?.spanId);
      }
      const attribute = (key: string) => root?.attributes.find((each) => each.key === key)?.value.stringValue;
      expect(attribute("bellows.lease")).toBe(job?.leaseId);
      expect(attribute("bellows.market")).toBe(job?.market);
      expect(attribute("bellows.state")).toBe("accepted");
      // One phase ends where the next begins.
      const phases = ofTrace
        .filter(({ name }) => name !== "job")
        .sort((a, b) =>
          Number(a.startTimeUnixNano - b.startTimeUnixNano || a.endTimeUnixNano - b.endTimeUnixNano),
        );
      for (const [index, phase] of phases.slice(1).entries()) {
        expect(phase.startTimeUnixNano).toBe(phases[index]?.endTimeUnixNano);
      }
    }
  },
  4 * MINUTE,
);

test(
  "a job that was accepted before a kill -9 and settled after it has its whole trace, each span once",
  async () => {
    let listens = false;
    const { spans, url } = await collector(() => listens);
    const folder = tempFolder();
    const args = ["demo", "--data", folder, "--port", "0", "--rate", "3", "--epoch", "8s"];
    const demo = new RunningDemo(folder, startBellows(args, { OTEL_EXPORTER_OTLP_ENDPOINT: url }));
    const waiting = async () =>
      (await demo.invoke("jobs.list", { limit: 1000 })).jobs.filter(({ state }) => state === "accepted");
    await demo.until(({ throughput }) => throughput.acceptedTotal > 0, "a result", 2 * MINUTE);
    await expect.poll(async () => (await waiting()).length, { timeout: MINUTE }).toBeGreaterThan(2);
    const accepted = new Set((await waiting()).map(traceIdOf));
    // What it would have told of them goes with it.
    const engine = demo.pidOf("engine");
    if (engine === null) throw new Error("no engine to kill");
    process.kill(engine, "SIGKILL");
    await expect.poll(() => isAlive(engine), { timeout: MINUTE }).toBe(false);
    expect(spans).toEqual([]);
    listens = true;
    const settled = () =>
      spans.filter(({ name, traceId }) => name === "settle" && accepted.has(traceId)).map((s) => s.traceId);
    await expect.poll(() => settled().length, { timeout: 3 * MINUTE }).toBeGreaterThan(0);
    for (const traceId of settled()) {
      const ofTrace = spans.filter((span) => span.traceId === traceId);
      expect(ofTrace.map(({ name }) => name).sort()).toEqual(WHOLE_TRACE);
      expect(new Set(ofTrace.map(({ spanId }) => spanId)).size).toBe(ofTrace.length);
      const root = ofTrace.find(({ name }) => name === "job");
      for (const span of ofTrace) if (span !== root) expect(span.parentSpanId).toBe(root?.spanId);
    }
  },
  5 * MINUTE,
);

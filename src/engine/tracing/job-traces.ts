/**
 * One OpenTelemetry trace per job: a span from lease to the market's answer with the job's phases under it, and later
 * one for its settlement. Made from the ledger's history when a job ends, with ids derived from its lease: a job that
 * outlives the engine still gets its one trace, and spans that are told twice are the same spans.
 */
import { randomBytes } from "node:crypto";
import {
  type Attributes,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { BatchSpanProcessor, type IdGenerator, TracerProvider } from "@opentelemetry/sdk-trace";
import { SECOND } from "../../shared/durations.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { LeaseBrief } from "../ledger/tallies.ts";
import type { BoardChange } from "../work/board.ts";
import { FAILED_STATES } from "../work/job-machine.ts";
import { type Phase, phasesOf } from "../work/job-phases.ts";
import { ToldRoots } from "./told-roots.ts";
import { phaseSpanIdOf, rootSpanIdOf, traceIdOf } from "./trace-ids.ts";

/** Spans that wait while no receiver answers; more are dropped, and work goes on. */
const MAX_QUEUED = 8_192;
/** At the end what is left is tried once, this long. */
const LAST_TRY = 3 * SECOND;
const HEX_OF_TRACE = 32;
const HEX_OF_SPAN = 16;

export interface JobTracesOptions {
  /** Base address of an OTLP receiver; /v1/traces is added. Headers, compression: OTEL_EXPORTER_OTLP_… variables. */
  readonly endpoint: string;
  readonly version: string;
  readonly ledger: Pick<Ledger, "tallies" | "leases">;
}

export class JobTraces {
  readonly #provider: TracerProvider;
  readonly #ids = new LeaseIds();
  readonly #told = new ToldRoots();
  readonly #ledger: JobTracesOptions["ledger"];
  readonly #tracer;

  constructor({ endpoint, version, ledger }: JobTracesOptions) {
    this.#ledger = ledger;
    const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
    this.#provider = new TracerProvider({
      idGenerator: this.#ids,
      // OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME go before our own name.
      resource: defaultResource()
        .merge(resourceFromAttributes({ "service.name": "bellows", "service.version": version }))
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [
        new BatchSpanProcessor({ exporter: this.#told.follow(exporter), maxQueueSize: MAX_QUEUED }),
      ],
    });
    this.#tracer = this.#provider.getTracer("bellows", version);
  }

  /** Every change of a job comes by; most of them tell nothing yet. */
  noteJob({ row, event, state }: BoardChange): void {
    const over = state === "accepted" || state === "returned" || isFailure(state);
    if (!over && event !== "settle") return;
    const lease = this.#ledger.tallies.brief(row);
    if (lease === null) return;
    const phases = phasesOf(this.#ledger.leases.timeline(row));
    if (event === "settle") this.#tellSettlement(lease, phases);
    else this.#tellJob(lease, phases, state);
    if (event === "accept") this.#told.note(rootSpanIdOf(lease));
  }

  /** Sends what is left, within a short time. */
  async close(): Promise<void> {
    const tooLate = new Promise<void>((resolve) => setTimeout(resolve, LAST_TRY).unref());
    await Promise.race([this.#provider.shutdown().catch(() => undefined), tooLate]);
  }

  #tellJob(lease: LeaseBrief, phases: readonly Phase[], state: BoardChange["state"]): void {
    const [first, last] = [phases[0], phases.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#ids.next = { traceId: traceIdOf(lease), spanId: rootSpanIdOf(lease) };
    const root = this.#tracer.startSpan(
      "job",
      { kind: SpanKind.CONSUMER, startTime: first.from, attributes: attributesOf(lease, state), root: true },
      ROOT_CONTEXT,
    );
    this.#ids.next = null;
    for (const [index, phase] of phases.entries()) this.#tellPhase(lease, phase, index);
    if (isFailure(state)) root.setStatus({ code: SpanStatusCode.ERROR, message: state });
    root.end(last.to);
  }

  #tellSettlement(lease: LeaseBrief, phases: readonly Phase[]): void {
    const index = phases.findIndex(({ name }) => name === "settle");
    const settle = phases[index];
    if (settle === undefined) return;
    // Accepted by a run that ended before it had sent that, or at a time when nobody listened.
    if (!this.#told.take(rootSpanIdOf(lease))) this.#tellJob(lease, phases.slice(0, index), "accepted");
    this.#tellPhase(lease, settle, index);
  }

  #tellPhase(lease: LeaseBrief, { name, from, to, into }: Phase, index: number): void {
    const parent = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: traceIdOf(lease),
      spanId: rootSpanIdOf(lease),
      traceFlags: TraceFlags.SAMPLED,
    });
    this.#ids.next = { traceId: traceIdOf(lease), spanId: phaseSpanIdOf(lease, index) };
    const span = this.#tracer.startSpan(
      name,
      { startTime: from, attributes: { "bellows.lease": lease.leaseId, "bellows.into": into } },
      parent,
    );
    this.#ids.next = null;
    if (isFailure(into)) span.setStatus({ code: SpanStatusCode.ERROR, message: into });
    span.end(to);
  }
}

function attributesOf(lease: LeaseBrief, state: string): Attributes {
  return {
    "bellows.market": lease.market,
    "bellows.lease": lease.leaseId,
    "bellows.job": lease.jobId,
    "bellows.kind": lease.kind,
    "bellows.model": lease.model,
    "bellows.state": state,
    "bellows.runs": lease.runs,
    ...(lease.units === null ? {} : { "bellows.units": lease.units }),
    ...(lease.device === null ? {} : { "bellows.device": lease.device }),
  };
}

function isFailure(state: BoardChange["state"]): boolean {
  return (FAILED_STATES as readonly string[]).includes(state);
}

/** Random ids, but for a span whose own are said beforehand. */
class LeaseIds implements IdGenerator {
  next: { readonly traceId: string; readonly spanId: string } | null = null;

  generateTraceId(): string {
    return this.next?.traceId ?? randomHex(HEX_OF_TRACE);
  }

  generateSpanId(): string {
    return this.next?.spanId ?? randomHex(HEX_OF_SPAN);
  }
}

function randomHex(length: number): string {
  return randomBytes(length / 2).toString("hex");
}

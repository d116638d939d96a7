/**
 * Which jobs' root spans this run has handed over, so that a settlement hours later knows whether its trace has a root at
 * all. What a receiver did not take is as if it had never been told.
 */
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";

/** Jobs that are never paid must not fill the memory: the oldest are forgotten, and told again should they be paid. */
const MOST = 16_384;

export class ToldRoots {
  /** Ids of root spans, oldest first. */
  readonly #ids = new Set<string>();

  note(spanId: string): void {
    this.#ids.add(spanId);
    if (this.#ids.size <= MOST) return;
    const [oldest] = this.#ids;
    if (oldest !== undefined) this.#ids.delete(oldest);
  }

  /** Whether it was told; nobody asks a second time. */
  take(spanId: string): boolean {
    return this.#ids.delete(spanId);
  }

  /** The same exporter; what it could not deliver counts as not told. */
  follow(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans: ReadableSpan[], done) =>
        exporter.export(spans, (result) => {
          if (result.code !== DELIVERED)
            for (const span of spans) this.#ids.delete(span.spanContext().spanId);
          done(result);
        }),
      shutdown: () => exporter.shutdown(),
      forceFlush: async () => exporter.forceFlush?.(),
    };
  }
}

/** ExportResultCode.SUCCESS of @opentelemetry/core, which is no dependency of ours. */
const DELIVERED = 0;

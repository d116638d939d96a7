/** A file cut into chunks of equal size: what can be noted as done, and what is left to ask for. */
import { MIB } from "../../../shared/durations.ts";

/** Small enough that losing one hurts nobody, big enough that two fsyncs each cost nothing. */
export const CHUNK_BYTES = 4 * MIB;

export interface ChunkPlan {
  readonly bytes: number;
  readonly chunkBytes: number;
  /** Number of chunks; the last one may be shorter. */
  readonly count: number;
}

/** Byte positions, the end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export function planChunks(bytes: number, chunkBytes: number = CHUNK_BYTES): ChunkPlan {
  return { bytes, chunkBytes, count: Math.ceil(bytes / chunkBytes) };
}

export function chunkSpan(plan: ChunkPlan, index: number): Span {
  const start = index * plan.chunkBytes;
  return { start, end: Math.min(plan.bytes, start + plan.chunkBytes) };
}

/** The first run of chunks that are not done, as one span to ask for; null when all are done. */
export function firstMissing(plan: ChunkPlan, isDone: (index: number) => boolean): Span | null {
  let first = 0;
  while (first < plan.count && isDone(first)) first++;
  if (first === plan.count) return null;
  let next = first + 1;
  while (next < plan.count && !isDone(next)) next++;
  return { start: chunkSpan(plan, first).start, end: chunkSpan(plan, next - 1).end };
}

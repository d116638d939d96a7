/** One batch between request and answer: what is refused before it is sent, what is tried again, and one answer for each item. */
import { toErrorValue } from "../../shared/errors.ts";
import { requireWorkInLimits } from "../../shared/runtime/limits.ts";
import type { FromRuntime, ItemResult } from "../../shared/runtime/protocol.ts";
import type { RunItem } from "./device-runtime.ts";
import { OUT_OF_MEMORY } from "./endings.ts";

export type Done = Extract<FromRuntime, { type: "done" }>;

/** What the process gets, and the answers of those it never sees: a hostile input does not cross into it. */
export function withoutRefused(items: readonly RunItem[]): {
  readonly sent: readonly RunItem[];
  readonly refused: readonly ItemResult[];
} {
  const sent: RunItem[] = [];
  const refused: ItemResult[] = [];
  for (const item of items) {
    try {
      requireWorkInLimits(item.work);
      sent.push(item);
    } catch (thrown) {
      refused.push({ key: item.key, ok: false, error: toErrorValue(thrown) });
    }
  }
  return { sent, refused };
}

/** What did not fit into the device's memory together is tried once more, in two halves. */
export async function inHalvesWhenStarved(
  items: readonly RunItem[],
  ask: (items: readonly RunItem[]) => Promise<Done>,
): Promise<Done> {
  const done = await ask(items);
  const starved = new Set(done.items.filter(isOutOfMemory).map(({ key }) => key));
  if (starved.size === 0 || items.length === 1) return done;
  const again = items.filter(({ key }) => starved.has(key));
  const half = Math.ceil(again.length / 2);
  let { inferMs, totalMs } = done;
  const answers = new Map(done.items.map((item) => [item.key, item]));
  for (const part of [again.slice(0, half), again.slice(half)]) {
    if (part.length === 0) continue;
    const retried = await ask(part);
    inferMs += retried.inferMs;
    totalMs += retried.totalMs;
    for (const item of retried.items) answers.set(item.key, item);
  }
  return { ...done, items: [...answers.values()], inferMs, totalMs };
}

/** One answer per requested item, in the same order. */
export function inOrder(items: readonly RunItem[], answers: readonly ItemResult[]): readonly ItemResult[] {
  const byKey = new Map(answers.map((answer) => [answer.key, answer]));
  return items.map(({ key }) => byKey.get(key) ?? unanswered(key));
}

export function countTexts(items: readonly ItemResult[]): number {
  return items.reduce((sum, item) => sum + (item.ok ? (item.shape[0] ?? 0) : 0), 0);
}

function isOutOfMemory(item: ItemResult): boolean {
  return !item.ok && item.error.code === OUT_OF_MEMORY;
}

function unanswered(key: string): ItemResult {
  return {
    key,
    ok: false,
    error: {
      code: "RUNTIME_UNREADABLE",
      message: "The runtime left this item out of its answer",
      actor: "bug",
    },
    retryable: true,
  };
}

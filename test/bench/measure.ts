/** What every bench needs: quantiles, the machine in words, and one JSON object as its result. */
import { writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Also written here; null: stdout only. */
  readonly json: string | null;
  readonly rounds: number;
  /** Exit 1 where a wanted figure is missed. */
  readonly check: boolean;
}

export function benchOptions(defaultRounds: number): BenchOptions {
  const { values } = parseArgs({
    options: { json: { type: "string" }, rounds: { type: "string" }, check: { type: "boolean" } },
  });
  const rounds = Number(values.rounds ?? defaultRounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error("--rounds takes a whole number from 1");
  return { json: values.json ?? null, rounds, check: values.check ?? false };
}

export function report(result: object, { json }: BenchOptions): void {
  const text = `${JSON.stringify({ machine: machine(), ...result }, null, 2)}\n`;
  process.stdout.write(text);
  if (json !== null) writeFileSync(json, text);
}

/** With --check: what is missed is said, one line each, and the bench ends with 1. */
export function requireFigures(missed: readonly string[], { check }: BenchOptions): void {
  if (!check) return;
  for (const line of missed) process.stderr.write(`Missed: ${line}\n`);
  if (missed.length > 0) process.exitCode = 1;
}

function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.versions.node,
  };
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

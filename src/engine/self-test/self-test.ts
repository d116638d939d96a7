/**
 * The self-test of one device: a canned job with a known answer through the whole runtime, then the pace, the memory
 * and the heat while it works. It says in words what it found; a measure that can't be had is no failure.
 */
import { decodeEmbedResult } from "../../shared/canonical.ts";
import type { CatalogueModel } from "../../shared/catalogue.ts";
import type { SelfTestProgress, SelfTestReport, SelfTestStep } from "../../shared/contract/self-test.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, toErrorValue } from "../../shared/errors.ts";
import type { ComputedBy } from "../../shared/runtime/backend.ts";
import { BACKEND_NAMES } from "../../shared/runtime/backends.ts";
import { type Said, type Sentence, type Spoken, say, sayError, within } from "../../shared/words/said.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { Telemetry } from "../device/telemetry.ts";
import type { ResolvedModel } from "../models/store.ts";
import type { DeviceRuntime, RunAnswer } from "../runtime-client/device-runtime.ts";
import { compareVectors, type Difference, type SelfTestReference, sayDifference } from "./reference.ts";
import { textStep } from "./text-step.ts";

const BATCH_DEADLINE = MINUTE;
/** Batches whose pace is taken, after the one with the known answer has warmed everything up: at least and at most. */
const PACE_BATCHES = { least: 4, most: 400 };
/** So long it works at least, time in the runtime: a card takes seconds to clock up, and says nothing of its heat before. */
const PACE_TIME = 2 * SECOND;
const PACE_BATCH_TEXTS = 32;
const SHORT_TEXT = 200;
/** NVIDIA's GPUs slow themselves down at 83 to 92 °C. */
const HOT_C = 90;

export interface SelfTestParts {
  readonly runtime: DeviceRuntime;
  readonly model: ResolvedModel;
  readonly reference: SelfTestReference;
  /** One that Ollama runs on this device; null, absent: none. */
  readonly textModel?: ResolvedModel | null | undefined;
  /** A fresh reading of this device. */
  readonly telemetry: () => Promise<Telemetry>;
  /** Unix ms. */
  readonly now: () => number;
  /** Told after each step and each batch. */
  readonly onProgress?: ((progress: Omit<SelfTestProgress, "startedAt">) => void) | undefined;
}

type Outcome = Omit<SelfTestReport, "device" | "at" | "ok" | "summary" | "said" | "tookMs">;

/** Throws the signal's reason, RUNTIME_STOPPED, RUNTIME_BACKING_OFF. */
export async function runSelfTest(parts: SelfTestParts, signal: AbortSignal): Promise<SelfTestReport> {
  const startedAt = performance.now();
  const { device } = parts.runtime;
  const outcome = await examine(parts, signal);
  const failed = outcome.steps.filter((step) => step.ok === false);
  const summary = joined(failed) ?? praise(outcome);
  return {
    device: { id: device.id, name: device.name, driver: device.driverVersion },
    at: parts.now(),
    ok: failed.length === 0,
    summary: summary.text,
    ...(summary.said && { said: summary.said }),
    tookMs: performance.now() - startedAt,
    ...outcome,
  };
}

async function examine(parts: SelfTestParts, signal: AbortSignal): Promise<Outcome> {
  const { runtime, model, reference } = parts;
  const { id, version } = model.model;
  const steps: SelfTestStep[] = [stepOf("device", true, describeDevice(runtime.device))];
  const outcome: Outcome = {
    steps,
    model: { id, version, manifestSha256: model.manifestSha256 },
    backend: null,
    answer: null,
    textsPerSecond: null,
    memoryUsedMb: null,
    temperatureC: null,
  };
  let pace: number | null = null;
  const tell = () => parts.onProgress?.({ steps: [...steps], textsPerSecond: pace });
  const done = (...more: SelfTestStep[]) => {
    steps.push(...more);
    tell();
  };
  tell();
  const before = await parts.telemetry();
  try {
    const known = await embed(parts, reference.texts, signal);
    const { backend, reason } = known.runtimeClass;
    done(backendStep(runtime.device, backend, reason));
    const answer = compareVectors(vectorsOf(known), reference.vectors);
    done(answerStep(answer, model.model));
    const textsPerSecond = await measurePace(parts, signal, (now) => {
      pace = now;
      tell();
    });
    done(stepOf("throughput", true, say("stepPace", { pace: textsPerSecond.toFixed(0) })));
    const after = await parts.telemetry();
    done(memoryStep(before, after), heatStep(after));
    if (parts.textModel) done(await textStep(runtime, parts.textModel, signal));
    const { memoryUsedMb, temperatureC } = after;
    return { ...outcome, backend, answer, textsPerSecond, memoryUsedMb, temperatureC };
  } catch (thrown) {
    signal.throwIfAborted();
    // Stopped by the person or paused for them, or no memory is left to begin in: that says nothing about the device.
    if (isNotNow(thrown)) throw thrown;
    const name = steps.length === 1 ? "backend" : "throughput";
    steps.push(stepOf(name, false, sayError(toErrorValue(thrown))));
    return outcome;
  }
}

/** The device can't be tested at this moment: RUNTIME_STOPPED, RUNTIME_BACKING_OFF. */
export function isNotNow(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && ["RUNTIME_STOPPED", "RUNTIME_BACKING_OFF"].includes(thrown.code);
}

async function embed(
  { runtime, model }: SelfTestParts,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<RunAnswer> {
  const items = [{ key: "self-test", work: { kind: "embed" as const, texts } }];
  return runtime.run({ model: model.spec, items, deadlineMs: BATCH_DEADLINE, signal });
}

function vectorsOf({ items: [item] }: RunAnswer): Float32Array {
  if (item?.ok) return decodeEmbedResult(item.bytes).data;
  throw item ? AppError.fromValue(item.error) : noAnswer();
}

/** Texts per second of the fastest batch, whole time in the runtime: the others may have had company. */
async function measurePace(
  parts: SelfTestParts,
  signal: AbortSignal,
  onBatch: (textsPerSecond: number) => void,
): Promise<number> {
  const texts = parts.reference.texts.filter((text) => text.length <= SHORT_TEXT);
  const batch = Array.from({ length: PACE_BATCH_TEXTS }, (_, i) => texts[i % texts.length] ?? "");
  let fastest = Number.POSITIVE_INFINITY;
  const { least, most } = PACE_BATCHES;
  for (let count = 0, worked = 0; count < least || (count < most && worked < PACE_TIME); count++) {
    const answer = await embed(parts, batch, signal);
    vectorsOf(answer);
    worked += answer.totalMs;
    fastest = Math.min(fastest, answer.totalMs);
    onBatch(paceOf(answer.totalMs));
  }
  return paceOf(fastest);
}

const paceOf = (batchMs: number): number => PACE_BATCH_TEXTS / (batchMs / SECOND);

function stepOf(name: SelfTestStep["name"], ok: SelfTestStep["ok"], { text, said }: Sentence): SelfTestStep {
  return { name, ok, detail: text, said };
}

/** What several steps found, one after the other; null: there are none. */
function joined([first, ...others]: readonly SelfTestStep[]): Spoken | null {
  if (first === undefined) return null;
  const one = { text: first.detail, said: first.said };
  const rest = joined(others);
  return rest === null ? one : say("both", { first: within(one), rest: within(rest) });
}

function describeDevice({ name: device, driverVersion: driver }: DeviceInfo): Sentence {
  return driver === null ? say("stepDevice", { device }) : say("stepDeviceWith", { device, driver });
}

function backendStep({ kind }: DeviceInfo, backend: ComputedBy, reason: string | null): SelfTestStep {
  const values = { backend: backendWords(backend) };
  const found =
    reason === null
      ? say("stepBackend", values)
      : say("stepBackendBecause", { ...values, reason: reason.replace(/\.$/, "") });
  // A GPU that leaves its work to the CPU is no GPU to sell.
  return stepOf("backend", kind === "cpu" || backend !== "cpu", found);
}

/** A name, but for the CPU: that is a word. */
function backendWords(backend: ComputedBy): Said | string {
  return backend === "cpu" ? say("theCpu").said : BACKEND_NAMES[backend];
}

function answerStep(answer: Difference, { tolerance }: CatalogueModel): SelfTestStep {
  // NaN fails both comparisons.
  const ok = answer.cosine >= tolerance.cosine && answer.maxAbs <= tolerance.maxAbs;
  const found = sayDifference(answer).said;
  const allowed = { cosine: tolerance.cosine, difference: tolerance.maxAbs };
  return stepOf(
    "answer",
    ok,
    ok ? say("stepAnswer", { found }) : say("stepWrongAnswer", { found, ...allowed }),
  );
}

function memoryStep(before: Telemetry, after: Telemetry): SelfTestStep {
  if (after.memoryUsedMb === null) return stepOf("memory", null, say("stepMemoryUnknown"));
  const grown = before.memoryUsedMb === null ? null : after.memoryUsedMb - before.memoryUsedMb;
  // As text: no digits are put in groups.
  const used = String(Math.round(after.memoryUsedMb));
  if (grown === null || grown < 0) return stepOf("memory", true, say("stepMemory", { used }));
  return stepOf("memory", true, say("stepMemoryMore", { used, more: String(Math.round(grown)) }));
}

function heatStep({ temperatureC }: Telemetry): SelfTestStep {
  if (temperatureC === null) return stepOf("temperature", null, say("stepHeatUnknown"));
  const ok = temperatureC < HOT_C;
  const celsius = temperatureC.toFixed(0);
  return stepOf("temperature", ok, say(ok ? "stepHeat" : "stepTooHot", { celsius }));
}

function praise({ backend, textsPerSecond, temperatureC }: Outcome): Sentence {
  const values = {
    backend: backend === null ? "?" : backendWords(backend),
    pace: textsPerSecond?.toFixed(0) ?? "?",
  };
  return temperatureC === null
    ? say("testRight", values)
    : say("testRightAt", { ...values, celsius: temperatureC.toFixed(0) });
}

function noAnswer(): AppError {
  return new AppError({
    code: "RUNTIME_UNREADABLE",
    message: "The runtime gave no answer to the known job",
    actor: "bug",
  });
}

/**
 * Runs self-tests when somebody asks, and of its own accord on a GPU that was not yet tested with its driver, the model
 * and the GPU pack: before anybody pays for it. One at a time, and each result is kept.
 */
import type { ListingTest } from "../../shared/contract/offers.ts";
import type { SelfTestProgress, SelfTestReport } from "../../shared/contract/self-test.ts";
import { AppError } from "../../shared/errors.ts";
import { pause, Wakeup } from "../../shared/wait.ts";
import { advise, type Sentence, type Spoken, say, within } from "../../shared/words/said.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { Telemetry } from "../device/telemetry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ModelStore, ResolvedModel } from "../models/store.ts";
import type { DeviceRuntime } from "../runtime-client/device-runtime.ts";
import type { SelfTestReference } from "./reference.ts";
import { isNotNow, runSelfTest } from "./self-test.ts";

export interface SelfTesterDeps {
  readonly runtimes: () => readonly DeviceRuntime[];
  readonly references: readonly SelfTestReference[];
  readonly models: Pick<ModelStore, "resolve" | "has">;
  readonly ledger: Pick<Ledger, "devices" | "audit">;
  /** One that Ollama runs on this device; absent, null: none. */
  readonly textModel?: (deviceId: string) => ResolvedModel | null;
  /** What CUDA is run with, as one digest; null: there is no pack for this system. */
  readonly gpuPack: () => string | null;
  /** A fresh reading of a device. */
  readonly telemetry: (deviceId: string) => Promise<Telemetry>;
  /** Somebody else has the use of it now. */
  readonly isReserved: (deviceId: string) => boolean;
  /** Why it is left to the machine's person now, in words; null: it is not. */
  readonly pauseOf: (deviceId: string) => Spoken | null;
  /** Of its own accord: false while the person wants the machine left alone. */
  readonly mayTest: () => boolean;
  readonly onStart?: (deviceId: string) => void;
  /** `progressOf` has something new. */
  readonly onProgress?: () => void;
  readonly onResult: (report: SelfTestReport) => void;
  /** Unix ms. */
  readonly now: () => number;
}

interface Exam {
  readonly model: ResolvedModel;
  readonly reference: SelfTestReference;
}

export class SelfTester {
  readonly #deps: SelfTesterDeps;
  readonly #due = new Wakeup();
  /** Somebody rang since the loop last looked. */
  #isRung = false;
  /** Under test now. */
  #running: { readonly device: string; progress: SelfTestProgress } | null = null;
  /** Devices to be tested once more: what they run on may be another back end now. */
  readonly #again = new Set<string>();
  /** The end of the queue. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: SelfTesterDeps) {
    this.#deps = deps;
  }

  /** One device, or all. Throws UNKNOWN_DEVICE, DEVICE_RESERVED, DEVICE_PAUSED, SELF_TEST_NO_MODEL, or the signal's reason. */
  run(deviceId: string | undefined, signal: AbortSignal): Promise<SelfTestReport[]> {
    return this.#inTurn(async () => {
      const exam = this.#exam();
      const runtimes = this.#choose(deviceId);
      const reports: SelfTestReport[] = [];
      for (const runtime of runtimes) reports.push(await this.#test(runtime, exam, signal));
      return reports;
    });
  }

  /** GPUs whose newest test is of another driver, another model or another GPU pack; without a model nothing can be tested. */
  runDue(signal: AbortSignal): Promise<SelfTestReport[]> {
    return this.#inTurn(async () => {
      const exam = this.#findExam();
      const reports: SelfTestReport[] = [];
      if (exam === null) return reports;
      for (const runtime of this.#deps.runtimes()) {
        if (!this.#isDue(runtime.device, exam)) continue;
        const report = await this.#test(runtime, exam, signal).catch((thrown) =>
          this.#nullIfNotNow(thrown, signal),
        );
        if (report !== null) reports.push(report);
      }
      return reports;
    });
  }

  /** Tests what is due at the start and whenever `lookAgain` rings, until the signal aborts. */
  async runWhenDue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#isRung = false;
      if (this.#deps.mayTest()) {
        await this.runDue(signal).catch((thrown) => {
          if (!signal.aborted) throw thrown;
        });
      }
      // Rung for while the tests ran: then there is no wait.
      if (!this.#isRung) await this.#due.wait(signal).catch(() => undefined); // Aborted: the loop ends by its condition.
    }
  }

  /** What the last test of a device is worth now: may it be offered to others? */
  standing(device: DeviceInfo): ListingTest {
    const { driverVersion: driver } = device;
    if (this.#running?.device === device.id)
      return { state: "running", ...advise(aboutTest("testRuns", driver), null) };
    const exam = this.#findExam();
    const last = this.#deps.ledger.devices.testWith(device, exam?.model.manifestSha256 ?? null);
    const found = last && { text: last.summary, said: last.said };
    if (last?.ok === true && found !== null) return { state: "passed", ...advise(found, null) };
    if (found !== null) {
      const why = aboutTest("testFailed", driver, { summary: within(found) });
      return { state: "failed", ...advise(why, say("mendAndTest")) };
    }
    if (exam === null)
      return { state: "impossible", ...advise(aboutTest("testImpossible", driver), say("fetchKnownModel")) };
    return { state: "due", ...advise(aboutTest("testDue", driver), this.#whatItWaitsFor(device)) };
  }

  /** What the test of a device has found so far; null: none runs on it. */
  progressOf(deviceId: string): SelfTestProgress | null {
    return this.#running?.device === deviceId ? this.#running.progress : null;
  }

  #whatItWaitsFor(device: DeviceInfo): Sentence | null {
    if (!this.#deps.mayTest()) return say("testAfterStart");
    const pause = this.#deps.pauseOf(device.id);
    return pause === null ? null : say("testWhenFree", { why: within(pause) });
  }

  /** What a GPU runs on may have changed: each is tested once more when it may be. */
  testAnew(): void {
    for (const { device } of this.#deps.runtimes()) if (device.kind === "gpu") this.#again.add(device.id);
    this.lookAgain();
  }

  /** Devices, models or the wish to work changed. */
  lookAgain(): void {
    this.#isRung = true;
    this.#due.ring();
  }

  #isDue(device: DeviceInfo, { model }: Exam): boolean {
    if (device.kind !== "gpu" || this.#deps.isReserved(device.id)) return false;
    if (this.#deps.pauseOf(device.id) !== null) return false;
    if (this.#again.has(device.id)) return true;
    const { ledger, gpuPack } = this.#deps;
    return !ledger.devices.wasTested(device, model.manifestSha256, gpuPack());
  }

  async #test(runtime: DeviceRuntime, exam: Exam, signal: AbortSignal): Promise<SelfTestReport> {
    const { ledger, telemetry, now, onResult } = this.#deps;
    const { device } = runtime;
    // Wanted anew while it runs, it is due again afterwards.
    const anew = this.#again.delete(device.id);
    const startedAt = now();
    const onProgress = (progress: Omit<SelfTestProgress, "startedAt">) => {
      this.#running = { device: device.id, progress: { startedAt, ...progress } };
      this.#deps.onProgress?.();
    };
    onProgress({ steps: [], textsPerSecond: null });
    this.#deps.onStart?.(device.id);
    // Before a process looks for it: what comes meanwhile is tested for itself.
    const gpuPack = device.kind === "gpu" ? this.#deps.gpuPack() : null;
    let report: SelfTestReport;
    try {
      const textModel = this.#deps.textModel?.(device.id);
      const parts = { runtime, ...exam, textModel, telemetry: () => telemetry(device.id), now, onProgress };
      report = { ...(await runSelfTest(parts, signal)), ...(gpuPack !== null && { gpuPack }) };
    } catch (thrown) {
      if (anew) this.#again.add(device.id);
      throw thrown;
    } finally {
      this.#running = null;
    }
    const { at, ok, summary, said } = report;
    const modelManifest = exam.model.manifestSha256;
    ledger.devices.addSelfTest({ device, at, ok, summary, modelManifest, report: JSON.stringify(report) });
    ledger.audit("self-tested", at, { device: device.id, ok, summary, said });
    onResult(report);
    return report;
  }

  /** It stays due, and is tried again when the runtime may be started. */
  #nullIfNotNow(thrown: unknown, signal: AbortSignal): null {
    if (!isNotNow(thrown)) throw thrown;
    if (thrown.retryAfterMs !== undefined)
      void pause(thrown.retryAfterMs, signal).then(() => this.lookAgain());
    return null;
  }

  #choose(deviceId: string | undefined): readonly DeviceRuntime[] {
    const all = this.#deps.runtimes();
    const chosen = deviceId === undefined ? all : all.filter(({ device }) => device.id === deviceId);
    if (chosen.length === 0) throw unknownDevice(deviceId);
    const free = chosen.filter(({ device }) => !this.#deps.isReserved(device.id));
    if (free.length === 0) throw reserved();
    const awake = free.filter(({ device }) => this.#deps.pauseOf(device.id) === null);
    const [first] = free;
    if (awake.length === 0 && first) throw paused(first.device, this.#deps.pauseOf(first.device.id));
    return awake;
  }

  #exam(): Exam {
    const exam = this.#findExam();
    if (exam) return exam;
    throw new AppError({
      code: "SELF_TEST_NO_MODEL",
      message: "No model with a known answer is here",
      actor: "user",
      help: "`bellows models` shows which models are missing.",
    });
  }

  /** The first reference whose model is here in exactly the files it was made with. */
  #findExam(): Exam | null {
    const { models, references } = this.#deps;
    for (const reference of references) {
      const model = models.has(reference.model) ? resolveOrNull(models, reference.model) : null;
      if (model?.manifestSha256 === reference.manifestSha256) return { model, reference };
    }
    return null;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined); // The caller gets the error; the queue goes on.
    return mine;
  }
}

/** With the driver it is or was made with, where that is known. */
function aboutTest(
  what: "testRuns" | "testFailed" | "testImpossible" | "testDue",
  driver: string | null,
  values: Sentence["said"]["values"] = {},
): Sentence {
  return driver === null ? say(what, values) : say(`${what}With`, { ...values, driver });
}

function resolveOrNull(models: Pick<ModelStore, "resolve">, name: string): ResolvedModel | null {
  try {
    return models.resolve(name);
  } catch (thrown) {
    if (thrown instanceof AppError) return null;
    throw thrown;
  }
}

function unknownDevice(id: string | undefined): AppError {
  return new AppError({
    code: "UNKNOWN_DEVICE",
    message: id === undefined ? "There is no device to test" : `There is no device "${id}"`,
    actor: "user",
    help: "`bellows devices` lists them.",
  });
}

/** Cut off by a stop or a pause: it is due again when the device may work. */
function paused({ name }: DeviceInfo, why: Spoken | null): AppError {
  return new AppError({
    code: "DEVICE_PAUSED",
    message: `${name} takes no work now: ${why?.text ?? "paused"}`,
    actor: "user",
    help: "Switch it on or resume it, then test it.",
  });
}

function reserved(): AppError {
  return new AppError({
    code: "DEVICE_RESERVED",
    message: "The device is rented out; a test would take it from whoever pays for it",
    actor: "user",
    help: "Test it when the booking has ended.",
  });
}

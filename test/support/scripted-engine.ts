/** An engine's contract with answers a test can see through: a valid state, a few jobs, and a record of what was asked. */

import { encodeEmbedResult } from "../../src/shared/canonical.ts";
import type { CommandName, ContractHandlers } from "../../src/shared/contract/contract.ts";
import type { Delta, JobDetail, RunIntent, Snapshot, State } from "../../src/shared/contract/views.ts";
import { AppError } from "../../src/shared/errors.ts";
import { earningPeriods } from "./earning-sums.ts";
import { scriptedAccountHandlers } from "./scripted-account.ts";
import { scriptedBookHandlers } from "./scripted-books.ts";
import { scriptedDeviceHandlers } from "./scripted-devices.ts";
import { scriptedFleetHandlers } from "./scripted-fleet.ts";
import { scriptedGpuPackHandlers } from "./scripted-gpu-pack.ts";
import { scriptedLlamaHandlers } from "./scripted-llama.ts";
import { aModel, scriptedModelHandlers } from "./scripted-models.ts";
import { NO_OFFERS, scriptedOfferHandlers } from "./scripted-offers.ts";
import { noSettings, scriptedSettingsHandlers } from "./scripted-settings.ts";

const AT = 1_760_000_000_000;

export function aJob(overrides: Partial<JobDetail> = {}): JobDetail {
  return {
    leaseId: "lease_1",
    jobId: "job_1",
    market: "aicf",
    kind: "embed",
    model: "all-MiniLM-L6-v2",
    units: 3,
    state: "settled",
    leasedAt: AT,
    finishedAt: AT + 120,
    digest: "ab".repeat(64),
    fee: { currency: "ANM", minor: "2000000" },
    earned: { currency: "ANM", minor: "1600000" },
    error: null,
    device: "cpu",
    inputSha3: "cd".repeat(32),
    attempts: 1,
    timeline: [
      { state: "leased", at: AT, note: null },
      { state: "accepted", at: AT + 120, note: null },
    ],
    receipt: null,
    outputKept: true,
    ...overrides,
  };
}

export function aState(overrides: Partial<State> = {}): State {
  const anm = (minor: string) => ({ currency: "ANM" as const, minor });
  return {
    engine: {
      version: "0.1.0",
      mode: "live",
      startedAt: AT,
      pid: process.pid,
      intent: "running",
      dataFolder: "/data",
      notices: [],
    },
    headline: {
      level: "earning",
      sentence: "Earning on 1 of 1 device",
      reasons: [],
      lastAcceptedAt: AT,
      lastAcceptedMarket: "aicf",
      lastHeartbeatAckAt: AT,
    },
    markets: [
      {
        id: "aicf",
        name: "AICF",
        currency: "ANM",
        endpoint: "http://127.0.0.1:8700",
        state: "registered",
        providerId: "prov_1",
        lastHeartbeatAckAt: AT,
        heartbeatIntervalMs: 15_000,
        lastPollAt: null,
        lastPollAnswer: null,
        lastAcceptedAt: AT,
        leasesHeld: 2,
        error: null,
      },
    ],
    devices: [
      {
        id: "cpu",
        kind: "cpu",
        name: "A processor",
        backend: "cpu",
        backendReason: "No NVIDIA GPU was found",
        state: "ready",
        stateReason: null,
        runtimePid: null,
        enabled: true,
        paused: null,
        runningJobs: 0,
        temperatureC: null,
        powerW: null,
        utilisationPct: 0,
        memoryUsedMb: null,
        memoryTotalMb: null,
        textsPerSecond: null,
      },
    ],
    earnings: [
      {
        market: "aicf",
        currency: "ANM",
        settledToday: anm("1600000"),
        pendingToday: anm("0"),
        settledTotal: anm("1600000"),
        pendingTotal: anm("0"),
        periods: earningPeriods(anm("1600000"), anm("1600000")),
        rate: null,
        acceptedToday: 1,
        failedToday: 0,
        reconciledAt: null,
      },
    ],
    throughput: { jobsLastMinute: 1, acceptedTotal: 1, failedLastDay: 0, perSecond: Array(60).fill(0) },
    recentJobs: [],
    models: [aModel()],
    offers: NO_OFFERS,
    settings: noSettings(),
    ...overrides,
  };
}

export class ScriptedEngine {
  /** Commands in the order they came. */
  readonly asked: { command: CommandName; input: unknown }[] = [];
  readonly jobs: JobDetail[] = [aJob()];
  state: State = aState();
  /** Thrown by the next `devices.list`. */
  deviceError: Error | null = null;
  #seq = 7;
  readonly #listeners = new Set<(delta: Delta) => void>();

  readonly onDelta = (listener: (delta: Delta) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get listeners(): number {
    return this.#listeners.size;
  }

  emit(slices: Delta["slices"]): Delta {
    this.#seq += 1;
    const delta: Delta = { seq: this.#seq, at: AT, slices };
    for (const listener of this.#listeners) listener(delta);
    return delta;
  }

  snapshot(): Snapshot {
    return { seq: this.#seq, at: AT, state: this.state };
  }

  get handlers(): ContractHandlers {
    const note = (command: CommandName, input: unknown) => void this.asked.push({ command, input });
    const intent = (command: CommandName, wanted: RunIntent) => async (input: unknown) => {
      note(command, input);
      this.state.engine.intent = wanted;
      return { intent: wanted };
    };
    return {
      "state.snapshot": async (input) => {
        note("state.snapshot", input);
        return this.snapshot();
      },
      "run.start": intent("run.start", "running"),
      "run.pause": intent("run.pause", "paused"),
      "run.finish": intent("run.finish", "finishing"),
      "run.resume": intent("run.resume", "running"),
      "run.stop": intent("run.stop", "stopped"),
      "market.resume": async (input) => {
        note("market.resume", input);
        return {};
      },
      "selftest.run": async () => ({ reports: [] }),
      ...scriptedDeviceHandlers(
        () => this.state.devices,
        (devices) => {
          this.state = { ...this.state, devices };
        },
      ),
      "devices.list": async (input) => {
        note("devices.list", input);
        if (this.deviceError) throw this.deviceError;
        return { devices: this.state.devices };
      },
      "jobs.list": async (input) => {
        note("jobs.list", input);
        const { limit, market, state } = input;
        const matching = this.jobs.filter(
          (job) => (!market || job.market === market) && (!state || job.state === state),
        );
        return { jobs: matching.slice(0, limit), next: matching.length > limit ? "cursor" : null };
      },
      "jobs.get": async (input) => {
        note("jobs.get", input);
        const job = this.jobs.find(({ leaseId }) => leaseId === input.leaseId);
        if (job) return job;
        throw new AppError({
          code: "UNKNOWN_LEASE",
          message: `There is no job ${input.leaseId}`,
          actor: "user",
        });
      },
      "jobs.output": async (input) => {
        note("jobs.output", input);
        const bytes = encodeEmbedResult({ shape: [1, 2], data: Float32Array.of(0.6, 0.8) });
        return { size: bytes.length, base64: Buffer.from(bytes).toString("base64"), next: null };
      },
      ...scriptedAccountHandlers(),
      ...scriptedBookHandlers(),
      ...scriptedFleetHandlers(),
      ...scriptedGpuPackHandlers(),
      ...scriptedLlamaHandlers(),
      ...scriptedModelHandlers(this.state.models),
      ...scriptedOfferHandlers(() => this.state.offers),
      ...scriptedSettingsHandlers(),
      "notices.dismiss": async (input) => {
        note("notices.dismiss", input);
        return {};
      },
      "engine.shutdown": async (input) => {
        note("engine.shutdown", input);
        return {};
      },
    };
  }
}

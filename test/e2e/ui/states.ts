/** Engine states as the page meets them, from "nothing yet" to "everything is wrong and has a long name". */

import type {
  DeviceView,
  JobDetail,
  JobRow,
  JobState,
  MarketView,
  State,
} from "../../../src/shared/contract/views.ts";
import { HOUR, MINUTE, SECOND } from "../../../src/shared/durations.ts";
import type { CurrencyCode, MoneyValue } from "../../../src/shared/money.ts";
import { parseDecimal, toMoneyValue } from "../../../src/shared/money.ts";
import { say } from "../../../src/shared/words/said.ts";
import { earningPeriods } from "../../support/earning-sums.ts";
import { aModel } from "../../support/scripted-models.ts";
import { NO_OFFERS } from "../../support/scripted-offers.ts";
import { noSettings } from "../../support/scripted-settings.ts";

const RESTING = say("restsAfter", {
  minutes: 3,
  failures: 3,
  cause: "CUDA failure 719: unspecified launch failure while the batch of 64 texts was run",
});

export const amount = (currency: CurrencyCode, text: string): MoneyValue =>
  toMoneyValue(parseDecimal(currency, text));

/** 128 hex digits that differ from job to job and are the same in every run. */
export function digestOf(index: number): string {
  let value = (index + 1) * 2_654_435_761;
  let text = "";
  while (text.length < 128) {
    value = (Math.imul(value ^ (value >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
    text += value.toString(16).padStart(8, "0");
  }
  return text;
}

export function job(
  index: number,
  now: number,
  state: JobState = "settled",
  more: Partial<JobRow> = {},
): JobRow {
  const market = index % 3 === 2 ? "aitbc" : "aicf";
  const currency = market === "aitbc" ? "AIT" : "ANM";
  const computed = ["computed", "submitting", "accepted", "settled"].includes(state);
  const leasedAt = now - index * 290 - 400;
  return {
    leaseId: `lease-${String(9_000 - index)}`,
    jobId: `job-${String(9_000 - index)}`,
    market,
    kind: "embed",
    model: "text-embed-001",
    units: [32, 8, 16, 1, 64][index % 5] ?? 4,
    state,
    leasedAt,
    finishedAt: state === "accepted" || state === "settled" ? leasedAt + 180 : null,
    digest: computed ? digestOf(index) : null,
    fee: amount(currency, market === "aitbc" ? "0.041" : "0.0041"),
    earned: state === "settled" ? amount(currency, market === "aitbc" ? "0.03895" : "0.003977") : null,
    error: null,
    ...more,
  };
}

export const aicf = (now: number, more: Partial<MarketView> = {}): MarketView => ({
  id: "aicf",
  name: "AICF",
  currency: "ANM",
  endpoint: "http://127.0.0.1:8700",
  state: "registered",
  providerId: "prov_7d1c0f6b2a9e4c55",
  lastHeartbeatAckAt: now - 9 * SECOND,
  heartbeatIntervalMs: 15 * SECOND,
  lastPollAt: now - 1 * SECOND,
  lastPollAnswer: "work",
  lastAcceptedAt: now - 3 * SECOND,
  leasesHeld: 2,
  error: null,
  ...more,
});

export const aitbc = (now: number, more: Partial<MarketView> = {}): MarketView => ({
  id: "aitbc",
  name: "AITBC",
  currency: "AIT",
  endpoint: "http://127.0.0.1:8203",
  state: "registered",
  providerId: "bellows-4f02c1a9d377",
  lastHeartbeatAckAt: now - 12 * SECOND,
  heartbeatIntervalMs: 30 * SECOND,
  lastPollAt: now - 2 * SECOND,
  lastPollAnswer: "none",
  lastAcceptedAt: now - 21 * SECOND,
  leasesHeld: 0,
  error: null,
  ...more,
});

export const gpu = (more: Partial<DeviceView> = {}): DeviceView => ({
  id: "GPU-5e1a8f0c-7b1e-4b8f-9f0e-0b5d1d2c3a4f",
  kind: "gpu",
  name: "NVIDIA GeForce RTX 4090",
  backend: "cuda",
  backendReason: null,
  state: "working",
  stateReason: null,
  runtimePid: 4_412,
  enabled: true,
  paused: null,
  runningJobs: 2,
  temperatureC: 64,
  powerW: 312,
  utilisationPct: 98,
  memoryUsedMb: 10_035,
  memoryTotalMb: 24_564,
  textsPerSecond: 1_840,
  ...more,
});

export const cpu = (more: Partial<DeviceView> = {}): DeviceView => ({
  id: "cpu",
  kind: "cpu",
  name: "AMD EPYC 7B13",
  backend: "cpu",
  backendReason: "No NVIDIA GPU was found, so jobs run on the processor.",
  state: "working",
  stateReason: null,
  runtimePid: 4_417,
  enabled: true,
  paused: null,
  runningJobs: 1,
  temperatureC: null,
  powerW: null,
  utilisationPct: null,
  memoryUsedMb: null,
  memoryTotalMb: null,
  textsPerSecond: 184.4,
  ...more,
});

export const BUSY_MINUTE = Array.from(
  { length: 60 },
  (_, second) => [3, 4, 2, 5, 3, 4, 4, 0, 2, 6, 3, 4][(second * 7) % 12] ?? 3,
);

/** Everything well, money coming in. */
export function earning(now: number): State {
  return {
    engine: {
      version: "0.1.0",
      mode: "demo",
      startedAt: now - 76 * HOUR - 12 * MINUTE,
      pid: 4_400,
      intent: "running",
      dataFolder: "/home/ada/.local/share/bellows/demo",
      notices: [],
    },
    headline: {
      level: "earning",
      sentence: "Earning on 1 of 1 devices",
      reasons: [],
      lastAcceptedAt: now - 3 * SECOND,
      lastAcceptedMarket: "aicf",
      lastHeartbeatAckAt: now - 9 * SECOND,
    },
    markets: [aicf(now), aitbc(now)],
    devices: [cpu()],
    earnings: [
      {
        market: "aicf",
        currency: "ANM",
        settledToday: amount("ANM", "1.204131"),
        pendingToday: amount("ANM", "0.08352"),
        settledTotal: amount("ANM", "214.7705"),
        pendingTotal: amount("ANM", "0.08352"),
        periods: earningPeriods(
          amount("ANM", "1.204131"),
          amount("ANM", "214.7705"),
          amount("ANM", "0.08352"),
        ),
        rate: { currency: "EUR", micros: "21000" },
        acceptedToday: 324,
        failedToday: 1,
        reconciledAt: now - 6 * SECOND,
      },
      {
        market: "aitbc",
        currency: "AIT",
        settledToday: amount("AIT", "41.6804"),
        pendingToday: amount("AIT", "2.05"),
        settledTotal: amount("AIT", "18411.20395"),
        pendingTotal: amount("AIT", "2.05"),
        periods: earningPeriods(
          amount("AIT", "41.6804"),
          amount("AIT", "18411.20395"),
          amount("AIT", "2.05"),
        ),
        rate: null,
        acceptedToday: 1_120,
        failedToday: 0,
        reconciledAt: now - 14 * SECOND,
      },
    ],
    throughput: { jobsLastMinute: 212, acceptedTotal: 48_201, failedLastDay: 3, perSecond: [...BUSY_MINUTE] },
    models: [aModel()],
    offers: NO_OFFERS,
    settings: noSettings(),
    recentJobs: [
      job(0, now, "running"),
      job(1, now, "submitting"),
      job(2, now, "accepted"),
      job(3, now, "accepted"),
      job(4, now, "returned", {
        error: { code: "MODEL_MISSING", message: "declined, model not cached", actor: "machine" },
        model: "llama3.2:3b",
      }),
      ...Array.from({ length: 15 }, (_, index) => job(index + 5, now - 4_000)),
    ],
  };
}

export function idle(now: number): State {
  const state = earning(now);
  return {
    ...state,
    engine: { ...state.engine, mode: "live" },
    headline: {
      level: "idle",
      sentence: "Ready, no work right now",
      reasons: [
        { text: "AICF had no job for this provider 1 s ago." },
        { text: "AITBC had no job for this provider 2 s ago." },
      ],
      lastAcceptedAt: now - 14 * MINUTE,
      lastAcceptedMarket: "aitbc",
      lastHeartbeatAckAt: now - 4 * SECOND,
    },
    markets: [
      aicf(now, { lastPollAnswer: "none", leasesHeld: 0, lastAcceptedAt: now - 32 * MINUTE }),
      aitbc(now, { lastAcceptedAt: now - 14 * MINUTE }),
    ],
    devices: [
      gpu({
        state: "asleep",
        runtimePid: null,
        runningJobs: 0,
        temperatureC: 34,
        powerW: 11,
        utilisationPct: 0,
        memoryUsedMb: 312,
        textsPerSecond: null,
      }),
    ],
    throughput: { ...state.throughput, jobsLastMinute: 0, perSecond: Array.from({ length: 60 }, () => 0) },
    models: [aModel()],
    offers: NO_OFFERS,
    settings: noSettings(),
    recentJobs: Array.from({ length: 20 }, (_, index) => job(index, now - 14 * MINUTE)),
  };
}

export function paused(now: number): State {
  const state = idle(now);
  return {
    ...state,
    engine: { ...state.engine, mode: "demo", intent: "paused" },
    headline: {
      ...state.headline,
      level: "paused",
      sentence: "Paused",
      reasons: [
        {
          text: "Paused by you; the markets still hear that this provider is alive.",
          help: "Press Start to go on.",
        },
      ],
    },
  };
}

export const LONG_GPU_NAME = "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition 96GB";

/** Two GPUs, one broken; one market out of reach; long words everywhere. */
export function attention(now: number): State {
  const state = earning(now);
  return {
    ...state,
    engine: {
      ...state.engine,
      mode: "live",
      notices: [
        {
          code: "LEDGER_RESTORED",
          message:
            "The ledger could not be read at start and was restored from the snapshot of 20 Nov, 23:00; the damaged file is kept beside it.",
          actor: "machine",
          help: "Nothing to do. Results accepted after that snapshot are read again from the markets.",
        },
      ],
    },
    headline: {
      ...state.headline,
      level: "attention",
      sentence: "Earning on AITBC, with something to look at",
      reasons: [
        {
          text: "AICF: The queue at http://aicf-queue.internal.example:8700 did not answer within 10 s (ECONNREFUSED, 14th try).",
          help: "Check that the address is right and that this machine reaches it.",
        },
        say("deviceTrouble", { device: LONG_GPU_NAME, why: RESTING.said }),
      ],
    },
    markets: [
      aicf(now, {
        state: "unreachable",
        endpoint: "http://aicf-queue.internal.example:8700",
        lastHeartbeatAckAt: now - 4 * MINUTE,
        lastPollAt: now - 8 * SECOND,
        lastPollAnswer: "error",
        lastAcceptedAt: now - 5 * MINUTE,
        leasesHeld: 1,
        error: {
          code: "MARKET_UNREACHABLE",
          message:
            "The queue at http://aicf-queue.internal.example:8700 did not answer within 10 s (ECONNREFUSED, 14th try)",
          actor: "network",
          help: "Check that the address is right and that this machine reaches it.",
        },
      }),
      aitbc(now, { lastHeartbeatAckAt: now - 75 * SECOND }),
    ],
    devices: [
      gpu({
        name: LONG_GPU_NAME,
        state: "breaker",
        stateReason: RESTING.text,
        stateSaid: RESTING.said,
        runningJobs: 0,
        memoryUsedMb: 97_120,
        memoryTotalMb: 97_887,
        temperatureC: 88,
        powerW: null,
        textsPerSecond: 0.4,
      }),
      cpu({
        backendReason:
          "The CUDA provider could not be loaded: libcublasLt.so.13: cannot open shared object file: No such file or directory",
      }),
    ],
    models: [aModel()],
    offers: NO_OFFERS,
    settings: noSettings(),
    recentJobs: [
      job(0, now, "failed", {
        model: "sentence-transformers/paraphrase-multilingual-mpnet-base-v2-quantized-int8",
        error: {
          code: "OUT_OF_MEMORY",
          message: "CUDA out of memory: 812 MB wanted, 344 MB free on the device while the batch was run",
          actor: "machine",
        },
      }),
      job(1, now, "expired"),
      job(2, now, "lost"),
      job(3, now, "rejected"),
      job(4, now, "computed"),
      job(5, now, "leased", { units: null, fee: null }),
      job(6, now, "admitted"),
      ...state.recentJobs.slice(5),
    ],
  };
}

/** The first seconds of a first start: nothing is known, and nothing is claimed. */
export function empty(now: number): State {
  const state = earning(now);
  return {
    ...state,
    engine: { ...state.engine, mode: "live", startedAt: now - 2 * SECOND },
    headline: {
      level: "offline",
      sentence: "No market answers",
      reasons: [],
      lastAcceptedAt: null,
      lastAcceptedMarket: null,
      lastHeartbeatAckAt: null,
    },
    markets: [],
    devices: [],
    earnings: [],
    throughput: { jobsLastMinute: 0, acceptedTotal: 0, failedLastDay: 0, perSecond: [] },
    models: [aModel()],
    offers: NO_OFFERS,
    settings: noSettings(),
    recentJobs: [],
  };
}

export function detailOf(row: JobRow): JobDetail {
  const path: JobState[] = ["leased", "admitted", "running", "computed", "submitting", "accepted", "settled"];
  const upTo = path.indexOf(row.state);
  const steps = upTo < 0 ? [...path.slice(0, 3), row.state] : path.slice(0, upTo + 1);
  const offsets = [0, 4, 11, 151, 153, 178, 8_460];
  return {
    ...row,
    device: "cpu",
    inputSha3: row.digest === null ? null : digestOf(7).slice(0, 64),
    attempts: 1,
    timeline: steps.map((state, index) => ({
      state,
      at: row.leasedAt + (offsets[index] ?? 0),
      note: state === "settled" ? "epoch 418" : (index === steps.length - 1 && row.error?.message) || null,
    })),
    receipt:
      row.digest === null
        ? null
        : JSON.stringify({
            version: 1,
            model: { id: row.model, version: "1", sha256: digestOf(3).slice(0, 64) },
            lease: row.leaseId,
            input: { sha3: digestOf(7).slice(0, 64) },
            output: { sha3_512: row.digest, shape: [row.units, 384], dtype: "float32" },
            runtime: { provider: "cpu", precision: "q4", onnxruntime: "1.29.0" },
            timing: { computeMs: 140 },
            signature: { alg: "ed25519", key: digestOf(11).slice(0, 64) },
          }),
    outputKept: row.digest !== null,
  };
}

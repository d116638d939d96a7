/** One machine as the pictures of the docs show it: two GPUs, both markets, a month of play money. All figures are made up. */
import type { DeviceSample } from "../../src/shared/contract/devices.ts";
import type {
  EarningDay,
  EarningEntry,
  EarningPeriods,
  EarningSums,
} from "../../src/shared/contract/earnings.ts";
import type { OffersView } from "../../src/shared/contract/offers.ts";
import type { DeviceView, GpuDetails, MarketId, State } from "../../src/shared/contract/views.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../src/shared/durations.ts";
import type { CurrencyCode, MoneyValue } from "../../src/shared/money.ts";
import { aicf, aitbc, amount, BUSY_MINUTE, cpu, earning, gpu, job } from "../e2e/ui/states.ts";
import { aStanding } from "../support/scripted-account.ts";
import { noRentals, type ScriptedBooks } from "../support/scripted-books.ts";
import { aPause } from "../support/scripted-devices.ts";
import { PASSED } from "../support/scripted-offers.ts";

export const RTX_4090 = { id: "GPU-5e1a8f0c-7b1e-4b8f-9f0e-0b5d1d2c3a4f", name: "NVIDIA GeForce RTX 4090" };
const RTX_3060 = { id: "GPU-3060aaaa-0000-4000-8000-000000000001", name: "NVIDIA GeForce RTX 3060" };
const GAME = "paused for Cyberpunk2077, which holds 6000 MB of it";
const CUDA = { usable: true, code: "runs-on-cuda", how: "Runs on CUDA", help: null } as const;

const details = (more: Partial<GpuDetails>): GpuDetails => ({
  source: "nvml",
  sourceReason: null,
  suspended: false,
  index: 0,
  pciBusId: "00000000:01:00.0",
  driver: "590.48.01",
  cuda: "13.1",
  computeCap: "8.9",
  memoryFreeMb: 14_120,
  memoryUtilisationPct: 41,
  fanPct: 38,
  powerLimitW: 450,
  powerMaxW: 600,
  clockMhz: 2_610,
  clockMaxMhz: 3_105,
  clockMemoryMhz: 10_251,
  clockMemoryMaxMhz: 10_501,
  throttle: [],
  pstate: "P2",
  pcie: { gen: 4, genMax: 4, width: 16, widthMax: 16 },
  computeMode: "default",
  displayActive: true,
  driverModel: null,
  mig: "off",
  processes: [],
  unknown: {},
  ...more,
});

const working = (): DeviceView =>
  gpu({
    ...RTX_4090,
    gpu: details({
      processes: [
        { pid: 4_412, name: "node", memoryMb: 9_400, ours: true },
        { pid: 2_210, name: "Xorg", memoryMb: 310, ours: false, kind: "graphics" },
      ],
    }),
    verdict: CUDA,
    lastSelfTest: { at: Date.now() - 2 * HOUR, ok: true, summary: PASSED.text },
    temperatureLimit: { own: null, general: 84 },
  });

const gaming = (): DeviceView =>
  gpu({
    ...RTX_3060,
    state: "asleep",
    runtimePid: null,
    runningJobs: 0,
    temperatureC: 67,
    powerW: 148,
    utilisationPct: 91,
    memoryUsedMb: 6_410,
    memoryTotalMb: 12_288,
    textsPerSecond: null,
    gpu: details({ index: 1, powerLimitW: 170, powerMaxW: 170 }),
    verdict: CUDA,
    paused: aPause({
      by: "otherProgram",
      text: GAME,
      subject: "Cyberpunk2077",
      resumesByItself: true,
      signals: ["otherProgram"],
    }),
    temperatureLimit: { own: null, general: 84 },
  });

export function shownState(now: number): State {
  const state = earning(now);
  const devices = [working(), gaming()];
  return {
    ...state,
    headline: {
      ...state.headline,
      sentence: "Earning on 1 of 2 devices",
      reasons: [{ text: `${RTX_3060.name} ${GAME}, resumes by itself.` }],
    },
    markets: [aitbc(now), aicf(now, { standing: aStanding(now), serviceWarnings: 0 })],
    devices,
    offers: offersOf(now),
    earnings: [earningsOf("aitbc", now), earningsOf("aicf", now)],
    throughput: { jobsLastMinute: 212, acceptedTotal: 48_201, failedLastDay: 1, perSecond: [...BUSY_MINUTE] },
    recentJobs: [
      job(0, now, "running"),
      job(1, now, "submitting"),
      job(2, now, "accepted"),
      ...Array.from({ length: 17 }, (_, index) => job(index + 3, now - 1_200)),
    ],
  };
}

/** The first start: nothing earned yet, and the processor beside the card. */
export function firstState(now: number): State {
  const state = shownState(now);
  const asleep = { state: "asleep", runtimePid: null, runningJobs: 0, textsPerSecond: null } as const;
  const idle = { temperatureC: 36, powerW: 21, utilisationPct: 0, memoryUsedMb: 410 };
  return {
    ...state,
    engine: { ...state.engine, startedAt: now - 9 * SECOND },
    devices: [
      { ...working(), ...asleep, ...idle, lastSelfTest: null, gpu: details({}) },
      cpu({ ...asleep, name: "AMD Ryzen 7 7800X3D", backendReason: null }),
    ],
    recentJobs: [],
  };
}

function offersOf(now: number): OffersView {
  const board = {
    market: "aitbc" as const,
    id: "gpu-service",
    name: "GPU service",
    endpoint: "http://127.0.0.1:8101",
    canReprice: true,
    canWithdraw: true,
    checkedAt: now - 4 * SECOND,
    error: null,
  };
  return {
    boards: [board],
    gpus: [{ device: RTX_4090.id, model: RTX_4090.name, test: PASSED }],
    offers: [
      {
        market: "aitbc",
        board: board.id,
        boardName: board.name,
        device: RTX_4090.id,
        model: RTX_4090.name,
        offerId: "rig-7-5e1a8f0c7b1e",
        state: "listed",
        wanted: true,
        strategy: { kind: "percentile", percentile: 40, lowest: amount("AIT", "12") },
        price: amount("AIT", "19.27"),
        pricedAt: now - 6 * MINUTE,
        listedPrice: amount("AIT", "19.27"),
        marketStatus: "online",
        waiting: null,
        drift: null,
        booking: null,
        occupancy: { share: 0.42, hours: 61 },
        checkedAt: now - 4 * SECOND,
        error: null,
      },
    ],
  };
}

/** Ten minutes of telemetry with a rest in the middle. */
export function samplesOf(device: string, now: number): DeviceSample[] {
  const isGaming = device === RTX_3060.id;
  return Array.from({ length: 300 }, (_, index): DeviceSample => {
    // Ends at what the card reads now.
    const wave = Math.sin((index - 299) / 17);
    const busy = isGaming || index < 90 || index > 130;
    const [watts, degrees, megabytes] = isGaming ? [148, 67, 6_410] : [312, 64, 10_035];
    return {
      at: now - (300 - index) * 2 * SECOND,
      temperatureC: Math.round(busy ? degrees + 2 * wave : 47),
      powerW: Math.round(busy ? watts + 9 * wave : 24),
      utilisationPct: Math.round(busy ? (isGaming ? 91 + 5 * wave : 98 + wave) : 0),
      memoryUsedMb: busy ? megabytes : 640,
      textsPerSecond: busy && !isGaming ? 1_840 : null,
    };
  });
}

const currencyOf = (market: MarketId): CurrencyCode => (market === "aicf" ? "ANM" : "AIT");

/** What a day brought, in thousandths of an AIT; AICF's coin is worth ten times as much here. */
const TODAY = 14_200;
const PENDING = 1_300;
const WORTH = { aitbc: 1, aicf: 10 } as const;
const DAILY = Array.from({ length: 365 }, (_, index) =>
  index === 364 ? TODAY : 36_000 + ((index * 7) % 13) * 2_400,
);
const lastDays = (count: number): number => DAILY.slice(-count).reduce((sum, net) => sum + net, 0);
const SINCE_THE_FIRST_JOB = lastDays(60);

function coins(market: MarketId, thousandths: number): MoneyValue {
  return amount(currencyOf(market), (thousandths / WORTH[market] / 1000).toFixed(4));
}

/** The market keeps a twentieth of the gross. */
function sums(market: MarketId, net: number, pending: number): EarningSums {
  const jobs = Math.round(net / 38);
  const wattHours = Math.round(jobs * 1.6);
  return {
    accepted: jobs,
    failed: Math.floor(jobs / 900),
    settled: jobs,
    gross: coins(market, Math.round((net * 20) / 19)),
    fee: coins(market, Math.round(net / 19)),
    net: coins(market, net),
    pending: coins(market, pending),
    unpriced: 0,
    energy: {
      deviceWh: wattHours,
      restWh: 0,
      measured: 1,
      cost: { currency: "EUR", micros: String(wattHours * 310) },
    },
  };
}

const periodsOf = (market: MarketId): EarningPeriods => ({
  today: sums(market, TODAY, PENDING),
  week: sums(market, lastDays(7), PENDING),
  month: sums(market, lastDays(30), PENDING),
  total: sums(market, SINCE_THE_FIRST_JOB, PENDING),
});

const rateOf = (market: MarketId) => ({ currency: "EUR", micros: String(21_000 * WORTH[market]) });

/** The same on Home. */
function earningsOf(market: MarketId, now: number): State["earnings"][number] {
  return {
    market,
    currency: currencyOf(market),
    settledToday: coins(market, TODAY),
    pendingToday: coins(market, PENDING),
    settledTotal: coins(market, SINCE_THE_FIRST_JOB),
    pendingTotal: coins(market, PENDING),
    periods: periodsOf(market),
    rate: rateOf(market),
    acceptedToday: Math.round(TODAY / 38),
    failedToday: 0,
    reconciledAt: now - 6 * SECOND,
  };
}

export function shownBooks(books: ScriptedBooks, now: number): void {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  for (const market of ["aitbc", "aicf"] as const) {
    const currency = currencyOf(market);
    const days = DAILY.map((net, index): EarningDay => {
      const at = midnight - (364 - index) * DAY;
      const date = new Date(at + 12 * HOUR).toISOString().slice(0, 10);
      return { ...sums(market, net, index === 364 ? PENDING : 0), date, at };
    });
    books.summaries.push({
      market,
      currency,
      ...periodsOf(market),
      overdue: { jobs: 0, net: coins(market, 0), unpriced: 0, oldestAt: null, afterMs: DAY },
      ...noRentals(currency),
      rate: rateOf(market),
    });
    books.series.push({ market, currency, days });
    books.entries.push(...entriesOf(market, now));
  }
}

function entriesOf(market: MarketId, now: number): EarningEntry[] {
  const currency = currencyOf(market);
  return Array.from({ length: 40 }, (_, index) => {
    const settled = index > 2;
    return {
      market,
      leaseId: `lease-${9_000 - index}`,
      jobId: `job-${9_000 - index}`,
      kind: "embed",
      model: "text-embed-001",
      units: 8,
      acceptedAt: now - index * MINUTE,
      settledAt: settled ? now - index * MINUTE + 40 * SECOND : null,
      offered: amount(currency, "0.041"),
      gross: settled ? amount(currency, "0.041") : null,
      net: settled ? amount(currency, "0.03895") : null,
      expected: settled ? null : amount(currency, "0.03895"),
      reference: settled ? "epoch 418" : null,
    };
  });
}

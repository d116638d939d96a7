/**
 * The ledger after two years and a million jobs; milliseconds.
 *
 *   queries   every question the dashboard asks, against the ledger in this process: cold, median, 95th percentile, most
 *   unpaid    what Home and Earnings ask on 300,000 jobs that were never paid for
 *   write     one job's whole way through the ledger, eight moves in eight commits without the disk's own wait
 *   start     opening the file: as it was closed in order, and read through as after a crash; the engine's first answer
 *   screens   in Chromium: from a click on the menu to the first frame of the screen, and the longest frames while the
 *             list of jobs is scrolled from end to end (needs Chromium and a built dist/)
 *   desktop   the same in the app's own window, and how soon after its start Home could be used (needs Electron)
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { earningHandlers } from "../../src/engine/earnings/handlers.ts";
import { LEDGER_FILE } from "../../src/engine/ledger/database.ts";
import { jobHandlers } from "../../src/engine/ledger/job-reader.ts";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import type { JobFilter } from "../../src/shared/contract/jobs.ts";
import { DAY, MINUTE } from "../../src/shared/durations.ts";
import { money } from "../../src/shared/money.ts";
import { chromiumFile, launchBrowser } from "../e2e/ui/browser.ts";
import { appEnvironment, canShowWindows, electronFile, openScreen } from "../e2e/ui/electron-app.ts";
import { writeBigLedger } from "../support/big-ledger.ts";
import { aLease } from "../support/leases.ts";
import { DesktopApp, LOOKED_INTO } from "./desktop-app.ts";
import { benchOptions, median, quantile, report, round } from "./measure.ts";
import { scrollJobs, switchScreens } from "./screens.ts";

const options = benchOptions(20);
const JOBS = 1_000_000;
const DAYS = 730;
const UNPAID_JOBS = 300_000;
const CLI = fileURLToPath(new URL("../../dist/node/cli.js", import.meta.url));
const WRITTEN_JOBS = 300;
/** Of the app, after a first one. */
const STARTS = 3;
/** Markets that do not answer: what is measured is the ledger. */
const NOWHERE = "http://127.0.0.1:9";

const base = mkdtempSync(join(tmpdir(), "bellows-bench-"));
const folder = join(base, "live");
process.on("exit", () => rmSync(base, { recursive: true, force: true }));
mkdirSync(folder);
const now = Date.now();
const made = await timed(() => writeBigLedger(folder, { jobs: JOBS, days: DAYS, now, pending: 2000 }));
process.stderr.write(`A ledger of ${JOBS} jobs was written in ${Math.round(made / 1000)} s\n`);

const readThrough = await timed(async () => (await Ledger.open(folder)).close());
const inOrder = await timed(async () => (await Ledger.open(folder)).close());
const ledger = await Ledger.open(folder);
const queries = await askAll(ledger);
const write = writeJobs(ledger);
const snapshot = await timed(() => ledger.snapshot(now));
ledger.close();
const bytes = statSync(join(folder, LEDGER_FILE)).size;
rmSync(join(folder, "snapshots"), { recursive: true });
const unpaid = await askUnpaid();
const screens = chromiumFile === null ? null : await lookAtScreens();
const desktop = canShowWindows ? await lookAtDesktop() : null;

report(
  {
    ledger: { jobs: JOBS, days: DAYS, bytes, bytesPerJob: Math.round(bytes / JOBS) },
    queries,
    slowest: Math.max(...Object.values(queries).map(({ p95 }) => p95)),
    unpaid,
    write,
    start: { inOrder: round(inOrder), readThrough: round(readThrough), snapshot: round(snapshot) },
    screens,
    desktop,
  },
  options,
);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

interface Times {
  cold: number;
  p50: number;
  p95: number;
  most: number;
}

async function askAll(of: Ledger): Promise<Record<string, Times>> {
  const jobs = jobHandlers(of);
  const list = (filter: JobFilter, skip?: number) =>
    jobs["jobs.list"]({ ...filter, limit: 100, ...(skip !== undefined && { skip }) });
  const books = booksOf(of);
  const nothing = ["failed", "expired", "lost", "rejected", "returned"] as const;
  const asked: Record<string, () => unknown> = {
    "state: newest jobs": () => of.leases.list({}, { limit: 20 }),
    "state: accepted in all": () => of.leases.acceptedTotal(),
    "state: failed in a day": () => of.earnings.failedSince("aicf", now - DAY),
    "service: ended in 15 min": () => of.service.ended("aicf", now - 15 * MINUTE, now),
    "jobs: newest 100": () => list({}),
    "jobs: 100 from the middle": () => list({}, JOBS / 2),
    "jobs: of one market, from the middle": () => list({ market: "aicf" }, 270_000),
    "jobs: failed": () => list({ state: "failed" }),
    "jobs: came to nothing, 20 000 down": () => list({ states: [...nothing] }, 20_000),
    "jobs: of a model and a device": () => list({ model: "llama3.2-3b", device: "GPU-5d1c0a3e-0002" }),
    "jobs: nothing matches": () => list({ market: "aicf", state: "lost", model: "never" }),
    "jobs: an id's beginning": () => list({ text: "lease_00ab3" }),
    "jobs: a beginning that thousands have": () => list({ text: "lease_00" }),
    "jobs: a beginning that all have": () => list({ text: "lease_", state: "rejected" }),
    "jobs: counted": () => jobs["jobs.count"]({ market: "aicf" }),
    "jobs: choices": () => jobs["jobs.choices"]({}),
    "earnings: 30 days": () => books["earnings.series"]({ market: "aicf", days: 30 }),
    "earnings: a year": () => books["earnings.series"]({ market: "aicf", days: 365 }),
    "earnings and state: figures of both markets": () => books["earnings.summary"]({}),
    "earnings: the whole screen, 30 days": () =>
      books["earnings.report"]({ market: "aicf", days: 30, limit: 100 }),
    "earnings: the whole screen, a year": () =>
      books["earnings.report"]({ market: "aicf", days: 365, limit: 100 }),
    "earnings: newest entries": () => books["earnings.entries"]({ market: "aicf", limit: 100 }),
    "earnings: pending entries": () =>
      books["earnings.entries"]({ market: "aicf", state: "pending", limit: 100 }),
    "earnings: settled a year ago": () =>
      books["earnings.entries"]({ market: "aicf", state: "settled", until: now - 365 * DAY, limit: 100 }),
    "earnings: 1000 lines of CSV": () => books["earnings.csv"]({ market: "aicf", by: "accepted" }),
    "activity: newest 200": () => books["activity.list"]({ limit: 200 }),
    "activity: problems": () => books["activity.list"]({ limit: 200, level: "problem" }),
    "activity: a word that is nowhere": () => books["activity.list"]({ limit: 200, text: "nowhere at all" }),
    "activity: types": () => books["activity.types"]({}),
  };
  return timesOf(asked);
}

/** What is kept for two months of jobs that no market ever paid for. */
async function askUnpaid(): Promise<Record<string, Times>> {
  const place = join(base, "unpaid");
  mkdirSync(place);
  await writeBigLedger(place, { jobs: UNPAID_JOBS, days: 60, now, pending: UNPAID_JOBS });
  const of = await Ledger.open(place);
  const books = booksOf(of);
  const times = await timesOf({
    "state: figures of both markets": () => books["earnings.summary"]({}),
    "earnings: the whole screen, 30 days": () =>
      books["earnings.report"]({ market: "aicf", days: 30, limit: 100 }),
    "earnings: unpaid for 30 days": () => books["earnings.unpaid"]({ market: "aicf", days: 30 }),
  });
  of.close();
  rmSync(place, { recursive: true });
  return times;
}

function booksOf(of: Ledger) {
  return earningHandlers({ ledger: of, markets: ["aicf", "aitbc"], electricity: () => null, now: () => now });
}

async function timesOf(asked: Record<string, () => unknown>): Promise<Record<string, Times>> {
  const times: Record<string, Times> = {};
  for (const [name, ask] of Object.entries(asked)) {
    const cold = await timed(async () => ask());
    const taken: number[] = [];
    for (let turn = 0; turn < options.rounds; turn++) taken.push(await timed(async () => ask()));
    times[name] = {
      cold: round(cold),
      p50: round(quantile(taken, 0.5)),
      p95: round(quantile(taken, 0.95)),
      most: round(Math.max(...taken)),
    };
  }
  return times;
}

/** The ledger's own part of a job, sums and counts among it, all in one commit so that the disk is not what is measured. */
function writeJobs(of: Ledger): { perJob: number } {
  const start = performance.now();
  of.transaction(() => {
    for (let index = 0; index < WRITTEN_JOBS; index++) {
      const row = of.leases.insert(aLease({ leaseId: `bench_${index}` }), now);
      if (row === null) continue;
      of.leases.apply(row, "admit", now);
      of.leases.apply(row, "run", now, { device: "GPU-5d1c0a3e-0001" });
      for (const event of ["compute", "submit", "accept"] as const) of.leases.apply(row, event, now);
      of.earnings.insert(row, {
        jobId: "j",
        net: money("ANM", 800n),
        gross: money("ANM", 1000n),
        settledAt: now,
        reference: null,
      });
      of.leases.apply(row, "settle", now);
    }
  });
  return { perJob: round((performance.now() - start) / WRITTEN_JOBS) };
}

async function lookAtScreens() {
  const started = performance.now();
  const engine = spawn(
    process.execPath,
    [CLI, "serve", "--data", base, "--port", "0", "--aicf-queue", NOWHERE, "--aitbc-coordinator", NOWHERE],
    {
      env: {
        ...process.env,
        AITBC_COORDINATOR_KEY: "bench",
        BELLOWS_KEY_PASSPHRASE: "four words for a bench",
        GPU_BACKEND: "cpu",
        METRICS_PORT: "0",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const ended = new Promise((resolve) => engine.once("close", resolve));
  let said = "";
  for (const stream of [engine.stdout, engine.stderr]) stream.on("data", (text: Buffer) => (said += text));
  try {
    while (!said.includes('"Serving"')) {
      if (engine.exitCode !== null) throw new Error(`The engine did not start: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const serving = performance.now() - started;
    const address = execFileSync(process.execPath, [CLI, "dashboard", "--data", base, "--json"], {
      encoding: "utf8",
    });
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      const opened = performance.now();
      await page.goto((JSON.parse(address) as { dashboardUrl: string }).dashboardUrl);
      await page.getByRole("navigation", { name: "Screens" }).getByRole("link").first().waitFor();
      await page.locator("h1").first().waitFor();
      const home = performance.now() - opened;
      return {
        serving: round(serving),
        home: round(home),
        switches: await switchScreens(page, options.rounds / 2),
        scroll: await scrollJobs(page),
      };
    } finally {
      await browser.close();
    }
  } finally {
    engine.kill("SIGTERM");
    await ended;
  }
}

/** Starts as a person starts it: the ledger was closed in order, the files are in the system's cache from the start before. */
async function lookAtDesktop() {
  const screen = await openScreen();
  const env = appEnvironment(screen, {
    BELLOWS_DATA_DIR: base,
    BELLOWS_TIMINGS: "1",
    BELLOWS_TRAY: "yes",
    BELLOWS_ENGINE_NODE: process.execPath,
    XDG_CONFIG_HOME: join(base, "config"),
    AICF_QUEUE_URL: NOWHERE,
    AITBC_COORDINATOR_URL: NOWHERE,
    AITBC_COORDINATOR_KEY: "bench",
    BELLOWS_KEY_PASSPHRASE: "four words for a bench",
    GPU_BACKEND: "cpu",
  });
  try {
    const homes: number[] = [];
    for (let start = 0; ; start++) {
      const app = new DesktopApp(electronFile ?? "", [LOOKED_INTO], env);
      try {
        homes.push(await app.usable());
        if (start < STARTS) continue;
        const page = await app.page();
        return {
          // The first start is not warm.
          home: {
            wanted: 1500,
            median: round(median(homes.slice(1))),
            most: round(Math.max(...homes.slice(1))),
          },
          switches: await switchScreens(page, options.rounds / 2),
          scroll: await scrollJobs(page),
        };
      } finally {
        await app.end();
      }
    }
  } finally {
    screen.close();
  }
}

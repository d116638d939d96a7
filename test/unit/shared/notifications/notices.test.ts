import { afterEach, describe, expect, it } from "vitest";
import { NoticeSchema } from "../../../../src/shared/contract/app.ts";
import type { ServiceLevel } from "../../../../src/shared/contract/service-level.ts";
import type { ProviderStanding, State } from "../../../../src/shared/contract/views.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import type { Notice, NoticeFacts } from "../../../../src/shared/notifications/notice.ts";
import { NOTICE_PROVIDERS, NoticeBoard } from "../../../../src/shared/notifications/notice-board.ts";
import { NOTICE_TYPES, type NoticeType } from "../../../../src/shared/notifications/notice-types.ts";
import { hear } from "../../../../src/shared/words/hear.ts";
import { setLanguage, t } from "../../../../src/shared/words/words.ts";
import { aicf, aitbc, amount, cpu, earning, gpu } from "../../../e2e/ui/states.ts";
import { anAppView } from "../../../support/app-view.ts";
import { aModel } from "../../../support/scripted-models.ts";

const NOW = 1_800_000_000_000;

const facts = (state: Partial<State> = {}, more: Partial<NoticeFacts> = {}): NoticeFacts => ({
  state: { ...earning(NOW), ...state },
  link: { state: "up", since: NOW },
  app: anAppView(),
  levels: [],
  balances: [],
  ...more,
});
const live = (state: Partial<State> = {}) => {
  const base = earning(NOW);
  return facts({ engine: { ...base.engine, mode: "live" }, ...state });
};

const standing = (more: Partial<ProviderStanding> = {}): ProviderStanding => ({
  market: "aicf",
  providerId: "prov",
  at: NOW,
  state: "eligible",
  jailedUntil: null,
  health: { score: 1, word: null },
  stake: {
    total: amount("ANM", "20"),
    effective: amount("ANM", "20"),
    minimum: amount("ANM", "10"),
    releases: [],
  },
  reasons: [],
  slashes: [],
  service: { traps: null, qos: null, latencyP95Ms: null, availability: null },
  ...more,
});

const level = (state: "good" | "warning" | "breached"): ServiceLevel => ({
  market: "aicf",
  at: NOW,
  window: { from: NOW - HOUR, to: NOW, jobs: 100 },
  actions: [],
  beats: [],
  aliveMs: 60_000,
  log: [],
  measures: [
    {
      name: "traps",
      label: "Share of trap jobs answered rightly",
      value: 0.99,
      limit: 0.98,
      good: "above",
      unit: "ratio",
      distance: 0.01,
      trend: "worse",
      state,
      breachCost: amount("ANM", "0.5"),
      breachBps: 500,
      breachText: "Below it the market takes 5 % of the stake.",
    },
  ],
});

const offer = (more: object = {}) => ({
  market: "aitbc" as const,
  board: "gpu",
  boardName: "AITBC",
  device: gpu().id,
  model: "RTX 4090",
  offerId: "1",
  state: "listed" as const,
  wanted: true,
  price: amount("AIT", "1"),
  listedPrice: amount("AIT", "1"),
  marketStatus: null,
  drift: null,
  booking: null,
  checkedAt: NOW,
  error: null,
  ...more,
});
const offers = (more: object) => {
  const base = earning(NOW);
  return { offers: { ...base.offers, offers: [offer(more)] as unknown as State["offers"]["offers"] } };
};
const oldDriver = {
  usable: true,
  code: "driver-old",
  how: "On the processor",
  help: "Install driver 580.",
} as const;
const failedTest = { at: NOW, ok: false, summary: "3 of 8 vectors differ" };
const diskFull = { code: "MODEL_DISK_FULL", message: "The disk is full.", actor: "machine" as const };
const restored = { code: "LEDGER_RESTORED", message: "Restored from 12:00.", actor: "machine" as const };
const notCopied = {
  code: "SNAPSHOT_FAILED",
  message: "There is no room",
  actor: "machine" as const,
  help: "Make room.",
};
const base = earning(NOW);
const nothingEarned = base.earnings.map((row) => ({
  ...row,
  settledTotal: { ...row.settledTotal, minor: "0" },
}));
const slash = {
  reason: "traps",
  text: "2 of 40 trap jobs were wrong.",
  amount: amount("ANM", "0.5"),
  height: 7,
  jobId: "j",
};

/** Every type: what was known, what is known, and what the person reads. */
const CASES: Readonly<
  Record<NoticeType, { before?: NoticeFacts; after: NoticeFacts; title: string; text: string | RegExp }>
> = {
  "no-gpu": { after: live(), title: "No NVIDIA GPU found", text: /keeps looking/ },
  "driver-old": {
    after: facts({ devices: [gpu({ verdict: oldDriver })] }),
    title: "NVIDIA GeForce RTX 4090: the driver is too old",
    text: "Install driver 580.",
  },
  "self-test-failed": {
    after: facts({ devices: [cpu({ lastSelfTest: failedTest })] }),
    title: "AMD EPYC 7B13 failed its self-test",
    text: "3 of 8 vectors differ",
  },
  "breaker-open": {
    after: facts({ devices: [cpu({ state: "breaker", stateReason: "3 failures: out of memory" })] }),
    title: "AMD EPYC 7B13 rests after failures in a row",
    text: "3 failures: out of memory",
  },
  "market-unreachable": {
    after: facts({
      markets: [aicf(NOW, { state: "unreachable", lastHeartbeatAckAt: NOW - 6 * MINUTE, leasesHeld: 2 })],
    }),
    title: "AICF does not answer",
    text: "For 6 min now. It is tried again by itself. Jobs held: 2.",
  },
  "market-refused": {
    after: facts({
      markets: [
        aitbc(NOW, {
          state: "refused",
          error: { code: "X", message: "The key is wrong", actor: "user", help: "Set another." },
        }),
      ],
    }),
    title: "AITBC does not accept this provider",
    text: "The key is wrong. Set another.",
  },
  "clock-wrong": {
    after: facts({
      markets: [aitbc(NOW, { clockSkewMs: -6 * MINUTE }), aicf(NOW, { clockSkewMs: -9 * MINUTE })],
    }),
    title: "This machine’s clock seems wrong",
    text: /^It is 9 min ahead of that of AICF\. Check date and time/,
  },
  "market-paused": {
    after: facts({ markets: [aitbc(NOW, { paused: { since: NOW - 60_000, lost: 5 } })] }),
    title: "No more work is taken from AITBC",
    text: /^5 leases in a row were lost/,
  },
  "stake-low": {
    after: facts({
      markets: [
        aicf(NOW, {
          standing: standing({ stake: { ...standing().stake, effective: amount("ANM", "9.5") } }),
        }),
      ],
    }),
    title: "Stake too low on AICF",
    text: /^9\.50 ANM count, 10\.00 ANM are needed/,
  },
  jailed: {
    after: facts({ markets: [aicf(NOW, { standing: standing({ state: "jailed" }) })] }),
    title: "AICF has jailed this provider",
    text: /No work/,
  },
  slashed: {
    before: facts({ markets: [aicf(NOW, { standing: standing() })] }),
    after: facts({ markets: [aicf(NOW, { standing: standing({ slashes: [slash] }) })] }),
    title: "AICF took 0.50 ANM of the stake",
    text: "2 of 40 trap jobs were wrong.",
  },
  "service-near-limit": {
    after: facts({}, { levels: [level("warning")] }),
    title: "AICF: close to a limit: trap jobs",
    text: "Jobs whose right answer the market knows. A window below 98 % is punished. At stake now: 0.50 ANM.",
  },
  "offer-drift": {
    after: facts({ devices: [gpu()], ...offers({ drift: "It shows 2 AIT." }) }),
    title: "AITBC shows another offer than yours for NVIDIA GeForce RTX 4090",
    text: "It shows 2 AIT.",
  },
  "offer-booked": {
    before: facts({ devices: [gpu()], ...offers({}) }),
    after: facts({ devices: [gpu()], ...offers({ state: "booked" }) }),
    title: "NVIDIA GeForce RTX 4090 is rented on AITBC",
    text: /kept for the renter/,
  },
  unclaimed: {
    after: facts(
      {},
      {
        balances: [
          {
            market: "aicf",
            providerId: "prov",
            available: amount("ANM", "0"),
            pending: amount("ANM", "3.5"),
            escrow: amount("ANM", "0"),
            lastSettlementEpoch: 4,
          },
        ],
      },
    ),
    title: "3.50 ANM can be claimed",
    text: /AICF has settled it/,
  },
  "first-earning": {
    before: facts({ earnings: nothingEarned }),
    after: facts({ earnings: base.earnings.slice(0, 1) }),
    title: "First earning on AICF",
    text: "214.7705 ANM settled, in play money. Real markets work the same way.",
  },
  "model-ready": {
    before: facts({ models: [aModel({ state: "downloading" })] }),
    after: facts({ models: [aModel({ state: "present" })] }),
    title: `Model ${aModel().id} is ready`,
    text: /Jobs that need it/,
  },
  "model-failed": {
    before: facts({ models: [aModel({ state: "downloading" })] }),
    after: facts({
      models: [aModel({ state: "failed", error: { code: "X", message: "No answer", actor: "network" } })],
    }),
    title: `Model ${aModel().id} could not be fetched`,
    text: "No answer",
  },
  "disk-full": {
    after: facts({ models: [aModel({ state: "failed", error: diskFull })] }),
    title: "The disk is full",
    text: "The disk is full.",
  },
  "ledger-restored": {
    after: facts({ engine: { ...base.engine, notices: [restored] } }),
    title: "The database was restored from a snapshot",
    text: "Restored from 12:00.",
  },
  "snapshot-failed": {
    after: facts({ engine: { ...base.engine, notices: [notCopied] } }),
    title: "The ledger can’t be copied",
    text: "There is no room. Make room.",
  },
  "engine-failed": {
    after: facts(
      {},
      { state: null, link: { state: "failed", since: NOW, error: { ...diskFull, help: "Make room." } } },
    ),
    title: "The engine could not start",
    text: "The disk is full. Make room.",
  },
  "update-ready": {
    after: facts(
      {},
      {
        app: anAppView(
          {},
          {
            state: "ready",
            offer: { version: "1.1.0", channel: "latest", notes: null, releasedAt: null, bytes: null },
          },
        ),
      },
    ),
    title: "Bellows 1.1.0 is ready to install",
    text: /never installed while a job runs/,
  },
  "update-refused": {
    after: facts(
      {},
      {
        app: anAppView(
          {},
          {
            state: "refused",
            version: "1.1.0",
            error: { code: "UPDATE_BAD_SIGNATURE", message: "Not by Bellows", actor: "network" },
          },
        ),
      },
    ),
    title: "An update was refused",
    text: "Not by Bellows",
  },
  "safe-mode": {
    after: facts({}, { app: anAppView({ safeMode: { crashes: 3 } }) }),
    title: "Safe mode",
    text: /3 times in a row/,
  },
  "start-at-login": {
    after: facts({}, { app: anAppView({ login: { enabled: false, asked: false, impossible: null } }) }),
    title: "Start Bellows when you log in?",
    text: /in the tray/,
  },
};

const noticesOf = (type: NoticeType, before: NoticeFacts | null, after: NoticeFacts, now = NOW) =>
  NOTICE_PROVIDERS[type](before, after, now);

describe("each kind of notice", () => {
  afterEach(() => setLanguage("en"));

  it.each(NOTICE_TYPES)("%s appears when its cause does, in words", (type) => {
    const { before = null, after, title, text } = CASES[type];
    const [notice, ...others] = noticesOf(type, before, after);
    expect(others).toEqual([]);
    expect(notice).toMatchObject({ type, title });
    expect(notice?.text).toMatch(text);
    expect(notice?.key.startsWith(type)).toBe(true);
    // The same notice, read after the language was changed: nothing is asked anew.
    setLanguage("de");
    expect(hear(notice?.title ?? "", notice?.titleSaid)).not.toBe(title);
    expect(NoticeSchema.parse(notice)).toEqual(notice);
    expect(t(`notifications.types.${type}`)).not.toBe("");
  });

  it.each(NOTICE_TYPES)(
    "%s is silent on an ordinary day, at the first look, and without an engine",
    (type) => {
      const ordinary = facts({
        devices: [gpu()],
        markets: [aicf(NOW, { standing: standing() }), aitbc(NOW)],
      });
      expect(noticesOf(type, null, ordinary)).toEqual([]);
      expect(noticesOf(type, ordinary, ordinary)).toEqual([]);
      const gone = facts(
        {},
        { state: null, app: null, link: { state: "restarting", since: NOW, error: null } },
      );
      expect(noticesOf(type, ordinary, gone)).toEqual([]);
    },
  );

  it.each<NoticeType>(["slashed", "first-earning", "offer-booked", "model-ready", "model-failed"])(
    "%s is no news when it was so before anybody looked",
    (type) => {
      expect(noticesOf(type, null, CASES[type].after)).toEqual([]);
      expect(noticesOf(type, CASES[type].after, CASES[type].after)).toEqual([]);
    },
  );

  it("gives a market five minutes and a driver after a boot as long", () => {
    const away = (since: number) =>
      facts({ markets: [aicf(NOW, { state: "unreachable", lastHeartbeatAckAt: NOW - since })] });
    expect(noticesOf("market-unreachable", null, away(4 * MINUTE))).toEqual([]);
    const justStarted = live({ engine: { ...base.engine, mode: "live", startedAt: NOW - MINUTE } });
    expect(noticesOf("no-gpu", null, justStarted)).toEqual([]);
    expect(noticesOf("no-gpu", null, facts())).toEqual([]); // A demo earns on the processor.
  });

  it("calls a clock wrong only where a market would mind, and says which way", () => {
    const off = (clockSkewMs: number) =>
      noticesOf("clock-wrong", null, facts({ markets: [aicf(NOW, { clockSkewMs })] }));
    expect([off(5 * MINUTE), off(-4 * MINUTE)]).toEqual([[], []]);
    expect(off(2 * HOUR)).toMatchObject([{ text: expect.stringMatching(/^It is 120 min behind/) }]);
  });

  it("does not ask about start at login before there is something to gain, nor twice", () => {
    const asked = (login: object, acceptedTotal = 5) =>
      facts(
        { throughput: { ...base.throughput, acceptedTotal } },
        { app: anAppView({ login: { enabled: false, asked: false, impossible: null, ...login } }) },
      );
    expect(noticesOf("start-at-login", null, asked({}))).toHaveLength(1);
    expect(noticesOf("start-at-login", null, asked({}, 0))).toEqual([]);
    expect(noticesOf("start-at-login", null, asked({ asked: true }))).toEqual([]);
    expect(noticesOf("start-at-login", null, asked({ enabled: true }))).toEqual([]);
    expect(noticesOf("start-at-login", null, asked({ impossible: "No." }))).toEqual([]);
  });

  it("say their numbers as the reader's language writes them, whenever they were raised", () => {
    const { before = null, after } = CASES["first-earning"];
    const [notice] = noticesOf("first-earning", before, after);
    const words = () => hear(notice?.text ?? "", notice?.textSaid);
    expect(words()).toBe("214.7705 ANM settled, in play money. Real markets work the same way.");
    setLanguage("de");
    expect(words()).toBe("214,7705 ANM gutgeschrieben, in Spielgeld. Auf echten Märkten geht es genauso.");
  });

  it("calls a ledger that went back to its copy as wanted no restored one", () => {
    const wentBack = { ...restored, code: "LEDGER_WENT_BACK" };
    const after = facts({ engine: { ...base.engine, notices: [wentBack] } });
    expect(noticesOf("ledger-restored", null, after)).toMatchObject([
      { title: "The database is its earlier copy again, as wanted" },
    ]);
  });

  it("names a crossed limit as crossed", () => {
    const [notice] = noticesOf("service-near-limit", null, facts({}, { levels: [level("breached")] }));
    expect(notice).toMatchObject({ severity: "bad", title: expect.stringContaining("limit crossed") });
  });
});

describe("NoticeBoard", () => {
  const quiet = facts({ devices: [gpu()] });
  const broken = facts({ devices: [gpu({ state: "breaker" })] });
  let muted: NoticeType[] = [];
  let told: string[] = [];
  const board = () => {
    muted = [];
    told = [];
    return new NoticeBoard({ muted: () => muted, appeared: ({ key }: Notice) => told.push(key) });
  };

  it("tells what appears once, and again only after its quiet time", () => {
    const notices = board();
    notices.look(broken, NOW);
    notices.look(broken, NOW + SECOND);
    expect(told).toHaveLength(1);
    notices.look(quiet, NOW + 2 * SECOND);
    expect(notices.notices).toEqual([]);
    notices.look(broken, NOW + MINUTE);
    expect(notices.notices).toHaveLength(1);
    expect(told).toHaveLength(1);
    notices.look(quiet, NOW + 2 * HOUR);
    notices.look(broken, NOW + 2 * HOUR + SECOND);
    expect(told).toHaveLength(2);
  });

  it("keeps what happened once until it is put away, also over a restart of the engine", () => {
    const notices = board();
    const { before, after } = CASES.slashed;
    notices.look(before ?? quiet, NOW);
    notices.look({ ...quiet, state: null }, NOW + SECOND);
    notices.look(after, NOW + 2 * SECOND);
    notices.look(after, NOW + DAY);
    expect(notices.notices.map(({ type }) => type)).toEqual(["slashed"]);
    notices.putAway(notices.notices[0]?.key ?? "");
    expect(notices.notices).toEqual([]);
    notices.look(after, NOW + DAY + SECOND);
    expect(notices.notices).toEqual([]);
  });

  it("lets good news leave by themselves", () => {
    const notices = board();
    const { before, after } = CASES["first-earning"];
    notices.look(before ?? quiet, NOW);
    notices.look(after, NOW + SECOND);
    const kinds = () => notices.notices.map(({ type }) => type);
    expect(kinds()).toContain("first-earning");
    notices.look(after, NOW + 4 * MINUTE);
    expect(kinds()).toContain("first-earning");
    notices.look(after, NOW + 6 * MINUTE);
    expect(kinds()).not.toContain("first-earning");
  });

  it("brings back what was put away only when its cause comes again", () => {
    const notices = board();
    notices.look(broken, NOW);
    notices.putAway(notices.notices[0]?.key ?? "");
    notices.look(broken, NOW + SECOND);
    expect(notices.notices).toEqual([]);
    notices.look(quiet, NOW + 2 * SECOND);
    notices.look(broken, NOW + 3 * SECOND);
    expect(notices.notices).toHaveLength(1);
  });

  it("neither shows nor tells what is switched off, and puts the worst first", () => {
    const notices = board();
    muted = ["breaker-open"];
    const both = facts(
      { devices: [gpu({ state: "breaker" }), cpu({ lastSelfTest: failedTest })] },
      { levels: [level("warning")] },
    );
    notices.look(both, NOW);
    expect(notices.notices.map(({ type }) => type)).toEqual(["self-test-failed", "service-near-limit"]);
    expect(told.some((key) => key.startsWith("breaker-open"))).toBe(false);
  });
});

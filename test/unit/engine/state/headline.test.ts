import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { deriveHeadline, type HeadlineInput } from "../../../../src/engine/state/headline.ts";
import type { DeviceView, MarketView } from "../../../../src/shared/contract/views.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { Moment } from "../../../../src/shared/moment.ts";
import { hear } from "../../../../src/shared/words/hear.ts";
import { setLanguage } from "../../../../src/shared/words/words.ts";

const NOW = 1_000_000;
const market = (overrides: Partial<MarketView> = {}): MarketView => ({
  id: "aicf",
  name: "AICF",
  currency: "ANM",
  endpoint: "http://127.0.0.1:8700",
  state: "registered",
  providerId: "prov_1",
  lastHeartbeatAckAt: NOW - 5_000,
  heartbeatIntervalMs: 15_000,
  lastPollAt: NOW - 2_000,
  lastPollAnswer: "none",
  lastAcceptedAt: NOW - 3_000,
  leasesHeld: 0,
  error: null,
  ...overrides,
});
const device = (overrides: Partial<DeviceView> = {}): DeviceView => ({
  id: "cpu",
  kind: "cpu",
  name: "A processor",
  backend: "cpu",
  backendReason: null,
  state: "ready",
  stateReason: null,
  runtimePid: 7,
  enabled: true,
  paused: null,
  runningJobs: 0,
  temperatureC: null,
  powerW: null,
  utilisationPct: null,
  memoryUsedMb: null,
  memoryTotalMb: null,
  textsPerSecond: null,
  ...overrides,
});
const derive = (overrides: Partial<HeadlineInput> = {}) =>
  deriveHeadline({
    mode: "live",
    intent: "running",
    startedAt: NOW - 600_000,
    now: NOW,
    markets: [market()],
    devices: [device()],
    leasesHeld: 0,
    modelProblem: null,
    ...overrides,
  });
const REFUSED = {
  code: "BAD_KEY",
  message: "The key is wrong",
  actor: "user",
  help: "Set AITBC_API_KEY.",
} as const;
const SILENT = { code: "MARKET_UNREACHABLE", message: "Connection refused", actor: "network" } as const;

describe("the headline", () => {
  it("says that a market's work is not taken, what to do, and on which screen", () => {
    const error = { code: "MARKET_PAUSED", message: "Five were lost", actor: "user", help: "Look." } as const;
    const paused = { since: NOW - 60_000, lost: 5 };
    expect(derive({ markets: [market({ paused, error, lastAcceptedAt: NOW - 90_000 })] })).toMatchObject({
      level: "attention",
      reasons: [{ text: "AICF: Five were lost.", help: "Look.", screen: "reliability" }],
    });
  });

  it("says that a stop can cost stake, where a market measures and real money is staked", () => {
    const anm = (minor: string) => ({ currency: "ANM", minor, decimals: 9 }) as const;
    const stake = { total: anm("5"), effective: anm("5"), minimum: anm("5"), releases: [] };
    const standing = {
      market: "aicf",
      providerId: "prov_1",
      at: NOW,
      state: "eligible",
      jailedUntil: null,
      health: { score: 1, word: null },
      stake,
      slashes: [],
      service: { traps: null, qos: null, latencyP95Ms: null, availability: null },
      reasons: [],
    } as unknown as NonNullable<MarketView["standing"]>;
    const texts = (overrides: Partial<HeadlineInput>) =>
      derive({ intent: "stopped", ...overrides }).reasons.map(({ text, help }) => `${text} ${help}`);
    const measured = market({ standing, serviceWarnings: 0 });
    expect(texts({ markets: [measured] })).toEqual([
      "No work is taken until you start. Press Start.",
      "AICF hears no heartbeats meanwhile, which can cost some of the stake there. Pause takes no work either, and goes on sending them.",
    ]);
    expect(texts({ markets: [measured], mode: "demo" })).toHaveLength(1);
    expect(texts({ markets: [market({ standing })] })).toHaveLength(1);
    expect(
      texts({ markets: [{ ...measured, standing: { ...standing, stake: { ...stake, total: anm("0") } } }] }),
    ).toHaveLength(1);
  });

  it("tells of an earlier start's result, and does not take it for earning now", () => {
    const before = derive({ startedAt: NOW - 1_000, markets: [market({ lastAcceptedAt: NOW - 3_000 })] });
    expect(before).toMatchObject({
      level: "starting",
      lastAcceptedAt: NOW - 3_000,
      lastAcceptedMarket: "aicf",
    });
  });

  it("claims earning only on a fresh accepted result", () => {
    expect(derive()).toMatchObject({
      level: "earning",
      sentence: "Earning on 1 of 1 device",
      lastAcceptedMarket: "aicf",
    });
    const stale = derive({ markets: [market({ lastAcceptedAt: NOW - 61_000 })] });
    expect(stale).toMatchObject({
      level: "idle",
      reasons: [{ text: "AICF had no job for this provider 2 s ago." }],
    });
  });

  it("takes its proof from whichever market gave the newest", () => {
    const other = market({
      id: "aitbc",
      name: "AITBC",
      lastAcceptedAt: NOW - 1_000,
      lastHeartbeatAckAt: NOW - 9_000,
    });
    expect(derive({ markets: [market(), other] })).toMatchObject({
      lastAcceptedAt: NOW - 1_000,
      lastAcceptedMarket: "aitbc",
      lastHeartbeatAckAt: NOW - 5_000,
    });
  });

  it("does not stay green when heartbeats are no longer acknowledged", () => {
    const silent = derive({ markets: [market({ lastHeartbeatAckAt: NOW - 46_000 })] });
    expect(silent.level).toBe("attention");
    expect(silent.reasons[0]?.text).toContain("no heartbeat for 46 s");
  });

  it("says which market is in trouble while the other earns", () => {
    const down = market({
      id: "aitbc",
      name: "AITBC",
      state: "unreachable",
      error: SILENT,
      lastAcceptedAt: null,
    });
    expect(derive({ markets: [market(), down] })).toMatchObject({
      level: "attention",
      sentence: "Earning on AICF, with something to look at",
      reasons: [{ text: "AITBC: Connection refused." }],
    });
  });

  it("tells a market that refuses from one that does not answer", () => {
    const refused = derive({ markets: [market({ state: "refused", error: REFUSED })] });
    expect(refused).toMatchObject({ level: "error", reasons: [{ help: "Set AITBC_API_KEY." }] });
    expect(derive({ markets: [market({ state: "unreachable", error: SILENT })] }).level).toBe("offline");
  });

  it("waits with a driver that comes up late, and says until when", () => {
    const until = new Date(2026, 10, 22, 3, 5).getTime();
    const reason = "NVML could not begin: driver not loaded";
    const waiting = derive({ devices: [], missingGpu: { reason, until } });
    expect(waiting).toMatchObject({
      level: "starting",
      sentence: "Waiting for the GPU driver, trying until 03:05",
      reasons: [{ text: `No GPU works yet: ${reason}.` }],
    });
    const given = derive({ devices: [], missingGpu: { reason, until: null } });
    expect(given).toMatchObject({
      level: "error",
      sentence: "No device can run jobs",
      reasons: [{ text: expect.stringContaining(reason), help: expect.stringContaining("GPU_BACKEND=auto") }],
    });
    const meanwhile = derive({ missingGpu: { reason, until } });
    expect(meanwhile.level, "the CPU earns meanwhile").toBe("earning");
    expect(meanwhile.reasons).toMatchObject([
      { text: `The GPU is looked for until 03:05: ${reason}.`, said: { key: "gpuOnItsWay" } },
    ]);
  });

  it("gives a start half a minute before it worries", () => {
    const connecting = market({
      state: "connecting",
      lastHeartbeatAckAt: null,
      lastPollAt: null,
      lastAcceptedAt: null,
    });
    expect(derive({ markets: [connecting], startedAt: NOW - 5_000 }).level).toBe("starting");
    expect(derive({ markets: [connecting], startedAt: NOW - 31_000 }).level).toBe("offline");
    const waiting = market({ lastAcceptedAt: null });
    expect(derive({ markets: [waiting], startedAt: NOW - 5_000 })).toMatchObject({ level: "starting" });
    expect(derive({ markets: [waiting] }).level).toBe("idle");
  });

  it("does not wait for jobs where none are handed out", () => {
    const onlyOffers = market({ lastAcceptedAt: null, lastPollAt: null, givesJobs: false });
    expect(derive({ markets: [onlyOffers] })).toMatchObject({
      level: "idle",
      reasons: [{ said: { key: "givesNoJobs" }, screen: "settings" }],
    });
  });

  it.each([
    ["paused", "paused", "Paused"],
    ["stopped", "stopped", "Stopped"],
    ["finishing", "finishing", "Finishing 0 jobs, then stopping"],
  ] as const)("follows the person: %s", (intent, level, sentence) => {
    expect(derive({ intent })).toMatchObject({ level, sentence });
  });

  it("a key that is locked or not made yet comes before everything else, with the way out", () => {
    const keyProblem = {
      code: "KEY_LOCKED",
      message: "The provider key is locked",
      actor: "user" as const,
      help: "Unlock it with its passphrase under Stake & identity.",
    };
    expect(derive({ keyProblem, intent: "paused" })).toMatchObject({
      level: "error",
      sentence: "The provider key is locked",
      reasons: [{ text: "The provider key is locked.", help: keyProblem.help }],
    });
    expect(derive({ keyProblem: { ...keyProblem, code: "NO_IDENTITY" } }).sentence).toBe(
      "There is no provider key yet",
    );
  });

  it("puts what stops everything first", () => {
    const model = {
      code: "MODEL_MISSING",
      message: "The model all-MiniLM-L6-v2 is missing",
      actor: "user",
      help: "Run npm run setup.",
    } as const;
    expect(derive({ modelProblem: model, intent: "paused" })).toMatchObject({
      level: "error",
      reasons: [{ text: `${model.message}.`, help: model.help }],
    });
    const dead = device({ state: "failed", stateReason: "CUDA is gone" });
    expect(derive({ devices: [dead] })).toMatchObject({
      level: "error",
      reasons: [{ text: "A processor: CUDA is gone." }],
    });
  });

  it("explains every level but earning", () => {
    const levels = [
      derive({ intent: "paused" }),
      derive({ intent: "stopped" }),
      derive({ markets: [market({ lastAcceptedAt: null })] }),
    ];
    for (const headline of levels) expect(headline.reasons.length, headline.sentence).toBeGreaterThan(0);
  });
});

describe("a GPU that can't work", () => {
  const old = (help: string | null) =>
    device({
      id: "GPU-1",
      kind: "gpu",
      name: "An old card",
      state: "failed",
      stateReason: "its compute capability is too old",
      verdict: { usable: false, code: "compute-capability", why: "its compute capability is too old", help },
    });

  it("is no reason for attention beside a device that works, when nothing can be done about it", () => {
    expect(derive({ devices: [device(), old(null)] })).toMatchObject({
      level: "earning",
      sentence: "Earning on 1 of 2 devices",
    });
    expect(derive({ devices: [device(), old("Install a driver.")] }).level).toBe("attention");
  });

  it("and is left out on purpose is neither a reason for attention nor counted beside one that works", () => {
    const why = "CUDA_VISIBLE_DEVICES leaves it out";
    const leftOut = device({
      id: "GPU-2",
      kind: "gpu",
      state: "failed",
      stateReason: why,
      verdict: { usable: false, code: "not-visible", why, help: "Name it there." },
    });
    const working = device({ id: "GPU-1", kind: "gpu" });
    expect(derive({ devices: [working, leftOut] })).toMatchObject({
      level: "earning",
      sentence: "Earning on 1 of 1 device",
    });
    // With no other GPU the list may be mistyped.
    expect(derive({ devices: [device(), leftOut] }).level).toBe("attention");
    expect(derive({ devices: [leftOut] }).level).toBe("error");
  });

  it("is the reason when there is no other", () => {
    expect(derive({ devices: [old(null)] })).toMatchObject({
      level: "error",
      reasons: [{ text: "An old card: its compute capability is too old." }],
    });
  });
});

describe("a device left to its person", () => {
  const game = {
    by: "otherProgram",
    text: "paused for Cyberpunk2077",
    subject: "Cyberpunk2077",
    until: null,
    resumesByItself: true,
    signals: ["otherProgram"],
  } as const;
  const resting = (paused: Partial<DeviceView["paused"]> = {}) =>
    device({ id: "GPU-1", name: "RTX 3060", paused: { ...game, signals: [...game.signals], ...paused } });

  it("is named beside what earns, and is no reason for attention", () => {
    expect(derive({ devices: [device(), resting()] })).toMatchObject({
      level: "earning",
      sentence: "Earning on 1 of 2 devices",
      reasons: [{ text: "RTX 3060 paused for Cyberpunk2077, resumes by itself." }],
    });
  });

  it("is the state when nothing else works", () => {
    expect(derive({ devices: [resting()] })).toMatchObject({
      level: "paused",
      sentence: "Paused for Cyberpunk2077",
      reasons: [{ text: "RTX 3060 paused for Cyberpunk2077, resumes by itself." }],
    });
    expect(derive({ devices: [resting(), resting()] })).toMatchObject({
      level: "paused",
      sentence: "All 2 devices are paused",
    });
  });

  it("says until when, where that is known and soon enough to be clear", () => {
    const snoozed = { by: "snooze", text: "paused by you", signals: ["snooze"] } as const;
    const reasonUntil = (until: number) =>
      derive({ devices: [resting({ ...snoozed, signals: ["snooze"], until })] }).reasons[0];
    expect(reasonUntil(NOW + HOUR)?.text).toMatch(/^RTX 3060 paused by you, until \d\d:\d\d\.$/);
    expect(reasonUntil(NOW + 30 * HOUR)?.text).toMatch(
      /^RTX 3060 paused by you, until (Sun|Mon|Tue|Wed|Thu|Fri|Sat) \d\d:\d\d\.$/,
    );
    const weekday = reasonUntil(NOW + 30 * HOUR);
    setLanguage("de");
    try {
      expect(hear(weekday?.text ?? "", weekday?.said)).toMatch(/, bis (So|Mo|Di|Mi|Do|Fr|Sa) \d\d:\d\d\.$/);
    } finally {
      setLanguage("en");
    }
    expect(reasonUntil(NOW + 7 * 24 * HOUR)?.text).toBe("RTX 3060 paused by you, resumes by itself.");
  });

  it("leads from each reason to the screen that shows more of it", () => {
    expect(derive({ devices: [resting()] }).reasons[0]?.screen).toBe("gpus");
    const troubles = derive({
      markets: [
        market({
          error: { code: "NOT_ELIGIBLE", message: "No work", actor: "market" },
          lastPollAnswer: "error",
        }),
      ],
    });
    expect(troubles.reasons[0]?.screen).toBe("reliability");
    const locked = { code: "KEY_LOCKED", message: "The key is locked", actor: "user" } as const;
    expect(derive({ keyProblem: locked }).reasons[0]?.screen).toBe("identity");
  });

  it("says what to do where nothing happens by itself", () => {
    const off = resting({ by: "switch", text: "switched off by you", resumesByItself: false });
    expect(derive({ devices: [off] }).reasons).toMatchObject([
      { text: "RTX 3060 switched off by you.", help: "Switch it on under GPUs." },
    ]);
  });

  it("carries the pause's own words within the sentence, for other languages", () => {
    const said = { key: "onBattery", values: {} };
    const { reasons, said: sentence } = derive({
      devices: [resting({ by: "battery", text: "paused while on battery", said })],
    });
    expect(sentence).toEqual({ key: "onlyDeviceRests", values: { why: said } });
    expect(reasons[0]?.said).toEqual({ key: "deviceRestsForNow", values: { device: "RTX 3060", why: said } });
  });

  it("does not hide that no market answers", () => {
    const markets = [market({ state: "unreachable", error: SILENT })];
    expect(derive({ markets, devices: [resting()] }).level).toBe("offline");
  });
});

describe("with a clock that is set", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance"], now: 100 * DAY }));
  afterEach(() => void vi.useRealTimers());

  it("proof that is still to come proves nothing, and hides no proof of another market", () => {
    const ahead = market({ lastAcceptedAt: NOW + HOUR });
    expect(derive({ markets: [ahead] }).level).toBe("idle");
    expect(derive({ markets: [ahead, market({ id: "aitbc" })] })).toMatchObject({
      level: "earning",
      lastAcceptedMarket: "aitbc",
    });
    const stale = derive({ markets: [market({ lastHeartbeatAckAt: NOW + HOUR, lastAcceptedAt: null })] });
    expect(stale.reasons.map(({ text }) => text).join()).toContain("heartbeat");
    expect(derive({ startedAt: NOW + HOUR, markets: [market({ lastAcceptedAt: null })] }).level).toBe("idle");
  });

  it("it never claims to earn but in the minute after an accepted result, nor a heartbeat that is long past", () => {
    const happening = fc.constantFrom("accept", "beat", "set", "pass");
    const step = fc.record({
      what: happening,
      ms: fc.oneof(fc.nat(5 * MINUTE), fc.nat(20 * SECOND)),
      set: fc.integer({ min: -DAY, max: DAY }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const started = new Moment(Date.now());
        let [accepted, beat]: [Moment | null, Moment] = [null, new Moment(Date.now())];
        let [sinceAccepted, sinceBeat, wasSetForward] = [Number.POSITIVE_INFINITY, 0, false];
        for (const { what, ms, set } of steps) {
          vi.advanceTimersByTime(ms);
          sinceAccepted += ms;
          sinceBeat += ms;
          if (what === "set") {
            vi.setSystemTime(Date.now() + set);
            wasSetForward ||= set > 0;
          } else if (what === "accept") [accepted, sinceAccepted] = [new Moment(Date.now()), 0];
          else if (what === "beat") [beat, sinceBeat] = [new Moment(Date.now()), 0];
          const now = Date.now();
          const times = {
            lastAcceptedAt: accepted?.at(now) ?? null,
            lastHeartbeatAckAt: beat.at(now),
            lastPollAt: now,
          };
          const { level } = derive({ now, startedAt: started.at(now), markets: [market(times)] });
          if (level === "earning") expect(sinceAccepted).toBeLessThanOrEqual(MINUTE + SECOND);
          if (level !== "attention") expect(sinceBeat).toBeLessThanOrEqual(46 * SECOND);
          // What is new is proof by any clock.
          if (sinceAccepted === 0 && sinceBeat < 30 * SECOND && !wasSetForward) expect(level).toBe("earning");
        }
      }),
    );
  });
});

describe("a question that fails while others are answered", () => {
  const error = { code: "MARKET_ERROR", message: "500", actor: "market" } as const;
  it("is worth a look when it lasts", () => {
    const failing = (since: number) => derive({ markets: [market({ error, failingSince: NOW - since })] });
    expect(failing(10 * SECOND).level).toBe("earning");
    expect(failing(2 * MINUTE)).toMatchObject({ level: "attention" });
  });
});

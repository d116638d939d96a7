import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { MarketAdapter, MarketNews } from "../../../../src/engine/market/port.ts";
import { MarketSession } from "../../../../src/engine/market/session.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { RunControl } from "../../../../src/engine/work/run-control.ts";
import { HOUR } from "../../../../src/shared/durations.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { delay } from "../../../../src/shared/wait.ts";
import { batchTaker } from "../../../support/batch-taker.ts";
import { aLease, fee } from "../../../support/leases.ts";
import { aSession, broken, lease, PROFILE } from "../../../support/one-session.ts";
import { ScriptedMarket } from "../../../support/scripted-market.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

describe("a market session", () => {
  it("registers, makes itself heard, then takes work, and no more than its quota", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("1"), lease("2")]);
    const { board, session, eventually } = await aSession(market);
    await eventually(() => board.count()).toBe(2);
    expect(market.calls.slice(0, 4)).toEqual(["probe", "register", "openLeases", "heartbeat"]);
    expect(market.calls.filter((call) => call === "acquire")).toHaveLength(1);
    await eventually(() => market.loads.at(-1)).toMatchObject({ inflight: 2, capacity: 2 });
    expect(session.view()).toMatchObject({
      state: "registered",
      lastPollAnswer: "work",
      error: null,
      leasesHeld: 2,
    });
  });

  it("knows from its beginning when the market last accepted a result, of whatever start", async () => {
    const { ledger, control, board, market } = await aSession();
    const row = ledger.leases.insert(aLease({ leaseId: "before", market: market.id }), 1_000) ?? 0;
    for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
      ledger.leases.apply(row, event, 5_000);
    const quota = () => 0;
    const profile = () => ({ ...PROFILE });
    const adapter = new ScriptedMarket();
    const next = new MarketSession({ adapter, board, control, ledger, quota, profile, now: Date.now });
    expect(next.view().lastAcceptedAt).toBe(5_000);
  });

  it("says why it takes no work although the market has some", async () => {
    const market = new ScriptedMarket();
    const pause = { since: 5, lost: 5 };
    const { session, eventually } = await aSession(
      market,
      0,
      [...PROFILE.models],
      undefined,
      () => ({ kind: "admit" }),
      () => pause,
    );
    await eventually(() => market.loads.at(-1)?.capacity).toBe(0);
    expect(market.wishes).toEqual([]);
    expect(session.view()).toMatchObject({
      state: "registered",
      paused: pause,
      error: { code: "MARKET_PAUSED", actor: "user", help: expect.stringContaining("bellows start") },
    });
  });

  it("takes more as soon as a result is there, although the market has not taken it yet", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("1"), lease("2")], [lease("3")]);
    market.script.submit.push(...Array(50).fill(broken("NETWORK_ERROR", "network")));
    const { board, eventually, compute } = await aSession(market);
    await eventually(() => board.count()).toBe(2);
    compute();
    await eventually(() => board.held().map(({ leaseId }) => leaseId)).toEqual(["1", "2", "3"]);
  });

  it("keeps room for what it has asked for until the market has answered, an error too", async () => {
    const market = new ScriptedMarket();
    const asked: (number | "answered")[] = [];
    market.script.acquire.push(broken("NETWORK_ERROR", "network"), [lease("1")]);
    const { board, eventually } = await aSession(market, 5, [...PROFILE.models], {
      wish: (_, quota) => Math.max(0, quota - 2 - board.count()),
      asking: (_, leases) => {
        asked.push(leases);
        return () => asked.push("answered");
      },
    });
    await eventually(() => board.count()).toBe(1);
    expect(asked.slice(0, 4)).toEqual([3, "answered", 3, "answered"]);
    await eventually(() => asked.at(4)).toBe(2);
  });

  it("asks more and more seldom when all it is given is a job that it declines, until the market is told to drop it", async () => {
    const market = new ScriptedMarket();
    const askedAt: number[] = [];
    // As a market does that puts what comes back at the head of its queue.
    const sameAgain = () => {
      askedAt.push(performance.now());
      return [{ ...lease(`try ${askedAt.length}`), jobId: "too large" }];
    };
    market.script.acquire.push(...Array(1000).fill(sameAgain));
    const error = { code: "INPUT_TOO_LARGE", message: "2 texts; the limit is 1", actor: "market" } as const;
    const { board, eventually } = await aSession(market, 2, [...PROFILE.models], undefined, ({ jobId }) =>
      jobId === "too large" ? { kind: "decline", error } : { kind: "admit" },
    );
    await eventually(() => askedAt.length).toBe(3);
    const [first = 0, second = 0, third = 0] = askedAt;
    expect(second - first).toBeGreaterThan(700);
    expect(third - second).toBeGreaterThan(1400);
    await eventually(() => market.failures).toEqual([{ leaseId: "try 4", code: "INPUT_TOO_LARGE" }]);
    expect(market.returned.map(({ leaseId }) => leaseId)).toEqual(["try 1", "try 2", "try 3"]);
    expect(askedAt).toHaveLength(4);
    expect(board.count()).toBe(0);
  }, 20_000);

  it("registers again when the market has forgotten it", async () => {
    const market = new ScriptedMarket();
    market.script.heartbeat.push({ intervalMs: 20, health: null }, broken("NOT_REGISTERED", "market"));
    const { eventually, session } = await aSession(market);
    await eventually(() => market.calls.filter((call) => call === "register").length).toBe(2);
    await eventually(() => session.view().state).toBe("registered");
    expect(session.view().error).toBeNull();
  });

  it("shows why it is not connected, and goes on trying", async () => {
    const market = new ScriptedMarket();
    market.script.probe.push(broken("NETWORK_ERROR", "network"));
    const { eventually, session, ledger } = await aSession(market);
    await eventually(() => session.view()).toMatchObject({
      state: "unreachable",
      error: { code: "NETWORK_ERROR" },
    });
    await eventually(() => session.view()).toMatchObject({ state: "registered", error: null });
    expect(ledger.outbox.size()).toBe(0);
  });

  it("tells a refusal from silence: the person has to act", async () => {
    const market = new ScriptedMarket();
    market.script.register.push(broken("NOT_AUTHORIZED", "user", false));
    const { eventually, session } = await aSession(market);
    await eventually(() => session.view()).toMatchObject({ state: "refused", error: { actor: "user" } });
  });

  it("adopts a lease whose grant was lost on the way", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push(broken("NETWORK_ERROR", "network"));
    market.script.openLeases.push(null, [lease("lost on the way")]);
    const { board, eventually } = await aSession(market);
    await eventually(() => board.held().map((held) => held.leaseId)).toEqual(["lost on the way"]);
  });

  it("lets go of a lease the market no longer knows, but not of one that runs", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("runs"), lease("waits")]);
    const { board, eventually } = await aSession(market);
    await eventually(() => board.count()).toBe(2);
    board.takeBatch(batchTaker(1));
    market.script.heartbeat.push(broken("NETWORK_ERROR", "network"));
    market.script.openLeases.push([]);
    await eventually(() => board.held().map((held) => [held.leaseId, held.state])).toEqual([
      ["runs", "running"],
    ]);
  });

  it("gives straight back what was granted while the person pressed pause", async () => {
    const market = new ScriptedMarket();
    const { board, control, eventually } = await aSession(market);
    await eventually(() => market.calls).toContain("acquire");
    market.script.openLeases.push([lease("granted too late")]);
    control.pause();
    await eventually(() => market.returned.map((each) => each.leaseId)).toEqual(["granted too late"]);
    expect(board.count()).toBe(0);
    await eventually(() => market.loads.at(-1)?.capacity).toBe(0);
  });

  it("asks anew, with the new list, when a model appears while the market holds a question open", async () => {
    const models = [...PROFILE.models];
    const { market, board, control, eventually } = await aSession(new ScriptedMarket(), 2, models);
    await eventually(() => market.wishes.map((wish) => [...wish.models])).toEqual([["text-embed-001"]]);
    market.script.openLeases.push([lease("granted meanwhile")]);
    models.push("clip");
    control.changed.ring(); // As when a model is there, or an Ollama.
    await eventually(() => market.wishes.map((wish) => [...wish.models])).toEqual([
      ["text-embed-001"],
      ["text-embed-001", "clip"],
    ]);
    expect(board.held().map((held) => held.leaseId)).toEqual(["granted meanwhile"]);
    control.changed.ring();
    await eventually(() => market.loads.length).toBeGreaterThan(2);
    expect(market.wishes, "a heartbeat with the same models cuts nothing").toHaveLength(2);
  });

  it("runs what was granted while the person pressed finish: it counts as held", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("held")]);
    const { board, control, eventually } = await aSession(market);
    await eventually(() => board.count()).toBe(1);
    await eventually(() => market.calls.filter((call) => call === "acquire").length).toBe(2);
    market.script.openLeases.push([lease("held"), lease("on its way")]);
    control.finish();
    await eventually(() => board.count()).toBe(2);
    expect(market.returned).toEqual([]);
    expect(control.intent).toBe("finishing");
  });

  it("is silent after stop: a stopped provider does not claim to be online", async () => {
    const { market, control, eventually } = await aSession();
    await eventually(() => market.calls).toContain("acquire");
    control.stop();
    const heard = market.loads.length;
    control.start();
    await eventually(() => market.loads.length).toBeGreaterThan(heard);
    expect(market.loads.slice(heard).every((load) => load.capacity === 2)).toBe(true);
  });

  it("settles what the market's books show, once", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("paid")]);
    const { session, board, compute, eventually, ledger } = await aSession(market);
    const told: (number | null)[] = [];
    session.onChange((change) => {
      if (change === "books") told.push(session.reconciledAt);
    });
    await eventually(() => board.count()).toBe(1);
    expect(told, "heartbeats and questions for work are no news of money").toEqual([]);
    const credit = {
      jobId: "job-paid",
      net: fee(800n),
      gross: fee(1000n),
      settledAt: 5,
      reference: "epoch 1",
    };
    market.script.credits.push([credit], [credit]);
    compute();
    await eventually(() => ledger.leases.find("paid")?.job).toMatchObject({
      state: "settled",
      earned: { minor: "800" },
    });
    expect(ledger.earnings.allTime("aicf", "ANM").net.minor).toBe(800n);
    await eventually(() => told.at(-1)).toBe(session.reconciledAt);
  });
});

describe("a poll that fails beside heartbeats that work", () => {
  const silence = broken("NETWORK_ERROR", "network");

  it("is one trouble: shown all the time, written down once, and no reason to send anything again", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("1")], ...Array(100).fill(silence));
    market.script.submit.push(...Array(100).fill(broken("MARKET_ERROR", "market")));
    const { session, board, compute, ledger, eventually } = await aSession(market);
    await eventually(() => board.count()).toBe(1);
    compute();
    await eventually(() => market.wishes.length).toBeGreaterThan(3);
    const seen = new Set<string>();
    const stop = session.onChange(() => seen.add(`${session.view().state} ${session.view().error?.code}`));
    const beats = market.loads.length;
    await eventually(() => market.loads.length).toBeGreaterThan(beats + 20);
    stop();
    expect([...seen]).toEqual(["registered NETWORK_ERROR"]);
    expect(session.view()).toMatchObject({ lastPollAnswer: "error", failingSince: expect.any(Number) });
    const rows = ledger.activity.list({ type: "market-error" }, { limit: 100 }).events;
    expect(rows.map(({ text }) => text).toSorted()).toEqual([
      "It said MARKET_ERROR",
      "It said NETWORK_ERROR",
    ]);
    expect(market.submissions.length).toBeLessThan(8);
  }, 20_000);

  it("ends when it works, and leaves what else is wrong", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("1")], silence);
    market.script.submit.push(...Array(100).fill(broken("MARKET_ERROR", "market")));
    const { session, compute, board, eventually } = await aSession(market);
    await eventually(() => board.count()).toBe(1);
    compute();
    await eventually(() => session.view().error?.code).toBe("NETWORK_ERROR");
    market.script.acquire.push([]);
    await eventually(() => session.view()).toMatchObject({
      state: "registered",
      lastPollAnswer: "none",
      error: { code: "MARKET_ERROR" },
    });
    market.script.submit.length = 0;
    await eventually(() => session.view().error).toBeNull();
    expect(session.view()).not.toHaveProperty("failingSince");
  }, 20_000);
});

describe("what a market pushes", () => {
  /** Its news come when the test says so. */
  function pushing() {
    const market = new ScriptedMarket() as ScriptedMarket & Pick<MarketAdapter, "listen">;
    let tell: (news: MarketNews) => void = () => undefined;
    market.listen = (listener, signal) => {
      tell = listener;
      return delay(HOUR, signal);
    };
    return { market, push: (news: MarketNews) => tell(news) };
  }

  it("ends no wait that a failure or the market itself began", async () => {
    const { market, push } = pushing();
    market.script.acquire.push(() => {
      throw new AppError({
        ...{ code: "MARKET_ERROR", message: "Later", actor: "market", retryable: true },
        retryAfterMs: 1_500,
      });
    });
    const { control, eventually, session } = await aSession(market);
    await eventually(() => session.view().lastPollAnswer).toBe("error");
    const failedAt = performance.now();
    while (market.wishes.length < 2) {
      push("work");
      control.changed.ring();
      await delay(20);
    }
    expect(performance.now() - failedAt).toBeGreaterThan(1_400);
  });

  it("asks for the books when this worker's turn is, and once for several pushes", async () => {
    const { market, push } = pushing();
    const { ledger, session, eventually } = await aSession(market);
    const row = ledger.leases.insert(lease("unpaid"), 1) as number;
    for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
      ledger.leases.apply(row, event, 1);
    session.noteAccepted();
    await eventually(() => market.asked.length).toBe(1);
    const random = vi.spyOn(Math, "random").mockReturnValue(0.03);
    onTestFinished(() => random.mockRestore());
    const pushedAt = performance.now();
    for (let i = 0; i < 5; i++) push("money");
    await eventually(() => market.asked.length).toBe(2);
    expect(performance.now() - pushedAt).toBeGreaterThan(290);
  });
});

describe("the books", () => {
  it("are asked about the newest job however many old ones are never paid", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("new")]);
    const { board, compute, eventually, ledger } = await aSession(market);
    ledger.transaction(() => {
      for (let n = 0; n < 700; n++) {
        const row = ledger.leases.insert(lease(`never${n}`), n) as number;
        for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
          ledger.leases.apply(row, event, n);
      }
    });
    await eventually(() => board.count()).toBe(1);
    compute();
    await eventually(() => market.asked.flat()).toContain("job-new");
    await eventually(() => new Set(market.asked.flat()).size).toBe(701);
    for (const ids of market.asked) expect(ids.length).toBeLessThanOrEqual(500);
  });
});

describe("books that can't be read", () => {
  async function withAnUnpaidJob(market: ScriptedMarket) {
    const { ledger, ...rest } = await aSession(market);
    const row = ledger.leases.insert(lease("unpaid"), 1) as number;
    for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
      ledger.leases.apply(row, event, 1);
    const told = () => ledger.activity.list({ type: "market-error" }, { limit: 9 }).events.length;
    return { ledger, told, ...rest };
  }

  it.each([
    ["a key is wrong", broken("NOT_AUTHORIZED", "user", false)],
    ["the chain is away", broken("NETWORK_ERROR", "network")],
  ])("because %s keep nobody from working, are told once, and are read again", async (_, failure) => {
    const market = new ScriptedMarket();
    market.script.credits.push(failure, failure);
    market.script.acquire.push(async () => {
      await expect.poll(() => market.asked.length, { timeout: 8_000 }).toBe(2);
      return [lease("work")];
    });
    const { session, board, told, ledger, eventually } = await withAnUnpaidJob(market);
    session.noteAccepted();
    await eventually(() =>
      session
        .view()
        .limits?.map(({ of, text }) => `${of}: ${text}`)
        .join(),
    ).toContain("money: What was paid can't be read: It said");
    session.noteClaimed();
    await eventually(() => board.count()).toBe(1);
    expect(session.view()).toMatchObject({ state: "registered", error: null });
    const credit = { jobId: "job-unpaid", net: fee(8n), gross: null, settledAt: 5, reference: null };
    market.script.credits.push([credit]);
    session.noteClaimed();
    await eventually(() => ledger.leases.find("unpaid")?.job.state).toBe("settled");
    expect(session.view().limits).toEqual([]);
    expect(told()).toBe(1);
    expect(market.calls.filter((call) => call === "register")).toHaveLength(1);
  });

  it("end it all when it is our own ledger that can't be written", async () => {
    const market = new ScriptedMarket();
    market.script.credits.push(() => {
      throw new AppError({ code: "LEDGER_FAILED", message: "no room", actor: "machine" });
    });
    const ledger = await Ledger.open(tempFolder());
    onTestFinished(() => ledger.close());
    const row = ledger.leases.insert(lease("unpaid"), 1) as number;
    for (const event of ["admit", "run", "compute", "submit", "accept"] as const)
      ledger.leases.apply(row, event, 1);
    const board = new WorkBoard({ ledger, admit: () => ({ kind: "admit" }), now: Date.now });
    const control = new RunControl(
      { ledger, board, now: Date.now, killRuntimes: () => undefined },
      "running",
    );
    const parts = { adapter: market, board, control, ledger, quota: () => 1, profile: () => PROFILE };
    const session = new MarketSession({ ...parts, now: Date.now });
    await expect(session.run(new AbortController().signal)).rejects.toMatchObject({ code: "LEDGER_FAILED" });
  });
});

describe("delivering a result", () => {
  it("is tried under one key until the market answers, and says when an earlier try may have arrived", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("1")]);
    market.script.submit.push(broken("NETWORK_ERROR", "network"), broken("RATE_LIMITED", "market"));
    const { board, compute, eventually, ledger } = await aSession(market);
    await eventually(() => board.count()).toBe(1);
    compute();
    await eventually(() => ledger.leases.find("1")?.job.state).toBe("accepted");
    expect(market.submissions.map((each) => each.resend)).toEqual([false, true, true]);
    expect(new Set(market.submissions.map((each) => each.idempotencyKey)).size).toBe(1);
    expect(ledger.outbox.size()).toBe(0);
  });

  it.each([
    ["rejected", { kind: "rejected", code: "OTHER_DIGEST", message: "no" }],
    ["lost", { kind: "lost", message: "somebody else's" }],
    ["expired", { kind: "expired", message: "too late" }],
  ] as const)("ends as %s when the market says so, with the cause", async (state, outcome) => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("1")]);
    market.script.submit.push(outcome);
    const { board, compute, eventually, ledger } = await aSession(market);
    await eventually(() => board.count()).toBe(1);
    compute();
    await eventually(() => ledger.leases.find("1")?.job).toMatchObject({
      state,
      error: { message: outcome.message },
    });
    expect(market.submissions).toHaveLength(1);
  });

  it("never gives up on a computed result because a key was refused", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("1")]);
    market.script.submit.push(broken("NOT_AUTHORIZED", "user", false));
    const { board, compute, eventually, ledger } = await aSession(market);
    await eventually(() => board.count()).toBe(1);
    compute();
    await eventually(() => ledger.leases.find("1")?.job.state).toBe("accepted");
  });

  it("repeats a return that met a busy market, and drops one the market does not want", async () => {
    const market = new ScriptedMarket();
    market.script.acquire.push([lease("busy")]);
    const { board, control, eventually, ledger } = await aSession(market);
    await eventually(() => board.count()).toBe(1);
    market.script.giveBack.push(broken("RATE_LIMITED", "market"));
    control.pause();
    await eventually(() => market.returned.map((each) => each.leaseId)).toEqual(["busy"]);

    market.script.acquire.push([lease("unwanted")]);
    market.script.giveBack.push(broken("LEASE_LOST", "market", false));
    control.start();
    await eventually(() => board.count()).toBe(1);
    control.pause();
    await eventually(() => ledger.outbox.size()).toBe(0);
    expect(market.returned.map((each) => each.leaseId)).toEqual(["busy"]);
  });
});

describe("models that come and go", () => {
  it("are told with a new registration and every heartbeat; without any, no work is asked for", async () => {
    const models: string[] = [];
    const { market, control, eventually } = await aSession(new ScriptedMarket(), 2, models);
    await eventually(() => market.loads.length).toBeGreaterThan(1);
    expect(market.calls.filter((call) => call === "register")).toHaveLength(1);
    expect(market.calls).not.toContain("acquire");

    models.push("text-embed-001");
    control.changed.ring();
    await eventually(() => market.calls).toContain("acquire");
    await eventually(() => market.loads.at(-1)?.profile.models).toEqual(["text-embed-001"]);
    expect(market.calls.filter((call) => call === "register")).toHaveLength(2);
  });
});

/**
 * Ten thousand and more mutated answers (types, nulls, huge, deep, invalid UTF-8, wrong content type, truncated) to
 * every call: the adapter answers with a proper value or an AppError that says in words what was wrong; it never
 * crashes, never hangs, and never believes in money that is not there.
 */
import { expect, test } from "vitest";
import { Ledger } from "../../../../../src/engine/ledger/ledger.ts";
import { createAitbcAdapter } from "../../../../../src/engine/market/aitbc/adapter.ts";
import { createChainBooks } from "../../../../../src/engine/market/aitbc/chain.ts";
import type { MarketAdapter } from "../../../../../src/engine/market/port.ts";
import { MarketSession } from "../../../../../src/engine/market/session.ts";
import { WorkBoard } from "../../../../../src/engine/work/board.ts";
import { RunControl } from "../../../../../src/engine/work/run-control.ts";
import { AppError, isAbort } from "../../../../../src/shared/errors.ts";
import { parseDecimal } from "../../../../../src/shared/money.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";
import { type Exchange, transcript } from "./transcript.ts";

const ANSWERS = 12_000;
/** Rounds side by side: what waits between tries waits together. */
const ABREAST = 128;
const WALLET = `0x${"ab".repeat(20)}`;
const GROSS = "1.50000000";
const NET_SECONDS = 5265;
const PROFILE = { name: "box", region: null, concurrency: 2, models: ["m"], devices: [] };

const COORDINATOR_ONLY = {
  coordinatorUrl: "http://coordinator.test",
  coordinatorKey: "secret-key-of-the-coordinator",
  gpuUrl: null,
  gpuKey: null,
  rpcUrl: null,
  minerId: "m1",
  nodeId: null,
  region: null,
  wallet: WALLET,
  receiptKeyId: null,
};

/** Honest answers of the chain, which no transcript has. */
const CHAIN: readonly Pick<Exchange, "method" | "path" | "status" | "text">[] = [
  ["/rpc/escrow/job1", { job_id: "job1", state: "funded", provider: WALLET, amount: GROSS }],
  [
    "/rpc/transactions",
    [
      {
        tx_hash: "0x1",
        recipient: WALLET,
        type: "ESCROW_RELEASE",
        status: "confirmed",
        value: NET_SECONDS,
        created_at: "2026-11-21T20:00:00",
        payload: { job_id: "job1", amount: GROSS },
      },
    ],
  ],
  ["/rpc/account/x", { address: WALLET, balance: 7, nonce: 1, chain_id: "ait-hub" }],
  ["/rpc/head", { chain_id: "ait-hub" }],
  ["/rpc/staking/x", { total_staked: 7, active_stakes: [{ stake_id: "s", amount: 7, locked_until: null }] }],
  ["/rpc/bond/provider/x", { bonds: [{ bond_id: "b", amount: 7 }] }],
].map(([path, body]) => ({ method: "GET", path: String(path), status: 200, text: JSON.stringify(body) }));

const RECORDED = [
  ...transcript("coordinator-miner"),
  ...transcript("gpu-service-today"),
  ...transcript("gpu-service-guide-era"),
];

test("more than 10,000 mutated answers", async () => {
  const random = seeded(7);
  let answers = 0;
  const kinds = new Map<string, number>();
  const said = new Set<string>();
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    answers += 1;
    const path = new URL(url).pathname;
    const honest = pick(random, honestAnswers(String(init.method), path));
    const { name, response } = mutate(random, honest ?? { status: 404, text: '{"detail":"Not Found"}' });
    kinds.set(name, (kinds.get(name) ?? 0) + 1);
    return response;
  };
  const round = async (n: number): Promise<void> => {
    const adapter = createAitbcAdapter(
      {
        coordinatorUrl: n % 5 === 0 ? null : "http://coordinator.test",
        coordinatorKey: "secret-key-of-the-coordinator",
        gpuUrl: "http://gpu.test",
        gpuKey: "secret-key-of-the-gpu-service",
        rpcUrl: "http://chain.test",
        minerId: "m1",
        nodeId: null,
        region: null,
        wallet: WALLET,
        receiptKeyId: null,
      },
      { fetch },
    );
    for (const call of callsOf(adapter, fetch)) {
      try {
        await call(AbortSignal.timeout(20_000));
      } catch (thrown) {
        if (isAbort(thrown)) throw new Error("A call hung", { cause: thrown });
        if (!(thrown instanceof AppError)) throw thrown;
        expect(thrown.actor).not.toBe("bug");
        expect(thrown.message.length).toBeLessThan(600);
        expect(thrown.message).not.toMatch(/secret-key/);
        said.add(thrown.code);
      }
    }
  };
  for (let n = 0; answers < ANSWERS; n += ABREAST)
    await Promise.all(Array.from({ length: ABREAST }, (_, i) => round(n + i)));
  expect(answers).toBeGreaterThan(10_000);
  expect([...kinds.keys()].sort()).toEqual(Object.keys(MUTATIONS).sort());
  expect(said).toContain("UNREADABLE_ANSWER");
}, 180_000);

/** Calls that a session lives by, in the order it makes them. */
const LIFE = [
  ["GET", "/health", (adapter: MarketAdapter, signal: AbortSignal) => adapter.probe(signal)],
  [
    "POST",
    "/v1/miners/register",
    (adapter: MarketAdapter, signal: AbortSignal) => adapter.register(PROFILE, signal),
  ],
  ["POST", "/v1/miners/m1/jobs", (adapter: MarketAdapter, signal: AbortSignal) => adapter.openLeases(signal)],
  [
    "POST",
    "/v1/miners/heartbeat",
    (adapter: MarketAdapter, signal: AbortSignal) =>
      adapter.heartbeat({ inflight: 0, capacity: 1, profile: PROFILE }, signal),
  ],
  [
    "POST",
    "/v1/miners/poll",
    (adapter: MarketAdapter, signal: AbortSignal) =>
      adapter.acquire({ max: 1, waitMs: 0, models: ["m"] }, signal),
  ],
] as const;

test("a broken answer's cause stands in the event log, in the words and with the code it was thrown with", async () => {
  const checks = LIFE.flatMap(([method, path, call], nth) =>
    Object.entries(MUTATIONS).map(async ([name, mutation], kind) => {
      const fetch = async (url: string, init: RequestInit): Promise<Response> => {
        const asked = new URL(url).pathname;
        const answers = honestAnswers(String(init.method), asked);
        const honest = answers.find(({ status }) => status === 200) ?? answers[0];
        const given = honest ?? { status: 404, text: '{"detail":"Not Found"}' };
        const broken = init.method === method && asked === path;
        return broken ? mutation(seeded(100 * nth + kind), given) : answer(given.status, given.text);
      };
      const adapter = createAitbcAdapter(COORDINATOR_ONLY, { fetch });
      const thrown = await call(adapter, AbortSignal.timeout(20_000)).then(
        () => null,
        (error: unknown) => error,
      );
      // A forgotten miner registers again, and what can be read is no fault.
      if (!(thrown instanceof AppError) || thrown.code === "NOT_REGISTERED") return null;
      const what = `${name} ${path}: ${thrown.code}`;
      const logged = await firstError(createAitbcAdapter(COORDINATOR_ONLY, { fetch }), what);
      expect([name, path, logged]).toEqual([name, path, { code: thrown.code, message: thrown.message }]);
      return thrown.code;
    }),
  );
  const codes = (await Promise.all(checks)).filter((code) => code !== null);
  // Most of the ways to break an answer break every call.
  expect(codes.length).toBeGreaterThan((LIFE.length * Object.keys(MUTATIONS).length) / 2);
  expect(codes).toContain("UNREADABLE_ANSWER");
}, 60_000);

/** What the event log says of a market error once a session has met it. */
async function firstError(adapter: MarketAdapter, what: string): Promise<{ code: string; message: string }> {
  const ledger = await Ledger.open(tempFolder());
  const admit = () => ({ kind: "admit" as const });
  const board = new WorkBoard({ ledger, admit, now: Date.now });
  const control = new RunControl({ ledger, board, now: Date.now, killRuntimes: () => undefined }, "running");
  const deps = { adapter, board, control, ledger, profile: () => PROFILE, now: Date.now };
  // Room beyond the jobs that the honest list says are under way.
  const session = new MarketSession({ ...deps, quota: () => 50 });
  const stop = new AbortController();
  const running = session.run(stop.signal);
  try {
    const errors = () => ledger.activity.list({ type: "market-error" }, { limit: 1 }).events;
    await expect.poll(() => errors().length, { timeout: 30_000, message: what }).toBeGreaterThan(0);
    const [event] = errors();
    expect(event?.market).toBe("aitbc");
    const { code, message } = JSON.parse(event?.detail ?? "{}") as { code: string; message: string };
    expect(event?.text).toBe(message);
    return { code, message };
  } finally {
    stop.abort(new DOMException("The test is over", "AbortError"));
    await running;
    ledger.close();
  }
}

/** Each call, with what must hold of its answer when there is one. */
function callsOf(adapter: MarketAdapter, fetch: (url: string, init: RequestInit) => Promise<Response>) {
  const boards = adapter.offers?.boards ?? [];
  const chain = createChainBooks({ rpcUrl: "http://chain.test", fetch });
  const lease = { leaseId: "job1", jobId: "job1" };
  const calls: ((signal: AbortSignal) => Promise<unknown>)[] = [
    (signal) => adapter.probe(signal),
    (signal) => adapter.register(PROFILE, signal),
    (signal) => adapter.heartbeat({ inflight: 0, capacity: 1, profile: PROFILE }, signal),
    async (signal) => {
      for (const found of await adapter.acquire({ max: 1, waitMs: 0, models: ["m"] }, signal)) {
        expect(found.fee === null || (found.fee.minor >= 0n && found.fee.minor < 2n ** 63n)).toBe(true);
        if (found.payment === "funded") expect(found.fee === null || found.fee.minor > 0n).toBe(true);
        expect(found.expiresAt === null || Number.isFinite(found.expiresAt)).toBe(true);
      }
    },
    async (signal) => {
      for (const credit of await adapter.credits(["job1", "job2"], signal)) {
        // Only jobs that were asked for, only amounts that stand in the answer.
        expect(["job1", "job2"]).toContain(credit.jobId);
        expect(credit.net.minor >= 0n && credit.net.minor < 2n ** 63n).toBe(true);
      }
    },
    (signal) => adapter.openLeases(signal),
    (signal) => adapter.fail(lease, { code: "X", message: "y", retryable: false }, signal),
    ...boards.flatMap((board) => [
      async (signal: AbortSignal) => {
        for (const listing of await board.listings(signal)) {
          expect(listing.price === null || listing.price.minor >= 0n).toBe(true);
        }
      },
      (signal: AbortSignal) => board.bookings(signal),
      async (signal: AbortSignal) => {
        for (const { price } of await board.prices(signal)) {
          expect(price.minor > 0n && price.minor < 2n ** 63n).toBe(true);
        }
      },
      (signal: AbortSignal) => board.keepAlive(signal),
      (signal: AbortSignal) =>
        board.publish(
          {
            offerId: board.idFor("GPU-1", 0),
            model: "RTX 4090",
            memoryMb: 24_564,
            region: null,
            price: parseDecimal("AIT", 20),
            otherIds: [],
          },
          signal,
        ),
    ]),
    (signal) => chain.account("x", signal),
    (signal) => chain.stakes(WALLET, signal),
    (signal) => chain.bonds(WALLET, signal),
  ];
  return calls;
}

interface Plain {
  readonly status: number;
  readonly text: string;
}

/** What was recorded for this call, whatever ids its path had. */
function honestAnswers(method: string, path: string): readonly Plain[] {
  return HONEST.get(`${method} ${shapeOf(path)}`) ?? [];
}

const WORDS =
  /^(v1|v2|rpc|miners|gpu|marketplace|transactions|register|heartbeat|poll|result|fail|jobs|earnings|capabilities|gpus|list|orders|health|live|ready|status|escrow|account|head|staking|bond|provider|queue|discover)$/;
const shapeOf = (path: string) =>
  path
    .split("/")
    .map((segment) => (segment === "" || WORDS.test(segment) ? segment : "*"))
    .join("/");

const HONEST = Map.groupBy(
  [...RECORDED, ...CHAIN],
  ({ method, path }) => `${method} ${shapeOf(path.split("?")[0] ?? "")}`,
);

type Mutation = (random: () => number, honest: Plain) => Response;

const MUTATIONS: Record<string, Mutation> = {
  honest: (_random, { status, text }) => answer(status, text),
  truncated: (random, { status, text }) => answer(status, text.slice(0, Math.floor(random() * text.length))),
  "other type": (random, { status, text }) =>
    answer(
      status,
      changed(random, text, (value) => otherType(random, value)),
    ),
  nulls: (random, { status, text }) =>
    answer(
      status,
      changed(random, text, () => null),
    ),
  huge: (random, { status, text }) =>
    answer(
      status,
      changed(random, text, (value) =>
        typeof value === "number" ? pick(random, [1e308, -1e308, 2 ** 60, -1]) : "9".repeat(50_000),
      ),
    ),
  deep: (_random, { status }) => answer(status, `${"[".repeat(5_000)}${"]".repeat(5_000)}`),
  "invalid utf-8": (random, { status, text }) => {
    const bytes = Buffer.from(text);
    for (let i = 0; i < 5 && bytes.length > 0; i += 1) bytes[Math.floor(random() * bytes.length)] = 0xff;
    return answer(status, bytes);
  },
  "another content type": (_random, { status }) =>
    answer(status, "<html><body>502 Bad Gateway</body></html>", "text/html"),
  "another status": (random, { text }) =>
    answer(
      pick(random, [200, 201, 202, 302, 400, 401, 403, 404, 409, 418, 422, 429, 500, 501, 502, 503]) ?? 200,
      text,
    ),
  "guide error": (random) =>
    answer(200, JSON.stringify([{ error: "no" }, pick(random, [400, 404, 500, 99_999, "x"])])),
};

function mutate(random: () => number, honest: Plain): { name: string; response: Response } {
  const name = pick(random, Object.keys(MUTATIONS)) ?? "honest";
  return { name, response: (MUTATIONS[name] as Mutation)(random, honest) };
}

function answer(
  status: number,
  body: string | Uint8Array<ArrayBuffer> | Buffer,
  type = "application/json",
): Response {
  const bare = status === 204 || status === 304;
  return new Response(bare ? null : (body as BodyInit), { status, headers: { "content-type": type } });
}

/** The JSON with one value in it replaced, anywhere in its depth. */
function changed(random: () => number, text: string, change: (value: unknown) => unknown): string {
  if (text === "") return text;
  const root: unknown = JSON.parse(text);
  const holder = { root };
  let at: Record<string, unknown> = holder;
  for (let key = "root"; ; ) {
    const value = at[key];
    const keys = typeof value === "object" && value !== null ? Object.keys(value) : [];
    const next = random() < 0.25 ? undefined : pick(random, keys);
    if (next === undefined) {
      at[key] = change(value);
      return JSON.stringify(holder.root) ?? "null";
    }
    at = value as Record<string, unknown>;
    key = next;
  }
}

function otherType(random: () => number, value: unknown): unknown {
  const all = [true, 0, -1, 0.5, "", "NaN", "0E-8", "1e400", "-5", [], {}, [[]], "2026-13-45T99:99:99"];
  return (
    pick(
      random,
      all.filter((other) => typeof other !== typeof value),
    ) ?? null
  );
}

function pick<T>(random: () => number, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)];
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sameAddress } from "../../../../../src/engine/market/aitbc/address.ts";
import { meantStatus } from "../../../../../src/engine/market/aitbc/answer.ts";
import { OrderSchema } from "../../../../../src/engine/market/aitbc/registry.ts";
import {
  AssignedJobSchema,
  EarningsRowSchema,
  EarningsSchema,
  HealthSchema,
  JobPageSchema,
  JobViewSchema,
  ResultAnswerSchema,
  readAit,
  readComputeSeconds,
  readRows,
  readUnixSeconds,
  readUtc,
} from "../../../../../src/engine/market/aitbc/wire.ts";
import { money } from "../../../../../src/shared/money.ts";
import { recorded, recordedWith, transcript } from "./transcript.ts";

const AIT = 900_000_000n;

describe("recorded answers of the coordinator", () => {
  test("the transcript is there", () => {
    expect(transcript().length).toBeGreaterThan(60);
  });

  test("health names no service, and is thereby the coordinator's", () => {
    const [health] = recorded("GET", "/health");
    expect(HealthSchema.parse(health?.body)).toEqual({ status: "ok", env: "development" });
  });

  test("a registration", () => {
    expect(ResultAnswerSchema.parse(recordedWith("POST", "/v1/miners/register", 200).body).status).toBe("ok");
  });

  test("every polled job", () => {
    const jobs = recorded("POST", "/v1/miners/poll").filter(({ status }) => status === 200);
    expect(jobs.map(({ body }) => AssignedJobSchema.parse(body).payload)).toEqual([
      { type: "inference", model: "llama3.2:3b", prompt: "hi" },
      { type: "inference", model: "x", prompt: "second" },
    ]);
    expect(AssignedJobSchema.parse(jobs[0]?.body).constraints).toMatchObject({
      models: ["llama3.2:3b"],
      confidential: false,
    });
  });

  test("the list of a miner's jobs", () => {
    const page = JobPageSchema.parse(recordedWith("POST", "/v1/miners/m1/jobs", 200).body);
    expect(readRows(JobViewSchema, page.jobs)).toMatchObject([
      {
        job_id: "1ecf3cf0ced34925aafa47cebda56137",
        state: "RUNNING",
        assigned_miner_id: "m1",
        expires_at: "2026-11-21T20:05:37.984876",
        payment_status: null,
      },
    ]);
  });

  test("earnings, with unpaid history", () => {
    const earnings = EarningsSchema.parse(recordedWith("POST", "/v1/miners/m1/earnings", 200).body);
    expect(readRows(EarningsRowSchema, earnings.earnings_history)).toEqual([
      { job_id: "1ecf3cf0ced34925aafa47cebda56137", amount: "0", payment_status: "unknown" },
    ]);
  });

  test("one unreadable row does not hide the others", () => {
    const rows = [{ job_id: "" }, 7, null, { job_id: "a", state: "RUNNING" }];
    expect(readRows(JobViewSchema, rows).map((row) => row.job_id)).toEqual(["a"]);
  });
});

describe("errors in the older dialect", () => {
  test("a pair with 200 means its code", () => {
    expect(meantStatus(200, [{ error: "GPU not found" }, 404])).toBe(404);
    expect(meantStatus(200, [{ id: 1 }, { id: 2 }])).toBe(200);
    expect(meantStatus(200, [{ error: "x" }, 200])).toBe(200);
    expect(meantStatus(503, [{ error: "x" }, 404])).toBe(503);
  });
});

describe("times", () => {
  test.each([
    ["2026-11-21T20:05:37.984876", "2026-11-21T20:05:37.984Z"],
    ["2026-11-21T20:05:37", "2026-11-21T20:05:37Z"],
    ["2026-11-21 20:05:37.5", "2026-11-21T20:05:37.500Z"],
    ["2026-11-21T19:55:39.106909+00:00Z", "2026-11-21T19:55:39.106Z"],
    ["2026-11-21T19:55:38.833807Z", "2026-11-21T19:55:38.833Z"],
    ["2026-11-21T21:55:38+02:00", "2026-11-21T19:55:38Z"],
  ])("%s is UTC", (text, meant) => {
    expect(readUtc(text)).toBe(Date.parse(meant));
  });

  test("anything else is unknown, whatever it is", () => {
    expect(readUtc(null)).toBeNull();
    expect(readUtc("2026-13-40T99:99:99")).toBeNull();
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = readUtc(text);
        expect(ms === null || Number.isFinite(ms)).toBe(true);
      }),
    );
  });
});

describe("amounts", () => {
  test.each([
    ["35.00000000", 35n * AIT],
    ["0E-8", 0n],
    [0.02, AIT / 50n],
    ["1e-8", 9n],
  ])("%s AIT is exact", (amount, minor) => {
    expect(readAit(amount)).toEqual(money("AIT", minor));
  });

  test("what is not exactly payable is unknown", () => {
    expect(readAit("11.60350474474131966715385089")).toBeNull();
    expect(readAit("NaN")).toBeNull();
  });

  test("3510 compute-seconds are 0.975 AIT, and only whole ones exist", () => {
    expect(readComputeSeconds(3510)).toEqual(readAit("0.975"));
    expect(readComputeSeconds("3510")).toEqual(readAit("0.975"));
    expect(readComputeSeconds(0.5)).toBeNull();
    expect(readComputeSeconds("-1")).toBeNull();
    // More than the ledger could hold is no amount.
    expect(readComputeSeconds("9".repeat(30))).toBeNull();
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 10n * 3600n }), (seconds) => {
        expect(readComputeSeconds(seconds.toString())?.minor).toBe(seconds * 250_000n);
      }),
    );
  });

  test("three spellings of one address are the same", () => {
    const hex = "00112233445566778899aabbccddeeff00112233";
    expect(sameAddress(`0x${hex.toUpperCase()}`, `ait1${hex}`)).toBe(true);
    expect(sameAddress(`aitbc1${hex}`, hex)).toBe(true);
    expect(sameAddress(`ait1${hex}`, `ait1${hex.replace("0", "1")}`)).toBe(false);
    expect(sameAddress("ait1provider", "ait1Provider")).toBe(true);
  });
});

test("random JSON is refused or read, never worse", () => {
  const schemas = [
    AssignedJobSchema,
    JobViewSchema,
    JobPageSchema,
    EarningsSchema,
    ResultAnswerSchema,
    HealthSchema,
  ];
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const schema of schemas) expect(typeof schema.safeParse(value).success).toBe("boolean");
    }),
  );
});

test("times and lengths beyond any are none: the ledger counts in whole milliseconds", () => {
  const order = { order_id: "o", gpu_id: "g", status: "active", created_at: null };
  const hoursOf = (duration_hours: unknown) => OrderSchema.parse({ ...order, duration_hours }).duration_hours;
  expect([24, 8760, 8761, 1e300, -1, "24"].map(hoursOf)).toEqual([24, 8760, null, null, null, null]);
  expect([1_795_290_937, 0.5, 0, -1, 1e300].map(readUnixSeconds)).toEqual([
    ...[1_795_290_937_000, 500, null, null, null],
  ]);
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { describeActivity } from "../../../../src/engine/ledger/activity-words.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { ACTIVITY_TYPES, type ActivityType } from "../../../../src/shared/contract/activity.ts";
import { hear } from "../../../../src/shared/words/hear.ts";
import { say } from "../../../../src/shared/words/said.ts";
import { PSEUDO, setLanguage } from "../../../../src/shared/words/words.ts";

const anError = { code: "MARKET_ERROR", message: "The market answered 500", actor: "market" };
/** As the parts of the engine write them. */
const DETAILS: Readonly<Record<(typeof ACTIVITY_TYPES)[number], unknown>> = {
  "engine-started": { version: "1.2.0", mode: "demo", recovered: { requeued: 2, resent: 1 }, devices: {} },
  "engine-stopped": {},
  "ledger-restored": anError,
  "snapshot-failed": anError,
  "intent-changed": { from: "running", to: "paused" },
  registered: { providerId: "prov_7d1c" },
  "offer-changed": {
    board: "inventory",
    from: "listed",
    to: "planned",
    drift: { text: "The market no longer lists it", said: { key: "notListed", values: {} } },
  },
  "offer-repriced": { text: "RTX at inventory: 1 → 2 AIT an hour", said: { key: "notListed", values: {} } },
  "receipt-unverified": { jobId: "job-1", message: "5" },
  "stake-changed": {
    kind: "bond",
    what: "appeared",
    reference: "0x1",
    amount: { currency: "AIT", minor: "1" },
  },
  "lease-adopted": { count: 3 },
  "lease-declined": anError,
  "runtime-failed": { device: "cpu", ...anError },
  "devices-changed": { devices: [] },
  "device-paused": { name: "RTX", text: "paused while on battery", said: { key: "onBattery", values: {} } },
  "device-resumed": { name: "RTX" },
  "self-tested": {
    ok: true,
    summary: "Right answer on CUDA, 9 texts/s",
    said: { key: "testRight", values: { backend: "CUDA", pace: "9" } },
  },
  "market-error": anError,
  "market-recovered": { ...anError, call: "poll", lastedMs: 3_600_000 },
  "written-off": { jobs: 3, expected: { currency: "ANM", minor: "1000000" }, before: 1_790_000_000_000 },
  "write-off-taken-back": { jobs: 3 },
  "standing-changed": { from: "new", to: "jailed", reasons: [] },
  "guard-acted": {
    began: [
      {
        kind: "finish-only",
        since: 1,
        measure: "jail",
        model: null,
        device: null,
        text: "No more work is taken: the next penalty would jail this provider.",
      },
    ],
    ended: [],
  },
  "key-used": { deed: "exported" },
  "settings-changed": { changed: ["energy.price", "app.theme"] },
  noticed: {
    notice: "model-failed",
    severity: "warn",
    title: say("noticeModelFailed", { model: "all-MiniLM-L6-v2" }),
    text: say("noticeModelFailedText"),
  },
};

describe("what is written down", () => {
  afterEach(() => setLanguage("en"));

  test.each(ACTIVITY_TYPES)("%s is a sentence in every language", (type) => {
    const said = describeActivity(type, JSON.stringify(DETAILS[type]));
    expect(said?.text).toMatch(/\S/);
    expect(said?.text, "no name of a field, no JSON").not.toMatch(
      /[{}]|(?:^|, )(?:board|device|deed|from|to|changed|count): /,
    );
    if (type === "receipt-unverified") return; // The market's own words.
    setLanguage(PSEUDO);
    expect(hear(said?.text ?? "", said?.said)).toContain("⟦");
  });

  test("names what was done to the key and by the guard", () => {
    expect(describeActivity("key-used", '{"deed":"exported"}')?.text).toBe("A backup was saved");
    expect(describeActivity("guard-acted", JSON.stringify(DETAILS["guard-acted"]))?.text).toBe(
      "Began: no more work taken, because of recent penalties",
    );
    const settings = describeActivity("settings-changed", JSON.stringify(DETAILS["settings-changed"]));
    expect(settings?.text).toBe("Changed: price of a kilowatt-hour, look");
    setLanguage("de");
    expect(hear(settings?.text ?? "", settings?.said)).toBe("Geändert: Preis einer Kilowattstunde, Aussehen");
    expect(describeActivity("settings-changed", '{"changed":["of.another_version"]}')?.text).toBe(
      "Changed: of.another_version",
    );
    expect(describeActivity("engine-started", JSON.stringify(DETAILS["engine-started"]))?.text).toBe(
      "Version 1.2.0, demo with play money; 3 jobs of the last run were picked up",
    );
  });

  test("by another version is shown by its fields, and what is no JSON by its name alone", () => {
    expect(describeActivity("something-newer", '{"board":"inventory","pid":4}')).toEqual({
      text: "board: inventory",
    });
    expect(describeActivity("key-used", '{"deed":"polished"}')?.text).toBe("deed: polished");
    expect(describeActivity("market-error", "not JSON")).toBeNull();
  });
});

describe("the log between two moments", () => {
  let folder: string;
  let ledger: Ledger;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "bellows-activity-"));
    ledger = await Ledger.open(folder);
    for (let at = 1; at <= 50; at++)
      ledger.audit(at % 10 === 0 ? "market-error" : "lease-adopted", at * 100, { count: at });
  });
  afterEach(() => {
    ledger.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const times = (filter: Parameters<typeof ledger.activity.list>[0], limit = 100) =>
    ledger.activity.list(filter, { limit }).events.map(({ at }) => at);

  test("has what was written from then on, and before then", () => {
    expect(times({ since: 4_800 })).toEqual([5_000, 4_900, 4_800]);
    expect(times({ until: 300 })).toEqual([200, 100]);
    expect(times({ since: 2_000, until: 2_300 })).toEqual([2_200, 2_100, 2_000]);
    expect(times({ since: 5_001 })).toEqual([]);
    expect(times({ since: 2_500, type: "market-error" })).toEqual([5_000, 4_000, 3_000]);
  });

  test("is read page by page and ends where the time does", () => {
    const first = ledger.activity.list({ since: 4_700 }, { limit: 3 });
    expect(first.events.map(({ at }) => at)).toEqual([5_000, 4_900, 4_800]);
    const rest = ledger.activity.list({ since: 4_700 }, { limit: 3, before: first.next ?? 0 });
    expect([rest.events.map(({ at }) => at), rest.next]).toEqual([[4_700], null]);
  });
});

describe("what the log forgets", () => {
  async function aLog() {
    const folder = mkdtempSync(path.join(tmpdir(), "bellows-activity-"));
    const log = await Ledger.open(folder);
    onTestFinished(() => {
      log.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const left = () => log.activity.list({}, { limit: 1000 }).events.map(({ id, type }) => `${type} ${id}`);
    return { log, left };
  }
  const FOR_EVER = Number.NEGATIVE_INFINITY;

  test("is old chatter; what was said of keys, stakes, standing and settings stays", async () => {
    const { log, left } = await aLog();
    const stays = [
      "key-used",
      "stake-changed",
      "standing-changed",
      "guard-acted",
      "settings-changed",
    ] as const;
    for (const [at, type] of [...stays, "market-error", "runtime-failed", "noticed"].entries())
      log.audit(type as ActivityType, at, {});
    log.audit("market-error", 1_000, {});
    expect(log.activity.prune(500, 1_000, 100)).toBe(3);
    expect(left()).toEqual(["market-error 9", ...stays.map((type, i) => `${type} ${i + 1}`).toReversed()]);
  });

  test("is chatter with too much written since, a part at a time", async () => {
    const { log, left } = await aLog();
    for (let n = 0; n < 60; n++) log.audit(n % 10 === 0 ? "key-used" : "market-error", n, {});
    for (let n = 0; n < 9; n++) log.activity.prune(FOR_EVER, 20, 5);
    const rows = left();
    expect(rows.filter((row) => row.startsWith("key-used"))).toHaveLength(6);
    expect(rows.filter((row) => row.startsWith("market-error"))).toHaveLength(18);
    expect(rows[0]).toBe("market-error 60");
  });

  test("is never the newest row, whose number would be given again", async () => {
    const { log, left } = await aLog();
    for (let at = 0; at < 3; at++) log.audit("market-error", at, {});
    log.activity.prune(Number.MAX_SAFE_INTEGER, 1, 100);
    expect(left()).toEqual(["market-error 3"]);
  });
});

/** What markets hold of ours: told when it appears, changes and ends, and kept after that. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LEDGER_FILE } from "../../../../src/engine/ledger/database.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { StakePart } from "../../../../src/engine/ledger/stakes.ts";
import { HOUR, MINUTE } from "../../../../src/shared/durations.ts";
import { parseDecimal, toMoneyValue } from "../../../../src/shared/money.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const part = (reference: string, ait: string, more: Partial<StakePart> = {}): StakePart => ({
  kind: "stake",
  reference,
  amount: toMoneyValue(parseDecimal("AIT", ait)),
  lockedUntil: null,
  status: "active",
  ...more,
});

test("a stake's life, beside a bond of the same name and another market's", async () => {
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  const { stakes } = ledger;
  const bond = part("s1", "5", { kind: "bond" });
  expect(stakes.put("aitbc", [part("s1", "100"), bond], 10)).toMatchObject([
    { what: "appeared", kind: "stake", reference: "s1" },
    { what: "appeared", kind: "bond", reference: "s1" },
  ]);
  expect(stakes.put("aitbc", [part("s1", "100"), bond], 20)).toEqual([]);
  expect(stakes.put("aicf", [], 20)).toEqual([]);
  expect(stakes.put("aitbc", [part("s1", "90000000"), bond], 30)).toMatchObject([{ what: "changed" }]);
  expect(stakes.put("aitbc", [bond], 40)).toMatchObject([{ what: "ended", kind: "stake" }]);
  expect(stakes.put("aitbc", [bond], 50)).toEqual([]);
  expect(stakes.of("aitbc")).toMatchObject([
    { kind: "bond", firstSeen: 10, lastSeen: 10, endedAt: null },
    { kind: "stake", amount: parseDecimal("AIT", "90000000"), firstSeen: 10, lastSeen: 30, endedAt: 40 },
  ]);
  expect(stakes.put("aitbc", [part("s1", "1"), bond], 60)).toMatchObject([{ what: "appeared" }]);
  expect(stakes.of("aitbc").map(({ endedAt }) => endedAt)).toEqual([null, null]);
  expect(stakes.put("aitbc", [part("s1", "1"), bond], HOUR + 10)).toEqual([]);
  expect(stakes.of("aitbc").map(({ lastSeen }) => lastSeen)).toEqual([HOUR + 10, 60]);
});

test("what a market says again and again is not written again and again", async () => {
  const folder = tempFolder();
  const ledger = await Ledger.open(folder);
  onTestFinished(() => ledger.close());
  const parts = [part("s1", "100"), part("s1", "5", { kind: "bond" })];
  ledger.stakes.put("aitbc", parts, 10);
  const log = () => statSync(join(folder, `${LEDGER_FILE}-wal`)).size;
  const before = log();
  for (let minute = 1; minute < 60; minute++) ledger.stakes.put("aitbc", parts, minute * MINUTE);
  expect(log()).toBe(before);
  ledger.stakes.put("aitbc", [part("s1", "100", { lockedUntil: 5 })], HOUR / 2);
  expect(ledger.stakes.of("aitbc").find(({ kind }) => kind === "stake")?.lockedUntil).toBe(5);
});

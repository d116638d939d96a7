/** How long the oldest thing a market has not heard of has waited: by its making, not by its next try. */
import { expect, it } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

it("is told from the moment a job ended, however often it was tried since", async () => {
  let now = 1_000;
  const ledger = await Ledger.open(tempFolder());
  const admit = () => ({ kind: "admit" }) as const;
  const board = new WorkBoard({ ledger, admit, netValue: () => 1, now: () => now });
  expect(ledger.outbox.oldestAt()).toBe(null);
  board.grant([aLease({ leaseId: "first" }), aLease({ leaseId: "second" })]);
  now = 2_000;
  board.giveBack("The test is over", { running: false });
  const [first, second] = ledger.outbox.due("aicf", now, 9);
  if (first === undefined || second === undefined) throw new Error("Nothing is to be told");
  expect(ledger.outbox.oldestAt()).toBe(2_000);
  now = 9_000;
  ledger.outbox.markSending(first.row, now);
  ledger.outbox.retryAt(first.row, 60_000);
  expect(ledger.outbox.oldestAt()).toBe(2_000);
  ledger.outbox.remove(first.row);
  expect(ledger.outbox.oldestAt()).toBe(2_000);
  ledger.outbox.remove(second.row);
  expect(ledger.outbox.oldestAt()).toBe(null);
  ledger.close();
});

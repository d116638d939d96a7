/** What a person is told before they say that a data folder was copied: all that this gives up, and nothing else. */
import { expect, it } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { leaveToOther } from "../../../../src/engine/ledger/other-machine.ts";
import { letGoByCopy } from "../../../../src/engine/state/views.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { batchTaker } from "../../../support/batch-taker.ts";
import { aLease, aResult } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

it("counts results no market has and jobs without one, until a copy has let them go", async () => {
  const ledger = await Ledger.open(tempFolder());
  const board = new WorkBoard({
    ledger,
    admit: () => ({ kind: "admit" }),
    now: () => 10_000,
  });
  board.grant([aLease(), aLease(), aLease(), aLease(), aLease()]);
  const [sent, computed, accepted, _running] = board.takeBatch(batchTaker(4));
  for (const lease of [sent, computed, accepted]) {
    if (lease === undefined) throw new Error("no work was taken");
    board.completeBatch([{ lease, output: new Uint8Array([1]), result: aResult() }]);
  }
  if (sent && accepted) {
    board.markSubmitting(sent.row);
    board.markSubmitting(accepted.row);
    board.settleSubmission(accepted.row, { kind: "accepted", marketReceipt: null });
  }
  expect(letGoByCopy(ledger)).toEqual({ results: 2, jobs: 2 });
  leaveToOther(ledger, "worker-of-the-copy", 12_000);
  expect(letGoByCopy(ledger)).toEqual({ results: 0, jobs: 0 });
  ledger.close();
});

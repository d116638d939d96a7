/** What a running engine's log tells of the jobs. */
import { expect, it, onTestFinished } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { keepLog } from "../../../../src/engine/log/engine-log.ts";
import { Log } from "../../../../src/engine/log/log.ts";
import { Redactor } from "../../../../src/engine/log/redact.ts";
import type { BoardChange, WorkBoard } from "../../../../src/engine/work/board.ts";
import { aLease, fee } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

it("an accepted result stands there with what the market offered for it", async () => {
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  const log = new Log({
    level: "info",
    redactor: new Redactor(),
    console: { format: "json", write },
    file: null,
  });
  const listeners: ((change: BoardChange) => void)[] = [];
  const board = {
    onChange: (listener: (change: BoardChange) => void) => {
      listeners.push(listener);
      return () => undefined;
    },
  } as unknown as WorkBoard;
  const headline = () => ({ level: "idle", sentence: "Ready", reasons: [] }) as never;
  onTestFinished(keepLog(log, { ledger, board, headline }));

  const tell = (event: BoardChange["event"], state: BoardChange["state"], row: number) => {
    for (const listener of listeners) listener({ row, market: "aicf", event, state } as BoardChange);
  };
  const priced = ledger.leases.insert(aLease({ leaseId: "lease-1", fee: fee(1_500_000n) }), 1) ?? 0;
  const unpriced = ledger.leases.insert(aLease({ leaseId: "lease-2", fee: null }), 1) ?? 0;
  tell("accept", "accepted", priced);
  tell("accept", "accepted", unpriced);
  tell("fail", "failed", priced);
  const jobs = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg.startsWith("Job "));
  expect(jobs.map(({ lease, offered, currency }) => ({ lease, offered, currency }))).toEqual([
    { lease: "lease-1", offered: "0.0015", currency: "ANM" },
    { lease: "lease-2", offered: undefined, currency: undefined },
    { lease: "lease-1", offered: undefined, currency: undefined },
  ]);
});

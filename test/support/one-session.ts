/** One market's session as the engine runs it, with a real ledger and submitter, at a market that the test scripts. */
import { expect, onTestFinished } from "vitest";
import type { HeldLease } from "../../src/engine/ledger/leases.ts";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import type { MarketAdapter } from "../../src/engine/market/port.ts";
import { MarketSession, type SessionDeps } from "../../src/engine/market/session.ts";
import type { Admission } from "../../src/engine/work/admission.ts";
import { WorkBoard } from "../../src/engine/work/board.ts";
import { RunControl } from "../../src/engine/work/run-control.ts";
import { Submitter } from "../../src/engine/work/submitter.ts";
import { AppError, type ErrorCode } from "../../src/shared/errors.ts";
import { batchTaker } from "./batch-taker.ts";
import { aLease, aResult } from "./leases.ts";
import { ScriptedMarket } from "./scripted-market.ts";
import { tempFolder } from "./temp-folder.ts";

export const PROFILE = { name: "p", region: null, concurrency: 2, models: ["text-embed-001"], devices: [] };
export const broken =
  (code: ErrorCode, actor: "network" | "market" | "user", retryable = true) =>
  () => {
    throw new AppError({ code, message: `It said ${code}`, actor, retryable });
  };
/** Deadlines far beyond the test: what ends a lease here is said by the test. */
export const lease = (id: string) =>
  aLease({ leaseId: id, grantedAt: Date.now(), expiresAt: Date.now() + 600_000 });

export async function aSession(market = new ScriptedMarket(), ...rest: AfterAdapter) {
  return { market, ...(await aSessionAt(market, ...rest)) };
}

type AfterAdapter = Parameters<typeof aSessionAt> extends [unknown, ...infer Rest] ? Rest : never;

/** At any market: a real adapter in front of a service that the test scripts. */
export async function aSessionAt(
  adapter: MarketAdapter,
  quota: number | (() => number) = 2,
  models = [...PROFILE.models],
  room?: SessionDeps["room"],
  admit: (lease: HeldLease) => Admission = () => ({ kind: "admit" }),
  paused: SessionDeps["paused"] = () => null,
) {
  const ledger = await Ledger.open(tempFolder());
  const board = new WorkBoard({ ledger, admit, now: Date.now });
  const control = new RunControl({ ledger, board, now: Date.now, killRuntimes: () => undefined }, "running");
  const session = new MarketSession({
    adapter,
    board,
    control,
    ledger,
    quota: typeof quota === "number" ? () => quota : quota,
    ...(room && { room }),
    paused,
    profile: () => ({ ...PROFILE, models }),
    now: Date.now,
  });
  const stop = new AbortController();
  const loops = [
    session.run(stop.signal),
    new Submitter({ session, board, ledger, now: Date.now }).run(stop.signal),
  ];
  onTestFinished(async () => {
    stop.abort(new DOMException("The test is over", "AbortError"));
    await Promise.all(loops);
    ledger.close();
  });
  const eventually = (what: () => unknown) => expect.poll(what, { timeout: 8_000, interval: 10 });
  const compute = (max = 1) => {
    const batch = board.takeBatch(batchTaker(max));
    board.completeBatch(
      batch.map((held) => ({ lease: held, result: aResult(), output: new Uint8Array([7]) })),
    );
    return batch;
  };
  return { ledger, board, control, session, eventually, compute };
}

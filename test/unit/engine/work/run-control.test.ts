import { describe, expect, it } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { RunControl } from "../../../../src/engine/work/run-control.ts";
import { batchTaker } from "../../../support/batch-taker.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

async function controlled(startAs: "running" | "as-left" = "running", folder = tempFolder()) {
  const ledger = await Ledger.open(folder);
  const now = () => 10_000;
  const board = new WorkBoard({ ledger, admit: () => ({ kind: "admit" }), now });
  let kills = 0;
  const control = new RunControl({ ledger, board, now, killRuntimes: () => kills++ }, startAs);
  return { control, board, ledger, folder, kills: () => kills };
}

const run = (board: WorkBoard) => board.takeBatch(batchTaker(1));
const states = (board: WorkBoard) => board.held().map((lease) => lease.state);

describe("start, pause, finish, stop", () => {
  it("pause gives back what has not begun and lets what runs end", async () => {
    const { control, board, ledger } = await controlled();
    board.grant([aLease(), aLease()]);
    run(board);
    const taking = control.takingSignal;
    expect(control.pause()).toBe("paused");
    expect(taking.aborted).toBe(true);
    expect(states(board)).toEqual(["running"]);
    expect(control.start()).toBe("running");
    expect(control.takingSignal.aborted).toBe(false);
    ledger.close();
  });

  it("finish keeps what is held and stops once it is done", async () => {
    const { control, board, ledger } = await controlled();
    board.grant([aLease()]);
    expect(control.finish()).toBe("finishing");
    expect(control.takingSignal.aborted).toBe(true);
    board.giveBack("as if done", { running: true });
    expect(control.intent).toBe("stopped");
    ledger.close();
  });

  it("finish with nothing held stops at once", async () => {
    const { control, ledger } = await controlled();
    expect(control.finish()).toBe("stopped");
    ledger.close();
  });

  it("stop gives back even what runs and frees the devices at once", async () => {
    const { control, board, ledger, kills } = await controlled();
    board.grant([aLease(), aLease()]);
    run(board);
    expect(control.stop()).toBe("stopped");
    expect(board.count()).toBe(0);
    expect(kills()).toBe(1);
    ledger.close();
  });

  it.each([
    ["running", "running"],
    ["paused", "paused"],
    ["stopped", "stopped"],
    // On its way to stopped when the engine ended: it does not begin to take work again by itself.
    ["finishing", "stopped"],
  ] as const)("the wish survives a crash: left %s, comes back %s", async (left, expected) => {
    const folder = tempFolder();
    const first = await controlled("running", folder);
    first.board.grant([aLease()]);
    if (left === "paused") first.control.pause();
    if (left === "stopped") first.control.stop();
    if (left === "finishing") first.control.finish();
    first.ledger.close();
    const second = await controlled("as-left", folder);
    expect(second.control.intent).toBe(expected);
    second.ledger.close();
  });

  it("an orderly end leaves the wish as it was", async () => {
    const folder = tempFolder();
    const first = await controlled("running", folder);
    first.control.suspend();
    expect(first.control.takingSignal.aborted).toBe(true);
    first.ledger.close();
    const second = await controlled("as-left", folder);
    expect(second.control.intent).toBe("running");
    second.ledger.close();
  });

  it("never starts by itself on a machine where nobody has pressed Start", async () => {
    const { control, ledger } = await controlled("as-left");
    expect(control.intent).toBe("paused");
    ledger.close();
  });

  it("can be told to take work from the next start on, and takes none before", async () => {
    const folder = tempFolder();
    const first = await controlled("as-left", folder);
    first.control.startNextTime();
    expect(first.control.intent).toBe("paused");
    expect(first.control.takingSignal.aborted).toBe(true);
    expect(first.control.wish).toBe("running");
    first.ledger.close();
    const second = await controlled("as-left", folder);
    expect(second.control.intent).toBe("running");
    second.ledger.close();
  });
});

describe("wound down for a while", () => {
  it("takes nothing, ends what is held, and goes on as it was", async () => {
    const { control, board, ledger } = await controlled();
    board.grant([aLease()]);
    expect(control.windDown()).toBe("finishing");
    expect(control.takingSignal.aborted).toBe(true);
    expect(control.windDown()).toBe("finishing");
    board.giveBack("as if done", { running: true });
    expect(control.intent).toBe("paused");
    expect(control.resume()).toBe("running");
    expect(control.takingSignal.aborted).toBe(false);
    ledger.close();
  });

  it.each([
    ["finishing", true],
    ["paused", false],
  ] as const)("comes back running when it ended while it was %s", async (intent, holds) => {
    const folder = tempFolder();
    const first = await controlled("running", folder);
    if (holds) first.board.grant([aLease()]);
    expect(first.control.windDown()).toBe(intent);
    first.control.suspend();
    first.ledger.close();
    const second = await controlled("as-left", folder);
    expect(second.control.intent).toBe("running");
    second.ledger.close();
  });

  it("changes nothing where work was paused or stopped, and nothing is resumed there", async () => {
    const { control, ledger } = await controlled();
    control.pause();
    expect(control.windDown()).toBe("paused");
    expect(control.resume()).toBe("paused");
    control.stop();
    expect(control.windDown()).toBe("stopped");
    expect(control.resume()).toBe("stopped");
    ledger.close();
  });

  it.each([
    ["pause", "paused", "paused"],
    ["stop", "stopped", "stopped"],
    ["finish", "stopped", "stopped"],
    ["start", "running", "running"],
  ] as const)("%s said meanwhile holds, now and at the next start", async (verb, now, later) => {
    const folder = tempFolder();
    const first = await controlled("running", folder);
    expect(first.control.windDown()).toBe("paused");
    expect(first.control[verb]()).toBe(now);
    expect(first.control.resume()).toBe(now);
    first.ledger.close();
    const second = await controlled("as-left", folder);
    expect(second.control.intent).toBe(later);
    second.ledger.close();
  });
});

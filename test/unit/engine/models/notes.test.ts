/** What is remembered of models, where it can be written and where it can't. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { ModelNotes } from "../../../../src/engine/models/notes.ts";
import { WorkBoard } from "../../../../src/engine/work/board.ts";
import { MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { batchTaker } from "../../../support/batch-taker.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const written = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));

/** Notes in a folder that is none: not even root writes there. */
function unwritable() {
  const home = join(tempFolder(), "models");
  writeFileSync(home, "");
  const troubles: unknown[] = [];
  const notes = new ModelNotes(join(home, "notes.json"), (thrown) => troubles.push(thrown));
  const mend = () => {
    rmSync(home);
    mkdirSync(home);
  };
  return { home, notes, troubles, mend };
}

describe("the use of a model", () => {
  it("is known at once and written a moment later, not for every job", async () => {
    const file = join(tempFolder(), "models", "notes.json");
    const notes = new ModelNotes(file);
    notes.noteUsed("m", 5 * MINUTE);
    notes.noteUsed("m", 5 * MINUTE + SECOND);
    expect(notes.of("m").lastUsedAt).toBe(5 * MINUTE);
    await expect.poll(() => new ModelNotes(file).of("m").lastUsedAt).toBe(5 * MINUTE);
    notes.noteUsed("m", 6 * MINUTE);
    await expect.poll(() => written(file)).toMatchObject({ m: { lastUsedAt: 6 * MINUTE } });
  });

  it("keeps what another engine wrote meanwhile", async () => {
    const file = join(tempFolder(), "notes.json");
    const ours = new ModelNotes(file);
    new ModelNotes(file).set("m", { pinned: true });
    ours.noteUsed("m", MINUTE);
    await expect.poll(() => written(file)).toMatchObject({ m: { pinned: true, lastUsedAt: MINUTE } });
  });

  it("never stands in the way of a job: what can't be written is said once, and again only after it could be", async () => {
    const { home, notes, troubles, mend } = unwritable();
    const ledger = await Ledger.open(tempFolder());
    const board = new WorkBoard({ ledger, admit: () => ({ kind: "admit" }), now: () => 0 });
    let now = 0;
    board.onChange(({ state }) => {
      if (state === "running") notes.noteUsed("m", now);
    });
    for (let job = 1; job <= 3; job++) {
      now = job * MINUTE;
      board.grant([aLease({ expiresAt: null })]);
      expect(board.takeBatch(batchTaker(1))).toHaveLength(1);
      await expect.poll(() => troubles.length).toBe(1);
    }
    expect(notes.of("m").lastUsedAt).toBe(3 * MINUTE);
    mend();
    notes.noteUsed("m", 4 * MINUTE);
    await expect
      .poll(() => written(join(home, "notes.json")))
      .toMatchObject({ m: { lastUsedAt: 4 * MINUTE } });
    renameSync(home, `${home}-moved`);
    writeFileSync(home, "");
    notes.noteUsed("m", 5 * MINUTE);
    await expect.poll(() => troubles.length).toBe(2);
    ledger.close();
  });
});

describe("what a person said of a model", () => {
  it("is refused in words where it can't be written, and not believed", () => {
    const { notes } = unwritable();
    expect(() => notes.set("m", { allowed: false })).toThrow(
      expect.objectContaining({ code: "MODEL_FOLDER_UNUSABLE", actor: "user" }),
    );
    expect(notes.of("m").allowed).toBe(true);
  });

  it("is not forgotten when the file can't be read for a while", async () => {
    const folder = tempFolder();
    const file = join(folder, "notes.json");
    const notes = new ModelNotes(file);
    notes.set("kept back", { allowed: false });
    writeFileSync(file, "{ half a fi");
    notes.noteUsed("m", MINUTE);
    await expect.poll(() => new ModelNotes(file).of("kept back").allowed).toBe(false);
  });
});

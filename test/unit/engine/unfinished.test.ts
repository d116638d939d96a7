/** What a start opened is closed when the start comes to nothing, and only then. */
import { expect, it } from "vitest";
import { Unfinished } from "../../../src/engine/unfinished.ts";

async function start(said: string[], { fails = false, closes = () => {} } = {}): Promise<void> {
  await using opened = new Unfinished();
  opened.also(() => said.push("ledger"));
  opened.also(closes);
  opened.also(async () => said.push("driver"));
  if (fails) throw new Error("no key");
  opened.finished();
}

it("a start that fails closes it, the last first, and its reason is what is heard", async () => {
  const said: string[] = [];
  await expect(start(said, { fails: true })).rejects.toThrow("no key");
  expect(said).toEqual(["driver", "ledger"]);
});

it("what can't be closed keeps nothing else open, and takes the reason from nobody", async () => {
  const said: string[] = [];
  const closes = () => {
    throw new Error("the disk is full");
  };
  await expect(start(said, { fails: true, closes })).rejects.toThrow("no key");
  expect(said).toEqual(["driver", "ledger"]);
});

it("one that came to its end leaves it open", async () => {
  const said: string[] = [];
  await start(said);
  expect(said).toEqual([]);
});

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Journal } from "../../../../../src/engine/models/download/journal.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";

const HEADER = { bytes: 100, chunkBytes: 10, digest: `sha256-${"a".repeat(64)}` };
const HASH = "b".repeat(64);

async function written(): Promise<string> {
  const file = join(tempFolder(), "x.journal");
  const journal = await Journal.open(file, HEADER);
  await journal.noteSource("https://one.example/x", '"v1"');
  await journal.noteChunk(0, HASH);
  await journal.noteChunk(3, HASH);
  await journal.close();
  return file;
}

describe("a journal", () => {
  it("remembers chunks and where they came from", async () => {
    const journal = await Journal.open(await written(), HEADER);
    expect([...journal.chunks.keys()]).toEqual([0, 3]);
    expect(journal.sources).toEqual(["https://one.example/x"]);
    expect(journal.validatorOf("https://one.example/x")).toBe('"v1"');
    expect(journal.validatorOf("https://two.example/x")).toBeUndefined();
    await journal.close();
  });

  it.each([
    ["cut off in the middle of a line", '{"chunk":4,"sha2'],
    ["with rubbish in it", "\0\0\0\0\n"],
    ["with a hash that is none", '{"chunk":4,"sha256":"x"}\n'],
  ])("%s counts up to there, and goes on from there", async (_, tail) => {
    const file = await written();
    appendFileSync(file, tail);
    const journal = await Journal.open(file, HEADER);
    expect([...journal.chunks.keys()]).toEqual([0, 3]);
    await journal.noteChunk(4, HASH);
    await journal.close();
    const again = await Journal.open(file, HEADER);
    expect([...again.chunks.keys()]).toEqual([0, 3, 4]);
    await again.close();
    for (const line of readFileSync(file, "utf8").trimEnd().split("\n")) JSON.parse(line);
  });

  it.each([
    ["another size", { ...HEADER, bytes: 101 }],
    ["other chunks", { ...HEADER, chunkBytes: 20 }],
    ["another content", { ...HEADER, digest: `sha256-${"c".repeat(64)}` }],
  ])("of %s is begun anew", async (_, header) => {
    const journal = await Journal.open(await written(), header);
    expect(journal.chunks.size).toBe(0);
    await journal.close();
  });

  it("that is no journal is begun anew", async () => {
    const file = join(tempFolder(), "x.journal");
    writeFileSync(file, "hello\nworld\n");
    const journal = await Journal.open(file, HEADER);
    expect(journal.chunks.size).toBe(0);
    await journal.noteChunk(1, HASH);
    await journal.close();
    const again = await Journal.open(file, HEADER);
    expect([...again.chunks.keys()]).toEqual([1]);
    await again.close();
  });

  it("forgets everything when it is reset, however it was opened", async () => {
    const fresh = join(tempFolder(), "fresh.journal");
    const begun = await Journal.open(fresh, HEADER);
    await begun.noteChunk(1, HASH);
    await begun.reset();
    await begun.noteChunk(2, HASH);
    await begun.close();
    const found = await Journal.open(fresh, HEADER);
    expect([...found.chunks.keys()]).toEqual([2]);
    await found.close();

    const file = await written();
    const journal = await Journal.open(file, HEADER);
    await journal.reset();
    await journal.noteChunk(7, HASH);
    await journal.close();
    const again = await Journal.open(file, HEADER);
    expect([...again.chunks.keys()]).toEqual([7]);
    expect(again.sources).toEqual([]);
    await again.close();
  });
});

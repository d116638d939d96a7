import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { forwardLines, TextTail } from "../../../src/host/text-tail.ts";

describe("TextTail", () => {
  test("keeps the newest whole lines within its capacity", () => {
    const tail = new TextTail(20);
    for (let i = 0; i < 100; i++) tail.append(`line ${i}\n`);
    expect(tail.toString()).toBe("line 98\nline 99\n");
  });

  test("keeps the end of a line that is longer than the tail", () => {
    const tail = new TextTail(5);
    tail.append("0123456789");
    expect(tail.toString()).toBe("56789");
  });

  test("puts characters together that were cut between two chunks", () => {
    const tail = new TextTail();
    const bytes = Buffer.from("Größe\n");
    tail.append(bytes.subarray(0, 3));
    tail.append(bytes.subarray(3));
    expect(tail.toString()).toBe("Größe\n");
  });
});

describe("forwardLines", () => {
  test("gives whole lines whatever the chunks are, and the rest at the end", async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    forwardLines(stream, (line) => lines.push(line));
    stream.write("a\nb");
    stream.write("b\nlast");
    stream.end();
    await new Promise((resolve) => stream.on("close", resolve));
    expect(lines).toEqual(["a", "bb", "last"]);
  });

  test("does not gather an endless line in memory", () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    forwardLines(stream, (line) => lines.push(line));
    stream.emit("data", "x".repeat(200_000));
    expect(lines).toHaveLength(1);
  });
});

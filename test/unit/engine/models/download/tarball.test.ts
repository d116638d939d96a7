import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { extractMembers } from "../../../../../src/engine/models/download/tarball.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";

const never = new AbortController().signal;
const LONG = `package/${"deep/".repeat(30)}weights.bin`;

/** A tarball as the system's own tar makes it. */
function packed(files: Record<string, string>, format: string): string {
  const folder = tempFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const made = spawnSync("tar", [`--format=${format}`, "-czf", "x.tgz", "package"], { cwd: folder });
  expect(made.status).toBe(0);
  return join(folder, "x.tgz");
}

describe("taking files out of a package", () => {
  const files = { "package/a.txt": "hello", [LONG]: "w".repeat(5000), "package/other.txt": "not wanted" };

  it.each(["ustar", "pax", "gnu"])(
    "finds the wanted ones in a %s archive, long names too",
    async (format) => {
      const folder = tempFolder();
      const wanted = [
        { name: "package/a.txt", bytes: 5, target: join(folder, "1") },
        { name: LONG, bytes: 5000, target: join(folder, "deep", "2") },
        { name: "package/missing", bytes: 1, target: join(folder, "3") },
      ];
      const found = await extractMembers(packed(files, format), wanted, never);
      expect([...found].sort()).toEqual(["package/a.txt", LONG].sort());
      expect(readFileSync(join(folder, "1"), "utf8")).toBe("hello");
      expect(readFileSync(join(folder, "deep", "2"), "utf8")).toBe("w".repeat(5000));
    },
  );

  it("stops when it has them", async () => {
    const tarball = packed(files, "ustar");
    const wanted = [{ name: "package/a.txt", bytes: 5, target: join(tempFolder(), "1") }];
    expect((await extractMembers(tarball, wanted, never)).size).toBe(1);
  });

  it.each([
    ["a file of another size", (text: string) => packed({ "package/a.txt": text }, "ustar"), "expected 5"],
    ["no gzip", () => written(Buffer.from("plain text")), "no gzip"],
    ["an archive cut off", () => written(gzipSync(Buffer.alloc(100, "x"))), "ends in the middle"],
    [
      "a cut-off gzip",
      () => written(gzipSync(Buffer.alloc(100_000, 1)).subarray(0, 50)),
      "The model's package",
    ],
  ])("refuses %s", async (_, make, words) => {
    const wanted = [{ name: "package/a.txt", bytes: 5, target: join(tempFolder(), "1") }];
    await expect(extractMembers(make("longer than five"), wanted, never)).rejects.toMatchObject({
      code: "MODEL_SOURCE_WRONG",
      message: expect.stringContaining(words),
    });
  });

  it("ends when it is told to", async () => {
    const stopped = AbortSignal.abort(new Error("stopped"));
    await expect(extractMembers(packed(files, "ustar"), [], stopped)).resolves.toEqual(new Set());
    const wanted = [{ name: "x", bytes: 1, target: join(tempFolder(), "1") }];
    await expect(extractMembers(packed(files, "ustar"), wanted, stopped)).rejects.toThrow("stopped");
  });
});

function written(bytes: Buffer): string {
  const file = join(tempFolder(), "x.tgz");
  writeFileSync(file, bytes);
  return file;
}

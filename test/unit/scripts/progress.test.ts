import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { showBytes } from "../../../src/renderer/format/bytes.ts";

const script = new URL("../../../scripts/setup/progress.mjs", import.meta.url).href;
const { megabytes } = (await import(script)) as { megabytes(bytes: number): string };

interface Catalogue {
  readonly models: readonly { readonly id: string; readonly files: readonly { readonly bytes: number }[] }[];
}
const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");

describe("the starter model's size", () => {
  const { models } = JSON.parse(read("resources/models/catalogue.json")) as Catalogue;
  const bytes = (models[0]?.files ?? []).reduce((sum, file) => sum + file.bytes, 0);

  it("is the same figure at set-up and in the app", () => {
    expect(megabytes(bytes)).toBe(showBytes(bytes));
    for (const other of [1, 9_999_999, 99_949_999, 99_950_000, 608_000_000])
      expect(megabytes(Math.max(other, 1_000_000))).toBe(showBytes(Math.max(other, 1_000_000)));
  });

  it("is the one that the pages promise", () => {
    const said = `${Math.round(bytes / 1e6)} MB model`;
    for (const page of ["README.md", "docs/first-steps.md"]) expect(read(page), page).toContain(said);
  });
});

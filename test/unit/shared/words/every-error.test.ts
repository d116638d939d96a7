/** Read from the sources: no error has a code or a remedy that only English knows. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { en } from "../../../../src/shared/words/en/en.ts";

const SOURCES = path.resolve(import.meta.dirname, "../../../../src");
/** Not of the app: the devnet's own protocol errors and the words themselves. */
const LEFT_OUT = /^(?:devnet|shared\/words)\//;

const sources = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll(path.sep, "/"))
  .filter((file) => /\.tsx?$/.test(file) && !LEFT_OUT.test(file))
  .map((file) => ({ file, text: readFileSync(path.join(SOURCES, file), "utf8") }));

/** Each error as it is written: from its code to the end of its object. */
const errors = sources.flatMap(({ file, text }) =>
  [...text.matchAll(/\bcode: "([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g)].map((match) => {
    const rest = text.slice(match.index);
    const [whole] = rest.split(/\n\s*\}|\}\)?;/);
    return { file, code: match[1] ?? "", whole: whole ?? "" };
  }),
);

describe("every error of the sources", () => {
  test("is found", () => expect(errors.length).toBeGreaterThan(200));

  test("has its sentence in the catalogues", () => {
    const missing = errors
      .filter(({ code }) => !(code in en.errors))
      .map(({ file, code }) => `${file}: ${code}`);
    expect(missing).toEqual([]);
  });

  test("that comes with help has its remedy in the catalogues", () => {
    const missing = errors
      .filter(({ code, whole }) => /\bhelp[:,]/.test(whole) && !(code in en.remedies))
      .map(({ file, code }) => `${file}: ${code}`);
    expect(missing).toEqual([]);
  });

  test("has a remedy only where there is an error", () => {
    expect(Object.keys(en.remedies).filter((code) => !(code in en.errors))).toEqual([]);
  });
});

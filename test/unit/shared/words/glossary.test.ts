/** One name per thing (docs/glossary.md): other names for it are not in the catalogues. */
import { describe, expect, test } from "vitest";
import { de } from "../../../../src/shared/words/de/de.ts";
import { en } from "../../../../src/shared/words/en/en.ts";

/** Every text by its key. */
function flat(texts: object, prefix = ""): [key: string, text: string][] {
  return Object.entries(texts).flatMap(([key, text]) =>
    typeof text === "string" ? [[prefix + key, text] as [string, string]] : flat(text, `${prefix}${key}.`),
  );
}

describe("in German", () => {
  test.each([
    ["Anbieter", /\bProviders?\b|\bProvider-/],
    ["Herzschlag", /Heartbeat|Lebenszeichen/],
    ["Hauptbuch", /Kassenbuch/],
    ["Beleg", /Quittung/],
    ["der Lease", /\b(?:[Dd]ie|[Ee]ine) Lease\b/],
    ["Strafe", /Slash/],
  ])("it is %s", (_name, other) => {
    expect(flat(de).filter(([, text]) => other.test(text))).toEqual([]);
  });
});

describe("in English", () => {
  test.each([
    ["jailed", /\bsuspended\b|\bsuspension\b/i],
    ["heartbeat", /sign of life/i],
    ["back end", /\bbackends?\b|\bback-end\b/i],
    ["receipt", /\bvoucher\b/i],
    ["graphics card or GPU", /\bgraphic card\b|\bvideo card\b/i],
  ])("it is %s", (_name, other) => {
    const found = flat(en).filter(([, text]) => other.test(text.replaceAll(/\{\{.*?\}\}/g, "")));
    expect(found).toEqual([]);
  });
});

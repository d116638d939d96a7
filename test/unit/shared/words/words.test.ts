import { afterEach, describe, expect, test } from "vitest";
import { de } from "../../../../src/shared/words/de/de.ts";
import { en } from "../../../../src/shared/words/en/en.ts";
import {
  chooseLanguage,
  currentLanguage,
  PSEUDO,
  setLanguage,
  t,
} from "../../../../src/shared/words/words.ts";

afterEach(() => setLanguage("en"));

/** Every text of a catalogue by its key. */
function flat(texts: object, prefix = ""): [string, string][] {
  return Object.entries(texts).flatMap(([key, text]) =>
    typeof text === "string" ? [[prefix + key, text] as [string, string]] : flat(text, `${prefix}${key}.`),
  );
}

const placeholders = (text: string) => (text.match(/\{\{.*?\}\}/g) ?? []).sort();

describe("the catalogues", () => {
  const english = new Map(flat(en));
  const german = new Map(flat(de));

  test("say the same things in every language, with the same values in them", () => {
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [key, text] of english)
      expect(placeholders(german.get(key) ?? ""), key).toEqual(placeholders(text));
  });

  test("leave nothing empty, and have both plural forms or none", () => {
    for (const [key, text] of [...english, ...german]) {
      expect(text.trim(), key).not.toBe("");
      const other = key.endsWith("_one") ? key.replace(/_one$/, "_other") : key.replace(/_other$/, "_one");
      expect(english.has(other), `${key} has its ${other}`).toBe(true);
    }
  });

  test("write quotation marks and ellipses as characters of print", () => {
    for (const [key, text] of german) expect(text, key).not.toMatch(/\.\.\.|'|"/);
    for (const [key, text] of english) {
      // What the engine says in English goes to terminals and logs as well, where a ' is a '.
      expect(text, key).not.toMatch(key.startsWith("engine.") ? /\.\.\./ : /\.\.\.|'|"/);
    }
  });

  test("end in an ellipsis as the language does: beside the word in English, after a space in German", () => {
    for (const [key, text] of english) expect(text, key).not.toMatch(/\s…$/);
    for (const [key, text] of german) expect(text, key).not.toMatch(/\S…$/);
  });
});

describe("a text", () => {
  test("takes its values, its plural form and its numbers by the language", () => {
    expect(t("nav.upFor", { time: "3 d" })).toBe("Engine up 3 d");
    expect(t("home.throughput.total", { count: 1 })).toBe("1 result in all");
    expect(t("home.throughput.total", { count: 18_400 })).toBe("18\u202f400 results in all");
    setLanguage("de");
    expect(t("home.throughput.total", { count: 18_400 })).toBe("18\u202f400 Ergebnisse insgesamt");
    expect(currentLanguage()).toBe("de");
  });

  test("is longer and accented in the language nobody speaks, with its values whole", () => {
    setLanguage(PSEUDO);
    const text = t("nav.upFor", { time: "3 d" });
    expect(text).toContain("3 d");
    expect(text).not.toContain("Engine");
    expect(text.length).toBeGreaterThan("Engine up 3 d".length * 1.3);
  });
});

test("the first language that is spoken here is taken, else English", () => {
  expect(chooseLanguage(["fr-FR", "de-AT", "en"])).toBe("de");
  expect(chooseLanguage(["fr"])).toBe("en");
  expect(chooseLanguage([])).toBe("en");
});

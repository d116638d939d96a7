import { afterEach, describe, expect, test } from "vitest";
import { de } from "../../../../src/shared/words/de/de.ts";
import { hearError, hearErrorLine } from "../../../../src/shared/words/hear-error.ts";
import { setLanguage } from "../../../../src/shared/words/words.ts";

afterEach(() => setLanguage("en"));

const refused = { code: "CONNECTION_REFUSED", message: "Connection refused by 127.0.0.1:8700" };

describe("an error", () => {
  test("is the engine's own sentence in English", () => {
    expect(hearError(refused)).toEqual({ sentence: refused.message, detail: null, help: null });
  });

  test("says in German what its code means, with the engine's sentence under it", () => {
    setLanguage("de");
    expect(hearError(refused)).toEqual({
      sentence: "Die Verbindung wurde abgelehnt",
      detail: "Connection refused by 127.0.0.1:8700",
      help: null,
    });
  });

  test("says in German what can be done, in place of the engine's own help", () => {
    setLanguage("de");
    const helped = { ...refused, help: "Is the market running, and are address and port right?" };
    expect(hearError(helped).help).toBe("Läuft der Markt, und stimmen Adresse und Port?");
    expect(hearErrorLine(helped)).toBe(
      "Die Verbindung wurde abgelehnt. Läuft der Markt, und stimmen Adresse und Port?",
    );
  });

  test("that has no words of its own is shown as it came", () => {
    setLanguage("de");
    const odd = { code: "NEVER_HEARD_OF", message: "Something odd" };
    expect(hearError(odd)).toEqual({ sentence: "Something odd", detail: null, help: null });
  });

  test("is known by codes as errors have them", () => {
    for (const code of Object.keys(de.errors)) expect(code).toMatch(/^[A-Z][A-Z0-9_]*$/);
  });
});

import { afterEach, describe, expect, test } from "vitest";
import { engine } from "../../../../src/shared/words/en/engine.ts";
import { hear } from "../../../../src/shared/words/hear.ts";
import { type EngineKey, SaidSchema, say } from "../../../../src/shared/words/said.ts";
import { setLanguage } from "../../../../src/shared/words/words.ts";

afterEach(() => setLanguage("en"));

describe("a sentence of the engine", () => {
  const why = say("tooOldForCuda", { capability: "6.1" });
  const whole = say("shouldRunNotOnCuda", { why: why.said });

  test("is English where it is said, whatever the page's language is", () => {
    setLanguage("de");
    expect(say("onBattery").text).toBe("paused while on battery");
    expect(say("shouldRunNotOnCuda", { why: why.said }).text).toBe(
      "Should run on WebGPU, not on CUDA: its compute capability 6.1 is older than the 7.5 that CUDA 13 needs",
    );
  });

  test("is heard in the page's language, with the sentence within it", () => {
    expect(hear(whole.text, whole.said)).toBe(whole.text);
    setLanguage("de");
    expect(hear(whole.text, whole.said)).toBe(
      "Sollte mit WebGPU laufen, nicht mit CUDA: ihre Compute Capability 6.1 ist älter als 7.5, die CUDA 13 braucht",
    );
  });

  test("begins with a capital where it stands alone", () => {
    const alone = say("onlyDeviceRests", { why: say("onBattery").said });
    expect(alone.text).toBe("Paused while on battery");
    setLanguage("de");
    expect(hear(alone.text, alone.said)).toBe("Pausiert im Akkubetrieb");
  });

  test("crosses a process border whole", () => {
    expect(SaidSchema.parse(JSON.parse(JSON.stringify(whole.said)))).toEqual(whole.said);
  });

  test("is shown as it came where the page does not know its words, or those within it", () => {
    setLanguage("de");
    expect(hear("New words", { key: "ofANewerEngine", values: {} })).toBe("New words");
    expect(hear("How: new", { key: "runsBecause", values: { how: { key: "new", values: {} } } })).toBe(
      "How: new",
    );
    expect(hear("A market's own words", undefined)).toBe("A market's own words");
  });

  test.each([0, 1, 2, 12_345.5])(
    "reads in English as the catalogue has it, every one with a count of %d",
    (count) => {
      const filled = (key: string) => {
        const named = Object.keys(engine).flatMap((form) =>
          form.replace(/_(one|other)$/, "") === key ? [engine[form as keyof typeof engine]] : [],
        );
        const names = [...named.join(" ").matchAll(/\{\{(\w+)/g)].map(([, name = ""]) => name);
        return Object.fromEntries(names.map((name) => [name, name === "count" ? count : `a ${name}`]));
      };
      setLanguage("en");
      const keys = new Set(Object.keys(engine).map((form) => form.replace(/_(one|other)$/, "")));
      for (const key of keys) {
        const values = filled(key);
        const { text } = say(key as EngineKey, values);
        expect(text).not.toContain("{{");
        expect(text).toBe(hear("not found", { key, values }));
      }
    },
  );

  test("takes names as they are, even where they look like a placeholder", () => {
    const { text } = say("pausedFor", { program: "{{count}} $t(engine.stopped)" });
    expect(text).toBe("paused for {{count}} $t(engine.stopped)");
  });
});

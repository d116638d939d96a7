import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("../../../../src/renderer/styles/tokens.css", import.meta.url), "utf8");
const GROUNDS = ["--bg", "--surface", "--raised", "--hover"];
const INKS = ["--text", "--muted", "--faint", "--stale", "--ember", "--ok", "--warn", "--bad", "--info"];
const WCAG_AA = 4.5;
/** For the edges of controls (WCAG 1.4.11). */
const WCAG_AA_SHAPE = 3;

function coloursOf(block: string): Map<string, string> {
  return new Map(
    [...block.matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

/** WCAG 2.2 relative luminance. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [lighter = 0, darker = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (lighter + 0.05) / (darker + 0.05);
}

const [darkBlock = "", lightBlock = ""] = css.split(':root[data-theme="light"]');
const themes = { dark: coloursOf(darkBlock), light: coloursOf(lightBlock) };

describe.each(Object.entries(themes))("the %s theme", (_name, colours) => {
  it.each(INKS)("writes %s readably on every ground", (ink) => {
    for (const ground of GROUNDS) {
      expect(
        contrast(colours.get(ink) ?? "", colours.get(ground) ?? ""),
        `${ink} on ${ground}`,
      ).toBeGreaterThanOrEqual(WCAG_AA);
    }
  });

  it("draws the edges of controls visibly on every ground", () => {
    for (const ground of GROUNDS) {
      expect(
        contrast(colours.get("--control-line") ?? "", colours.get(ground) ?? ""),
        ground,
      ).toBeGreaterThanOrEqual(WCAG_AA_SHAPE);
    }
  });

  it("writes readably on an ember button", () => {
    expect(contrast(colours.get("--ember-ink") ?? "", colours.get("--ember") ?? "")).toBeGreaterThanOrEqual(
      WCAG_AA,
    );
  });
});

it("both themes define the same colours", () => {
  expect([...themes.light.keys()].sort()).toEqual([...themes.dark.keys()].sort());
});

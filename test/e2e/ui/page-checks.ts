/** What every screen has to keep: accessible for axe, and nothing wider than its box. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright";
import { expect } from "vitest";
import { LOOKS, type Look, lookName, shoot } from "./screenshots.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Those of axe's rules that look at colours; all others see the same page in the dark and in the light. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** Rule and first element of everything axe finds; `rules`: of these only. */
export async function violations(page: Page, rules: readonly string[] | null = null): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource);
  return page.evaluate(async (only) => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<AxeResults> } };
    // What passed nobody reads, and to describe it takes axe a quarter of its time.
    const options = { resultTypes: ["violations"], ...(only === null ? {} : { runOnly: only }) };
    return (await axe.run(options)).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.target.join(" ")}`);
  }, rules);
}

/** Pixels by which the page or its content is wider than the room it has. */
export function sidewaysScroll(page: Page): Promise<number> {
  return page.evaluate(() =>
    Math.max(
      0,
      ...[document.documentElement, ...document.querySelectorAll(".content, .card")].map(
        (element) => element.scrollWidth - element.clientWidth,
      ),
    ),
  );
}

/** Pixels by which the page itself could be scrolled down: it is as high as the window, its parts scroll by themselves. */
export function pageScroll(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollHeight, clientHeight } = document.documentElement;
    return Math.max(0, scrollHeight - clientHeight);
  });
}

/** Accessible, and inside its box. `what`: what is being looked at. */
export async function expectWhole(page: Page, what?: string): Promise<void> {
  expect(await violations(page), what).toEqual([]);
  await expectInside(page, what);
}

/** The same of a page that was seen to be accessible in its other light: its colours, and that it is inside its box. */
export async function expectWholeInOtherLight(page: Page, what?: string): Promise<void> {
  expect(await violations(page, COLOUR_RULES), what).toEqual([]);
  await expectInside(page, what);
}

/** Nothing wider than its box, and the page no higher than its window. */
export async function expectInside(page: Page, what?: string): Promise<void> {
  expect(await sidewaysScroll(page), what).toBe(0);
  expect(await pageScroll(page), what).toBe(0);
}

/**
 * The page as it stands is whole in each size and light, without being loaded again. `name`: of its pictures; `see` takes
 * others than one of the window.
 */
export async function expectWholeInEveryLook(
  page: Page,
  name: string,
  see: (look: Look) => Promise<unknown> = (look) => shoot(page, `${name}-${lookName(look)}`),
): Promise<void> {
  let size: Look["viewport"] | null = null;
  for (const look of LOOKS) {
    await wear(page, look);
    await see(look);
    const check = look.viewport === size ? expectWholeInOtherLight : expectWhole;
    await check(page, `${name} ${lookName(look)}`);
    size = look.viewport;
  }
}

/** Another size and light, and drawn in it. */
export async function wear(page: Page, { viewport, colorScheme }: Look): Promise<void> {
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme });
  await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, colorScheme);
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

/** What every screen has to keep: accessible for axe, and nothing wider than its box. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright";
import { expect } from "vitest";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Rule and first element of everything axe finds. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } };
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.target.join(" ")}`);
  });
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

/** Nothing wider than its box, and the page no higher than its window. */
export async function expectInside(page: Page, what?: string): Promise<void> {
  expect(await sidewaysScroll(page), what).toBe(0);
  expect(await pageScroll(page), what).toBe(0);
}

/** How the dashboard moves in whatever page shows it, measured within the page. */
import type { Page } from "playwright";
import { quantile, round } from "./measure.ts";

/** From the click to the frame after the screen's heading is there. */
export async function switchScreens(
  page: Page,
  turns: number,
): Promise<Record<string, { median: number; most: number }>> {
  const names = ["jobs", "earnings", "activity", "home"];
  const taken = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let turn = 0; turn < turns; turn++) {
    for (const name of names) {
      const ms = await page.evaluate(async (screen) => {
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        const before = document.querySelector("main h1");
        const start = performance.now();
        document.querySelector<HTMLElement>(`nav a[href="#/${screen}"]`)?.click();
        while (document.querySelector("main h1") === before) await frame();
        await frame();
        return performance.now() - start;
      }, name);
      taken.get(name)?.push(ms);
      await page.waitForTimeout(300);
    }
  }
  return Object.fromEntries(
    [...taken].map(([name, ms]) => [
      name,
      { median: round(quantile(ms, 0.5)), most: round(Math.max(...ms)) },
    ]),
  );
}

/** Frames while the list of jobs is scrolled by a wheel, and then dragged from its top to its end. */
export async function scrollJobs(page: Page) {
  await page.locator('nav a[href="#/jobs"]').click();
  await page.locator(".long-table .row-open").first().waitFor();
  return page.evaluate(async () => {
    const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
    const list = document.querySelector<HTMLElement>(".long-table");
    if (list === null) throw new Error("There is no list of jobs");
    const frames = async (step: (index: number) => void, count: number) => {
      const lengths: number[] = [];
      let last = await frame();
      for (let index = 0; index < count; index++) {
        step(index);
        const at = await frame();
        lengths.push(at - last);
        last = at;
      }
      lengths.sort((a, b) => a - b);
      const place = (share: number) =>
        Math.round((lengths[Math.floor(share * (lengths.length - 1))] ?? 0) * 10) / 10;
      return {
        p50: place(0.5),
        p95: place(0.95),
        most: place(1),
        over50: lengths.filter((ms) => ms > 50).length,
      };
    };
    const wheel = await frames(() => list.scrollBy(0, 120), 240);
    const end = list.scrollHeight;
    const drag = await frames((index) => list.scrollTo(0, (end * index) / 240), 240);
    return { rows: document.querySelector(".long-table table")?.getAttribute("aria-rowcount"), wheel, drag };
  });
}

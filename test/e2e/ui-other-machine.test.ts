/** A data folder of another machine: the question above every screen, answered by keyboard, in each language and look. */
import type { Page } from "playwright";
import { beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/shared/errors.ts";
import { say, sayError, sayRemedy } from "../../src/shared/words/said.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite } from "./ui/dashboard-page.ts";
import { expectWholeInEveryLook } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { empty } from "./ui/states.ts";

const MOVED = new AppError({
  code: "OTHER_MACHINE",
  message: "The data folder /srv/bellows/live comes from another machine",
  actor: "user",
  help: "Say whether it was moved here (`bellows machine moved`: it goes on under its names) or copied and still runs there (`bellows machine copied`: it gets names of its own).",
});

describe.skipIf(chromiumFile === null)("a data folder of another machine", () => {
  const dashboard = dashboardSuite();
  let page: Page;
  let engine: ScriptedEngine;

  beforeEach(async () => {
    const state = empty(Date.now());
    const { text: sentence, said } = say("fromOtherMachine");
    const why = say("fullStop", { what: sayError(MOVED).said });
    const help = sayRemedy(MOVED);
    engine = await dashboard.engine({
      ...state,
      engine: {
        ...state.engine,
        mode: "live",
        fromOtherMachine: true,
        letGoByCopy: { results: 12, jobs: 3 },
      },
      headline: {
        ...state.headline,
        level: "error",
        sentence,
        said,
        reasons: [{ text: why.text, said: why.said, ...(help && { help: help.text, helpSaid: help.said }) }],
      },
    });
    page = await dashboard.page(engine.url);
    await page.goto(engine.link());
  });

  const note = () => page.getByText("Was this data folder moved here, or copied?");

  const settled = () => engine.callsOf("machine.settle");

  it("is asked about above every screen, moved first", async () => {
    await note().waitFor();
    await expectWholeInEveryLook(page, "other-machine");
    await page.getByRole("link", { name: "Earnings" }).first().click();
    await note().waitFor();
    const answers = page.getByRole("alert").filter({ hasText: "Was this data folder" }).getByRole("button");
    expect(await answers.allTextContents()).toEqual(["It was moved", "It was copied"]);
  });

  it("says what a copy gives up before the answer counts, and leaves everything where it is cancelled", async () => {
    const copied = page.getByRole("button", { name: "It was copied", exact: true });
    await copied.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Begin here under new names?" });
    await dialog.waitFor();
    const words = await dialog.textContent();
    expect(words).toContain("12 results that no market has yet are given up here.");
    expect(words).toContain("3 jobs that are held are given up here.");
    await expectWholeInEveryLook(page, "other-machine-copied");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(settled()).toBe(0);
    await copied.click();
    await dialog.getByRole("button", { name: "It was copied: new names" }).click();
    await expect.poll(() => engine.lastInput("machine.settle"), PATIENCE).toEqual({ as: "copied" });
  });

  it("says of a move that the other machine must have ended, before it counts", async () => {
    await page.getByRole("button", { name: "It was moved", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Go on here under its names?" });
    await dialog.waitFor();
    await expectWholeInEveryLook(page, "other-machine-moved");
    expect(settled()).toBe(0);
    await dialog.getByRole("button", { name: "It was moved: go on here" }).click();
    await expect.poll(() => engine.settings.settled, PATIENCE).toBe("moved");
  });
});

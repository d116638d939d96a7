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
      engine: { ...state.engine, mode: "live", fromOtherMachine: true },
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

  it("is asked about above every screen, and answered once", async () => {
    await note().waitFor();
    await expectWholeInEveryLook(page, "other-machine");
    await page.getByRole("link", { name: "Earnings" }).first().click();
    await note().waitFor();
    const copied = page.getByRole("button", { name: "It was copied" });
    await copied.focus();
    await page.keyboard.press("Enter");
    await expect
      .poll(() => engine.calls.findLast(({ command }) => command === "machine.settle")?.input, PATIENCE)
      .toEqual({ as: "copied" });
    await page.getByRole("button", { name: "It was moved" }).click();
    await expect.poll(() => engine.settings.settled, PATIENCE).toBe("moved");
  });
});

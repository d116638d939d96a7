/** Stake & identity: the key's states, its backups by keyboard, stake and claim with what they cost. */
import type { BrowserContextOptions, Page } from "playwright";
import { beforeEach, describe, expect, it } from "vitest";
import { DAY } from "../../src/shared/durations.ts";
import { AppError } from "../../src/shared/errors.ts";
import { aBalance, aKey, aLevel, anAccount, aStanding, PHRASE } from "../support/scripted-account.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, visit } from "./ui/dashboard-page.ts";
import { expectWhole, expectWholeInEveryLook, sidewaysScroll, violations } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { NARROW, shoot } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { aicf, aitbc, amount, earning } from "./ui/states.ts";

describe.skipIf(chromiumFile === null)("Stake & identity", () => {
  const dashboard = dashboardSuite();
  let page: Page;
  let engine: ScriptedEngine;

  beforeEach(async () => {
    const now = Date.now();
    const standing = aStanding(now, { providerId: aKey().providerId ?? "" });
    engine = await dashboard.engine({
      ...earning(now),
      engine: { ...earning(now).engine, mode: "live" },
      markets: [aicf(now, { standing }), aitbc(now)],
    });
    engine.account = anAccount({ standing, balance: aBalance(), level: aLevel(now) });
    await newPage();
  });

  async function newPage(options?: BrowserContextOptions): Promise<void> {
    page = await dashboard.page(engine.url, options);
  }

  async function open(): Promise<void> {
    await visit(page, engine.link(), "Stake & identity");
    await page.getByRole("region", { name: "Provider key" }).waitFor();
  }

  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const lastInput = (command: string) => engine.calls.findLast((call) => call.command === command)?.input;

  it("shows who this provider is, what is staked and what is owed", async () => {
    await open();
    await page.getByText(aKey().address ?? "").waitFor();
    await page.getByText("No backup was checked yet").waitFor();
    const account = page.getByRole("region", { name: "AICF", exact: true });
    await account.getByText("20.000000 ANM above the minimum").waitFor();
    await account.getByText("in 5400 blocks, about 17 h 59 min").waitFor();
    await account.getByText("1.204131").waitFor();
    // AITBC keeps no account through Bellows: said, and no zero shown.
    await page
      .getByRole("region", { name: "AITBC", exact: true })
      .getByText("AITBC keeps no stake or balance here", { exact: false })
      .waitFor();
    expect(await page.getByRole("button", { name: "Add stake…" }).isDisabled(), "before a backup").toBe(true);
  });

  it("backs the key up by keyboard alone: words shown after the passphrase, then asked for", async () => {
    await open();
    await page.getByRole("button", { name: "Write down the phrase…" }).focus();
    await press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Whoever has them has this provider", { exact: false }).waitFor();
    await dialog.getByLabel("Passphrase of the key").focus();
    await page.keyboard.type("wrong");
    await press("Enter");
    await dialog.getByText("That is not the passphrase.").waitFor();
    await dialog.getByLabel("Passphrase of the key").fill("the right one");
    await press("Enter");
    await dialog.getByRole("listitem").nth(23).waitFor();
    await shoot(page, "identity-phrase");
    await dialog.getByRole("button", { name: "I wrote them down" }).focus();
    await press("Enter");
    for (const place of [2, 7, 15, 24])
      await dialog.getByLabel(`Word ${place}`, { exact: true }).fill(PHRASE[place - 1] ?? "");
    await press("Enter");
    await dialog.getByText("These words bring the key back", { exact: false }).waitFor();
    await dialog.getByRole("button", { name: "Done" }).click();
    await page.getByText("A backup was checked").waitFor();
    await expect
      .poll(() => page.getByRole("button", { name: "Add stake…" }).isEnabled(), PATIENCE)
      .toBe(true);
    expect(await page.content(), "no word is left in the page").not.toContain("dolphin");
  });

  it("takes a wrong word for no backup, and shows the words again before the next try", async () => {
    engine.account.identity = aKey({ asksPassphrase: false, protection: "os-store", keyStore: "keychain" });
    await open();
    await page.getByRole("button", { name: "Write down the phrase…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Show the words" }).click();
    await dialog.getByRole("button", { name: "I wrote them down" }).click();
    for (const place of [2, 7, 15, 24])
      await dialog.getByLabel(`Word ${place}`, { exact: true }).fill("zebra");
    await dialog.getByRole("button", { name: "Check" }).click();
    await dialog.getByText("One of the words is not right", { exact: false }).waitFor();
    await press("Escape");
    await page.getByText("No backup was checked yet").waitFor();
  });

  it("adds stake only after saying what can be lost, and releases with what is left", async () => {
    engine.account.identity = aKey({ backup: { at: Date.now(), by: "file" } });
    await open();
    await page.getByRole("button", { name: "Add stake…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Trap jobs answered rightly, below the limit: 10 % of the stake").waitFor();
    await dialog.getByText("Time covered by heartbeats, below the limit: 2.5 % of the stake").waitFor();
    const amount = dialog.getByLabel("Amount in ANM");
    const confirm = dialog.getByRole("button", { name: "Add stake" });
    expect(await confirm.isDisabled()).toBe(true);
    await amount.fill("a lot");
    await dialog.getByText("Not an amount", { exact: false }).waitFor();
    expect(await confirm.isDisabled()).toBe(true);
    // What one reader takes for a thousand and another for one is asked back, not staked.
    await amount.fill("1,000");
    await dialog.getByText("Decimals are written with a point here", { exact: false }).waitFor();
    expect(await confirm.isDisabled()).toBe(true);
    await amount.fill("1.000");
    await dialog.getByText("“1.000” can be read in two ways: write 1000 or 1.0").waitFor();
    expect(await confirm.isDisabled()).toBe(true);
    await amount.fill("12.5");
    await dialog.getByText("Stake afterwards: 132.500000 ANM").waitFor();
    await shoot(page, "identity-stake");
    expect(await violations(page)).toEqual([]);
    await confirm.click();
    await dialog.waitFor({ state: "detached" });
    expect(lastInput("provider.stake")).toEqual({ market: "aicf", amountMinor: "12500000000" });

    await page.getByRole("button", { name: "Release…" }).click();
    await page.getByLabel("Amount in ANM").fill("50");
    await page.getByText("Less than the minimum is left: no more work is given.").waitFor();
    await page.getByLabel("Amount in ANM").fill("500");
    await page.getByText("More than the stake that counts").waitFor();
    expect(await page.getByRole("button", { name: "Release", exact: true }).isDisabled()).toBe(true);
    await press("Escape");
    expect(engine.callsOf("provider.unstake"), "nothing was released").toBe(0);
  });

  it("shows of a market that takes nothing from a stake no loss, no claim, and each stake with its time", async () => {
    const now = Date.now();
    const ait = (coins: string) => amount("AIT", coins);
    const part = { status: "active", lockedUntil: null } as const;
    const stake = {
      total: ait("30"),
      effective: ait("30"),
      minimum: ait("0"),
      releases: [],
      lockMs: 30 * DAY,
      parts: [
        { ...part, kind: "stake" as const, reference: "stake_5f0c22aa91b2", amount: ait("20") },
        {
          ...part,
          kind: "stake" as const,
          reference: "stake_81f2",
          amount: ait("10"),
          lockedUntil: now + 9 * DAY,
        },
        { ...part, kind: "bond" as const, reference: "bond_77", amount: ait("4") },
      ],
    };
    const standing = aStanding(now, { market: "aitbc", providerId: "bellows-4f02c1a9d377", stake });
    engine.account = anAccount({
      balance: aBalance({
        market: "aitbc",
        available: ait("112.5"),
        pending: ait("0"),
        escrow: ait("0.0975"),
        lastSettlementEpoch: null,
        paysByItself: true,
      }),
    });
    engine.state = { ...engine.state, markets: [aitbc(now, { standing })] };
    await open();
    const card = page.getByRole("region", { name: "AITBC", exact: true });
    await card.getByText("No stake is needed to be given work here, and no penalty takes any.").waitFor();
    await card.getByText("What is settled arrives in the wallet by itself").waitFor();
    for (const absent of ["Minimum", "Last settled epoch", "eligible", "Being released"])
      expect(await card.getByText(absent).count(), absent).toBe(0);
    expect(await card.getByRole("button", { name: "Claim" }).count()).toBe(0);
    await expectWhole(page);
    await shoot(page, "identity-aitbc");

    await card.getByRole("button", { name: "Add stake…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("is locked there for 30 d 0 h").waitFor();
    expect(await dialog.getByText("What can be lost of it").count()).toBe(0);
    await press("Escape");

    expect(await card.getByRole("button", { name: "Release…" }).count(), "one is locked").toBe(1);
    await card.getByRole("button", { name: "Release…" }).click();
    await dialog.getByText("A stake is released whole: 20.000000 AIT").waitFor();
    await dialog.getByRole("button", { name: "Release", exact: true }).click();
    await expect
      .poll(() => lastInput("provider.unstake"), PATIENCE)
      .toEqual({ market: "aitbc", amountMinor: ait("20").minor });
  });

  it("claims what is settled, once it is confirmed", async () => {
    await open();
    await page.getByRole("button", { name: "Claim", exact: true }).click();
    await page.getByRole("dialog").getByText("1.204131 ANM that are settled", { exact: false }).waitFor();
    expect(engine.callsOf("provider.claim")).toBe(0);
    await page.getByRole("dialog").getByRole("button", { name: "Claim" }).click();
    await page.getByText("Claimed 1.204131 ANM.").waitFor();
    await expect
      .poll(() => page.getByRole("button", { name: "Claim", exact: true }).isDisabled(), PATIENCE)
      .toBe(true);
  });

  it("makes a first key, and unlocks one that is locked", async () => {
    const none = { providerId: null, address: null, fingerprint: null, protection: null, createdAt: null };
    engine.account.identity = aKey({
      ...none,
      state: "none",
      keyStoreRefused: "This desktop has no keyring that is open",
    });
    await open();
    await page.getByText("There is no provider key yet").waitFor();
    await shoot(page, "identity-none");
    await page.getByRole("button", { name: "Make a key" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("This desktop has no keyring that is open.").waitFor();
    const confirm = dialog.getByRole("button", { name: "Make the key" });
    await dialog.getByLabel("New passphrase").fill("four words are fine");
    await dialog.getByLabel("Once more").fill("four words are fime");
    await dialog.getByText("The two are not the same").waitFor();
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel("Once more").fill("four words are fine");
    await confirm.click();
    await dialog.waitFor({ state: "detached" });
    expect(lastInput("identity.create")).toEqual({ passphrase: "four words are fine" });
    await page.getByText(aKey().address ?? "").waitFor();

    engine.account.identity = aKey({
      state: "locked",
      problem: { code: "KEY_LOCKED", message: "The provider key is locked", actor: "user" },
    });
    await page.reload();
    await page.getByRole("heading", { name: "The provider key is locked" }).waitFor();
    await shoot(page, "identity-locked");
    expect(await violations(page)).toEqual([]);
    await page.getByLabel("Passphrase").fill("wrong");
    await press("Enter");
    await page.getByText("That is not the passphrase.").waitFor();
    await page.getByLabel("Passphrase").fill("right");
    await press("Enter");
    await page.getByText("in use").waitFor();
  });

  it("restores over the key in use only with what that means said", async () => {
    await open();
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Restore a key…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("The key in use is replaced.", { exact: false }).waitFor();
    const confirm = dialog.getByRole("button", { name: "Replace the key" });
    await dialog.getByLabel("The 24 words, in their order").fill(PHRASE.join(" "));
    await dialog.getByLabel("New passphrase").fill("four words are fine");
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel("Once more").fill("four words are fine");
    await confirm.click();
    await dialog.waitFor({ state: "detached" });
    expect(lastInput("identity.restore")).toMatchObject({ replace: true, backup: { kind: "phrase" } });
  });

  it("says why when the market refuses, and stays where it was", async () => {
    engine.account.identity = aKey({ backup: { at: Date.now(), by: "file" } });
    engine.account.refuse = new AppError({
      code: "MARKET_REFUSED",
      message: "The account holds less than that",
      actor: "market",
    });
    await open();
    await page.getByRole("button", { name: "Add stake…" }).click();
    await page.getByLabel("Amount in ANM").fill("1");
    await page.getByRole("dialog").getByRole("button", { name: "Add stake" }).click();
    await page.getByRole("dialog").getByText("The account holds less than that.").waitFor();
  });

  it("has room for German words, and takes no order while the engine is silent", async () => {
    await newPage({ viewport: NARROW, locale: "de-DE" });
    await page.goto(engine.link());
    await page.getByRole("link", { name: "Stake & Identität" }).click();
    await page.getByText("20,000000 ANM über dem Minimum").waitFor();
    expect(await sidewaysScroll(page)).toBe(0);
    await shoot(page, "identity-de-900");
    const write = page.getByRole("button", { name: "Wörter aufschreiben …" });
    expect(await write.isEnabled()).toBe(true);
    const { port } = engine;
    await engine.die();
    await expect.poll(() => write.isDisabled(), PATIENCE).toBe(true);
    await engine.listen(port);
    await expect.poll(() => write.isEnabled(), PATIENCE).toBe(true);
  });

  it("is whole at every size and light", async () => {
    await open();
    await page.getByText("1.204131").waitFor();
    await expectWholeInEveryLook(page, "identity");
  });
});

/** Stakes on AITBC's chain, signed here and checked by the embedded chain's own reading of the signature. */
import { describe, expect, test } from "vitest";
import { createChainBooks } from "../../src/engine/market/aitbc/chain.ts";
import { openWallet } from "../../src/engine/market/aitbc/wallet.ts";
import { DAY, MINUTE } from "../../src/shared/durations.ts";
import { parseDecimal } from "../../src/shared/money.ts";
import { devnet } from "../support/devnet.ts";

const signal = new AbortController().signal;
const KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";

describe("staking", () => {
  test("to the compute-second, seen in any spelling of the address, locked for its time", async () => {
    const { ready, log } = await devnet();
    const books = createChainBooks({ rpcUrl: ready.chainRpcUrl });
    const wallet = openWallet(KEY);
    expect(await books.stakes(wallet.address, signal)).toEqual({ total: parseDecimal("AIT", 0), stakes: [] });
    const { stakeId, lockedUntil } = await books.stake(wallet, parseDecimal("AIT", "100.5"), 30, signal);
    expect(Math.abs((lockedUntil ?? 0) - Date.now() - 30 * DAY)).toBeLessThan(MINUTE);
    expect(log().find(({ event }) => event === "staked")).toMatchObject({
      amount: "361800",
      providerId: wallet.address,
    });
    for (const prefix of ["0x", "ait1", "aitbc1"]) {
      const spelled = wallet.address.replace("0x", prefix);
      expect(await books.stakes(spelled, signal)).toMatchObject({
        total: parseDecimal("AIT", "100.5"),
        stakes: [{ stakeId, amount: parseDecimal("AIT", "100.5"), status: "active" }],
      });
    }
    await expect(books.unstake(wallet, stakeId, signal)).rejects.toMatchObject({
      actor: "market",
      message: expect.stringMatching(/locked until/),
    });
    expect(await books.bonds(wallet.address, signal)).toEqual([]);
  });

  test("is refused under another key's signature, and for amounts the chain can't hold", async () => {
    const { ready } = await devnet();
    const books = createChainBooks({ rpcUrl: ready.chainRpcUrl });
    const wallet = openWallet(KEY);
    const forger = openWallet("11".repeat(32));
    const forged = { address: wallet.address, sign: forger.sign };
    await expect(books.stake(forged, parseDecimal("AIT", 1), 30, signal)).rejects.toMatchObject({
      code: "NOT_AUTHORIZED",
    });
    for (const amount of ["0", "-1", "0.00000001"]) {
      await expect(
        books.stake(wallet, parseDecimal("AIT", amount), 30, signal),
        amount,
      ).rejects.toMatchObject({ code: "BAD_AMOUNT" });
    }
  });
});

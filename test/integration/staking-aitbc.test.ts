/** Stakes on AITBC's chain, signed here and checked by the embedded chain's own reading of the signature. */
import { describe, expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { createAitbcAdapter } from "../../src/engine/market/aitbc/adapter.ts";
import { createChainBooks } from "../../src/engine/market/aitbc/chain.ts";
import { openWallet } from "../../src/engine/market/aitbc/wallet.ts";
import { MarketSession } from "../../src/engine/market/session.ts";
import { WorkBoard } from "../../src/engine/work/board.ts";
import { RunControl } from "../../src/engine/work/run-control.ts";
import { DAY, MINUTE } from "../../src/shared/durations.ts";
import { parseDecimal, toMoneyValue } from "../../src/shared/money.ts";
import { devnet, MINER_API_KEY } from "../support/devnet.ts";
import { faultProxy } from "../support/fault-proxy.ts";
import { tempFolder } from "../support/temp-folder.ts";

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

describe("a stake whose answer is lost", () => {
  const one = parseDecimal("AIT", 1);
  async function behindProxy() {
    const market = await devnet();
    const { address } = openWallet(KEY);
    const chain = await faultProxy(market.ready.chainRpcUrl);
    const { account } = createAitbcAdapter({
      ...{ coordinatorUrl: market.ready.coordinatorUrl, coordinatorKey: MINER_API_KEY },
      ...{ gpuUrl: null, gpuKey: null, rpcUrl: chain.url, minerId: "rig-7", nodeId: null, region: null },
      ...{ wallet: address, walletKey: KEY, receiptKeyId: null },
    });
    const staked = () => market.log().filter(({ event }) => event === "staked").length;
    return { chain, staked, account: account ?? fail("AITBC has an account here") };
  }

  test("is found on the chain: a person is not told to stake twice", async () => {
    const { chain, staked, account } = await behindProxy();
    await account.stake(one, signal);
    chain.inject(/POST \/rpc\/staking\/stake/, { kind: "lose-answer" });
    const standing = await account.stake(one, signal);
    expect(standing.stake.total).toEqual(toMoneyValue(parseDecimal("AIT", 2)));
    expect(staked()).toBe(2);
  });

  test("is unclear when it never arrived, whatever stake of that size was there before", async () => {
    const { chain, staked, account } = await behindProxy();
    await account.stake(one, signal);
    chain.inject(/POST \/rpc\/staking\/stake/, { kind: "reset" });
    await expect(account.stake(one, signal)).rejects.toMatchObject({ code: "ORDER_UNCLEAR" });
    expect(staked()).toBe(1);
  });

  test("stands as the chain answered it, although the look after it fails", async () => {
    const { chain, staked, account } = await behindProxy();
    await account.standing(signal);
    chain.inject(/\/rpc\/bond\//, { kind: "answer", status: 503 }, 99);
    const standing = await account.stake(one, signal);
    expect(standing.stake).toMatchObject({
      total: toMoneyValue(one),
      parts: [{ kind: "stake", amount: toMoneyValue(one), status: "active" }],
    });
    expect(staked()).toBe(1);
  });
});

describe("the account at the chain", () => {
  test("stakes, shows what stands, and every change is in the ledger", async () => {
    const { ready } = await devnet();
    const { address } = openWallet(KEY);
    let clock = Date.now();
    const now = () => clock;
    const adapter = createAitbcAdapter(
      {
        coordinatorUrl: ready.coordinatorUrl,
        coordinatorKey: MINER_API_KEY,
        gpuUrl: null,
        gpuKey: null,
        rpcUrl: ready.chainRpcUrl,
        minerId: "rig-7",
        nodeId: null,
        region: null,
        wallet: address.replace("0x", "ait1"),
        walletKey: KEY,
        receiptKeyId: null,
      },
      { now },
    );
    const account = adapter.account ?? fail("AITBC has an account where wallet and chain are known");
    const ledger = await Ledger.open(tempFolder());
    onTestFinished(() => ledger.close());
    const board = new WorkBoard({ ledger, admit: () => ({ kind: "admit" }), now });
    const control = new RunControl({ ledger, board, now, killRuntimes: () => undefined }, "running");
    const profile = () => ({ name: "box", region: null, concurrency: 1, models: [], devices: [] });
    const session = new MarketSession({ adapter, board, control, ledger, profile, now, quota: () => 1 });

    await session.refreshStanding(signal);
    expect(session.standing).toMatchObject({ state: "eligible", stake: { parts: [] }, reasons: [] });
    const amount = parseDecimal("AIT", "100.5");
    const staked = await account.stake(amount, signal);
    expect(staked.stake).toMatchObject({
      total: toMoneyValue(amount),
      parts: [{ kind: "stake", amount: toMoneyValue(amount), status: "active" }],
    });
    await session.refreshStanding(signal);
    expect(ledger.stakes.of("aitbc")).toMatchObject([{ kind: "stake", amount, endedAt: null }]);
    expect(ledger.activity.list({ type: "stake-changed" }, { limit: 5 }).events).toMatchObject([
      { market: "aitbc", text: expect.stringMatching(/^A stake of 100\.50 AIT appeared/) },
    ]);

    await expect(account.unstake(parseDecimal("AIT", 1), signal)).rejects.toMatchObject({
      code: "NO_SUCH_STAKE",
      help: "None is free yet.",
    });
    clock += 31 * DAY;
    await expect(account.unstake(parseDecimal("AIT", 1), signal)).rejects.toMatchObject({
      help: "Free are 100.50 AIT.",
    });
    expect(await account.balance(signal)).toMatchObject({ market: "aitbc", lastSettlementEpoch: null });
  });

  test("without a key says so, and a chain that is away stops nobody from working", async () => {
    const { ready } = await devnet();
    const { address } = openWallet(KEY);
    const config = {
      coordinatorUrl: ready.coordinatorUrl,
      coordinatorKey: MINER_API_KEY,
      gpuUrl: null,
      gpuKey: null,
      rpcUrl: ready.chainRpcUrl,
      minerId: "rig-7",
      nodeId: null,
      region: null,
      wallet: address,
      receiptKeyId: null,
    };
    const one = parseDecimal("AIT", 1);
    await expect(createAitbcAdapter(config).account?.stake(one, signal)).rejects.toMatchObject({
      code: "NO_WALLET_KEY",
      actor: "user",
    });
    const another = { ...config, walletKey: "11".repeat(32) };
    await expect(createAitbcAdapter(another).account?.stake(one, signal)).rejects.toMatchObject({
      code: "WALLET_MISMATCH",
    });
    const gone = createAitbcAdapter({ ...config, rpcUrl: "http://127.0.0.1:9" });
    await expect(gone.account?.standing(signal)).rejects.toMatchObject({
      code: "CHAIN_UNREADABLE",
      retryable: true,
    });
    expect(createAitbcAdapter({ ...config, wallet: null }).account).toBeUndefined();
    expect(createAitbcAdapter({ ...config, rpcUrl: null }).account).toBeUndefined();
  });
});

function fail(why: string): never {
  throw new Error(why);
}

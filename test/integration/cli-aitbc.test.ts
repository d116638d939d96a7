/** `bellows aitbc …` in this process, against the embedded services: what a script sees, and with which exit code. */
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { runCli } from "../../src/cli/program.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { openWallet } from "../../src/engine/market/aitbc/wallet.ts";
import { devnet, MINER_API_KEY, post, type TestDevnet } from "../support/devnet.ts";
import { tempFolder } from "../support/temp-folder.ts";

const GPU_KEY = "gpu-service-key-0123456789";
const WALLET_KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";

function cliFor(market: TestDevnet, more: Record<string, string> = {}) {
  const env = {
    BELLOWS_DATA_DIR: tempFolder(),
    AITBC_GPU_URL: market.ready.gpuUrl ?? "",
    AITBC_COORDINATOR_URL: market.ready.coordinatorUrl,
    AITBC_RPC_URL: market.ready.chainRpcUrl,
    AITBC_API_KEY: GPU_KEY,
    AITBC_COORDINATOR_KEY: MINER_API_KEY,
    AITBC_MINER_ID: "rig-7",
    ...more,
  };
  return async (...args: string[]) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const terminal = new Terminal({
      stdout: stdout as unknown as NodeJS.WriteStream,
      stderr: stderr as unknown as NodeJS.WriteStream,
      debug: false,
    });
    const code = await runCli(["aitbc", ...args], {
      terminal,
      env,
      paths: locatePaths(),
      startedAt: Date.now(),
      now: Date.now,
    });
    const text = String(stdout.read() ?? "");
    const json: unknown = args.includes("--json") && code === 0 ? JSON.parse(text) : null;
    return { code, text, json, error: String(stderr.read() ?? "") };
  };
}

test("the guide's calls, each as one line of JSON", async () => {
  const market = await devnet({ aitbcDialect: "today", gpuApiKey: GPU_KEY });
  const bellows = cliFor(market);
  expect((await bellows("health", "--json")).json).toMatchObject({
    gpu_service: { dialect: "today", ready: true },
    coordinator: { live: true },
    chain: { chain_id: "ait-hub" },
  });
  expect((await bellows("register", "--json")).json).toMatchObject({
    miner_id: "rig-7",
    gpu_service: { minerId: "rig-7" },
  });
  const offer = {
    type: "gpu_marketplace",
    action: "offer",
    offer_id: "g1",
    provider_node_id: "rig-7",
    price_per_gpu: 12.5,
  };
  await post(
    `${market.ready.gpuUrl}/v1/transactions`,
    { ...offer, status: "booked" },
    { "x-api-key": GPU_KEY },
  );
  expect((await bellows("heartbeat", "--json")).json).toMatchObject({
    gpu_service: { kind: "withheld", gpuId: "g1", status: "booked" },
    coordinator: { kind: "sent" },
  });
  expect((await bellows("gpus", "--json")).json).toEqual([
    expect.objectContaining({
      board: "gpu-service",
      id: "g1",
      status: "booked",
      price_per_hour: "12.50000000",
    }),
  ]);
  expect((await bellows("gpus")).text).toMatch(/gpu-service {2}g1 .* 12\.50 AIT\/h {2}booked/);
  expect((await bellows("capabilities", "--set", '{"max_batch_size":32}', "--json")).json).toEqual({
    capabilities: { max_batch_size: 32 },
  });
  expect((await bellows("profiles", "--architecture", "ampere", "--json")).json).toMatchObject([
    { memory_gb: 12 },
  ]);
  expect((await bellows("scan", "--json")).json).toMatchObject({
    discovery_method: "database_fallback",
    registered: 1,
  });
  expect((await bellows("metrics", "g1", "--json")).json).toEqual([]);
  expect((await bellows("earnings", "--json")).json).toMatchObject({
    gpu_service: { currency: "AITBC" },
    coordinator: [],
  });
  const health = (await bellows("health")).text;
  expect(health).toMatch(/^gpu service {2}answers\S* {2,}of today's era/m);
  expect(health).toMatch(/^chain node {3}answers {2,}chain ait-hub$/m);
  const earnings = (await bellows("earnings")).text;
  expect(earnings).toMatch(/^GPU rent {2}[\d.]+ AIT in all, [\d.]+ AIT pending$/m);
  expect(earnings).toContain("The coordinator lists no paid job yet.");
  expect(health + earnings).not.toContain("{");
  expect((await bellows("deregister", "--json")).json).toMatchObject({ coordinator: "deregistered" });
});

test("the same in words, and no line of it is JSON", async () => {
  const market = await devnet({ aitbcDialect: "today", gpuApiKey: GPU_KEY });
  const bellows = cliFor(market);
  const words = async (...args: string[]) => {
    const { code, text, error } = await bellows(...args);
    expect(code, error).toBe(0);
    expect(text).not.toMatch(/[{}[\]"]/);
    return text;
  };
  expect(await words("register")).toBe(
    "Machine      rig-7\ngpu service  registered\ncoordinator  registered; the engine adds GPUs and models when it runs\n",
  );
  expect(await words("heartbeat")).toMatch(/^gpu service {2}sent\ncoordinator {2}sent$/m);
  expect(await words("scan")).toMatch(/^Registered +\d+$/m);
  expect(await words("metrics", "g1")).toBe("The service keeps none for this GPU.\n");
  const told = await words("capabilities", "--set", '{"max_batch_size":32,"gpus":{"kinds":["a","b"]}}');
  expect(told).toBe("The service took note of:\nmax_batch_size  32\ngpus.kinds      a, b\n");
  expect(await words("deregister")).toMatch(/^coordinator {2}deregistered$/m);
});

test("stakes are signed with the wallet's key, which never shows", async () => {
  const market = await devnet();
  const wallet = openWallet(WALLET_KEY).address.replace("0x", "ait1");
  const bellows = cliFor(market, {
    AITBC_WALLET_KEY: WALLET_KEY,
    AITBC_WALLET: wallet,
    AITBC_GPU_URL: "",
    AITBC_API_KEY: "",
  });
  const staked = await bellows("stake", "--amount", "100", "--days", "7", "--json");
  expect(staked.json).toMatchObject({ amount: "100.00", stake_id: expect.stringMatching(/^stake_/) });
  expect((await bellows("stakes", "--json")).json).toMatchObject({
    total: "100.00",
    stakes: [{ amount: "100.00" }],
    bonds: [],
  });
  const { stake_id } = staked.json as { stake_id: string };
  const early = await bellows("unstake", stake_id);
  expect(early.code).toBe(1);
  expect(early.error).toMatch(/locked until/);
  const other = cliFor(market, {
    AITBC_WALLET_KEY: "11".repeat(32),
    AITBC_WALLET: wallet,
    AITBC_GPU_URL: "",
    AITBC_API_KEY: "",
  });
  const mismatch = await other("stake", "--amount", "1");
  expect(mismatch.code).toBe(1);
  expect(mismatch.error).toMatch(/not of AITBC_WALLET/);
  expect(staked.text + early.error + mismatch.error).not.toContain(WALLET_KEY);
});

test("exit codes a script can use", async () => {
  const market = await devnet({ aitbcDialect: "guide" });
  const bellows = cliFor(market);
  expect((await bellows("offers")).code).toBe(3);
  expect((await bellows("offer", "--price", "10")).code).toBe(3);
  expect((await bellows("offer", "--price", "-1")).code).toBe(2);
  expect((await bellows("offer")).code).toBe(2);
  expect((await bellows("capabilities", "--set", "[]")).code).toBe(2);
  const nowhere = cliFor(market, {
    AITBC_GPU_URL: "",
    AITBC_COORDINATOR_URL: "",
    AITBC_API_KEY: "",
    AITBC_COORDINATOR_KEY: "",
  });
  expect(await nowhere("gpus")).toMatchObject({ code: 2, error: expect.stringMatching(/not configured/) });
  const swapped = cliFor(market, { AITBC_GPU_URL: market.ready.coordinatorUrl });
  expect(await swapped("health")).toMatchObject({
    code: 1,
    error: expect.stringMatching(/not an AITBC gpu service/),
  });
});

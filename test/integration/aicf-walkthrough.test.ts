/**
 * AICF's provider guide, typed command by command (§1 register and stake, §4–5 the worker, §6 smoke test, §11 quick
 * sheet), with `bellows aicf` in the place of the guide's modules, against the devnet, down to a payout.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { guideCommands } from "../support/aicf-guide.ts";
import { bellows, RunningDemo, startBellows } from "../support/bellows.ts";
import { bellowsOnPath } from "../support/checkout.ts";
import { tempFolder } from "../support/temp-folder.ts";

const PROVIDER_ID = "prov_01ce5b7f";
/** Of one unit, at upstream's price of 1,000,000 nano, the provider has 80 %. */
const SHARE = 800_000n;

test(
  "from a new key to a payout, as the guide has it",
  async () => {
    const data = tempFolder();
    const market = startBellows(
      [
        ...["devnet", "--data", data, "--demand", "0", "--epoch", "1h", "--json"],
        ...["--coordinator-port", "0", "--chain-port", "0", "--queue-port", "0", "--node-port", "0"],
      ],
      {},
    );
    await expect.poll(() => market.stdout(), { timeout: 20 * SECOND }).toContain("\n");
    const addresses = JSON.parse(market.stdout()) as Record<string, string>;
    // §1.2 and §3: the guide's own environment, with this devnet's addresses.
    const env = {
      RPC_URL: addresses.RPC_URL,
      AICF_QUEUE_URL: addresses.AICF_QUEUE_URL,
      CHAIN_ID: addresses.CHAIN_ID,
      PROVIDER_ID,
      PROVIDER_NAME: "ZetaGPU Labs",
      PROVIDER_REGION: "us-west-2",
      PROVIDER_ENDPOINT: "https://provider.zetagpu.example/api",
      GPU_BACKEND: "cpu",
      MAX_CONCURRENCY: "2",
      BATCH_SIZE: "8",
      BELLOWS_KEY_PASSPHRASE: "correct horse battery staple",
    };
    const rpc = ["--rpc", addresses.RPC_URL ?? "", "--chain-id", addresses.CHAIN_ID ?? ""];
    const run = async (...args: string[]) => {
      const done = await bellows([...args, "--data", data], env);
      expect({ args, code: done.code, stderr: done.stderr }).toMatchObject({ code: 0 });
      return done.stdout;
    };
    const json = async (...args: string[]) => JSON.parse(await run(...args, "--json"));

    // 1.1 Generate a provider key; its backup is proved before anything is staked.
    expect(await run("identity", "new")).toContain("A new provider key was made.");
    const { words } = await json("identity", "export", "--phrase");

    // 1.2 Register the provider.
    const registered = await run(
      ...["aicf", "provider-register", ...rpc, "--id", PROVIDER_ID, "--name", "ZetaGPU Labs"],
      ...["--caps", "AI", "--endpoint", "https://provider.zetagpu.example/api", "--region", "us-west-2"],
    );
    expect(registered).toContain("the market wants 100.00 ANM. Stake 100.00 ANM more");

    // 1.3 Stake funds, check status.
    const stake = ["aicf", "provider-stake", ...rpc, "--id", PROVIDER_ID, "--amount", "100000000000"];
    const refused = await bellows([...stake, "--data", data], env);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("bellows identity check") });
    const paper = join(data, "phrase.txt");
    writeFileSync(paper, words.join("\n"));
    expect(await run("identity", "check", "--phrase", paper)).toContain("gives the key in use");
    expect(await run(...stake)).toContain("Staked 100.00 ANM.");
    const status = await run("aicf", "provider-heartbeat", ...rpc, "--id", PROVIDER_ID, "--print");
    expect(status).toContain("The market has not heard a heartbeat from this provider yet");
    expect(status).toContain("No lease is held.");

    // 5 The worker.
    const worker = startBellows(["serve", "--data", data, "--port", "0", "--no-dashboard"], {
      ...env,
      METRICS_PORT: "0",
    });
    /** A block of the guide, pasted into a shell. */
    const typed = (commands = "") => {
      const { status, stdout, stderr } = spawnSync("sh", ["-euc", commands], {
        env: {
          ...process.env,
          ...env,
          BELLOWS_DATA_DIR: data,
          PATH: `${bellowsOnPath()}:${process.env.PATH}`,
        },
        encoding: "utf8",
      });
      expect(status, `${commands}\n${stderr}`).toBe(0);
      return stdout;
    };
    const standing = async () => (await json("aicf", "provider-heartbeat", ...rpc, "--print")).standing;
    await expect.poll(async () => (await standing()).reasons, { timeout: 30 * SECOND }).toEqual([]);

    // 6 Smoke test: the queue, a job, its completion.
    const { engine } = await new RunningDemo(data, worker, "live").until(
      ({ engine }) => engine.metricsUrl != null,
      "its metrics",
    );
    const [look, submit, inspectPayouts] = guideCommands([
      ["http://localhost:9108/metrics", engine.metricsUrl ?? ""],
    ]);
    const looked = typed(look);
    expect(looked).toMatch(/^aicf_heartbeat_total\{/m);
    expect(looked).toMatch(/^aicf_provider_queue_poll_interval_seconds /m);
    expect(looked).toContain("No job matches.");
    const jobId = typed(submit).trim();
    expect(jobId).toMatch(/^0x[0-9a-f]{64}$/);
    await expect
      .poll(async () => (await json("aicf", "queue-list", ...rpc)).jobs, { timeout: 40 * SECOND })
      .toEqual([expect.objectContaining({ id: jobId, status: "completed", provider_id: PROVIDER_ID })]);

    // 11 Quick sheet: providers, leases, settlement.
    expect(await run("aicf", "queue-list", ...rpc, "--providers")).toMatch(
      /prov_01ce5b7f +ZetaGPU Labs +active/,
    );
    expect(await run("aicf", "provider-heartbeat", ...rpc, "--id", PROVIDER_ID, "--print")).toContain(
      "it may be given work",
    );
    const settled = await json("aicf", "settle-epoch", ...rpc);
    expect(settled).toMatchObject({ payouts: 1, amount: String(SHARE) });

    // 6 The payout: the worker claims it, inspection shows it job by job.
    const inspect = () => json("aicf", "payouts-inspect", ...rpc, "--provider", PROVIDER_ID);
    await expect
      .poll(async () => (await inspect()).balance.available.minor, { timeout: 30 * SECOND })
      .toBe(String(SHARE));
    expect((await inspect()).payouts).toEqual([
      expect.objectContaining({
        job_id: jobId,
        amount: String(SHARE),
        gross: "1000000",
        epoch: settled.epoch,
      }),
    ]);

    expect(typed(inspectPayouts)).toContain(jobId.slice(0, 10));

    worker.child.kill("SIGTERM");
    expect(await worker.exited).toBe(0);

    // The way out: what is released stops counting at once.
    const leaving = await run(
      "aicf",
      "provider-withdraw",
      ...rpc,
      "--id",
      PROVIDER_ID,
      "--amount",
      "100000000000",
    );
    expect(leaving).toContain("7200 blocks from now");
    expect(leaving).toContain("The stake that counts is 0.00 ANM");
  },
  3 * MINUTE,
);

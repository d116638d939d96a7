/** What the Fleet screen is told, through the contract of a real engine, of two more real engines and one that is not there. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { PASSPHRASE_VARIABLE } from "../../src/engine/identity/identity.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { bellows, RunningDemo, startBellows } from "../support/bellows.ts";
import { CHAIN_ID, devnet, MINER_API_KEY } from "../support/devnet.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** `bellows serve`, as systemd starts it, in a process of its own. */
function serve(market: { queueUrl: string; nodeUrl: string }, env: NodeJS.ProcessEnv = {}): RunningDemo {
  const folder = tempFolder();
  const started = startBellows(["serve", "--data", folder, "--port", "0"], {
    AICF_QUEUE_URL: market.queueUrl,
    RPC_URL: market.nodeUrl,
    CHAIN_ID: String(CHAIN_ID),
    GPU_BACKEND: "cpu",
    METRICS_PORT: "0",
    BELLOWS_AUTO_STAKE: "100",
    BELLOWS_STAKE_WITHOUT_BACKUP: "1",
    [PASSPHRASE_VARIABLE]: "correct horse battery staple",
    ...env,
  });
  onTestFinished(() => void started.child.kill("SIGKILL"));
  return new RunningDemo(folder, started, "live");
}

const earned = (demo: RunningDemo) =>
  demo.until(({ throughput }) => throughput.acceptedTotal > 0, "a result", 2 * MINUTE);

describe("the fleet of a running engine", () => {
  it("is three processes and a dead address, read through the contract; one that dies is kept as it was", {
    timeout: 5 * MINUTE,
  }, async () => {
    const market = await devnet({
      epochMs: 2 * SECOND,
      minerApiKey: MINER_API_KEY,
      demand: { jobsPerSecond: 4, maxQueued: 16, markets: ["aicf"], seed: 11 },
    });
    const desk = serve(market.ready);
    const [byFolder, byMetrics] = [serve(market.ready), serve(market.ready)];
    const [, , third] = await Promise.all([earned(desk), earned(byFolder), earned(byMetrics)]);

    expect((await desk.state()).engine.hasFleet).toBe(false);
    expect(await desk.invoke("fleet.read", {})).toMatchObject({ source: null, machines: [] });

    // As a person does: the file into the data folder, then "look now".
    const file = join(desk.folder, "fleet.toml");
    writeFileSync(
      file,
      [
        `[[workers]]\nname = "this one"\ncontrol = ${JSON.stringify(join(desk.folder, "live/control.json"))}`,
        `[[workers]]\nname = "by folder"\ndata = ${JSON.stringify(byFolder.folder)}`,
        `[[workers]]\nname = "by metrics"\nmetrics = ${JSON.stringify(third.engine.metricsUrl)}`,
        `[[workers]]\nname = "dead"\nmetrics = "http://ada:open-sesame@127.0.0.1:1/metrics"`,
      ].join("\n"),
    );
    const first = await desk.invoke("fleet.read", {});
    expect(first.source).toEqual({ file, prometheus: null });
    expect(first.machines.map(({ name, error }) => [name, error?.code ?? null])).toEqual([
      ["this one", null],
      ["by folder", null],
      ["by metrics", null],
      ["dead", "WORKER_SILENT"],
    ]);
    expect(first.summary).toMatchObject({ workers: 4, reached: 3 });
    const sum = first.machines.reduce((total, { last }) => total + (last?.facts.accepted ?? 0), 0);
    expect(first.summary.accepted).toBe(sum);
    expect(sum).toBeGreaterThanOrEqual(3);
    for (const { last } of first.machines.slice(0, 3))
      expect(last?.facts.service.find(({ name }) => name === "availability")?.unit).toBe("ratio");
    expect((await desk.state()).engine.hasFleet).toBe(true);

    // No token or password leaves the engine, neither to the screen nor into its log.
    const { token } = JSON.parse(readFileSync(join(desk.folder, "live/control.json"), "utf8")) as {
      token: string;
    };
    const told = JSON.stringify(first) + desk.process.stdout() + desk.process.stderr();
    expect(told).not.toContain(token);
    expect(told).not.toContain("open-sesame");

    byFolder.process.child.kill("SIGKILL");
    await byFolder.process.exited;
    await expect
      .poll(async () => (await desk.invoke("fleet.read", {})).machines[1], {
        timeout: MINUTE,
        interval: SECOND,
      })
      .toMatchObject({ error: { code: "ENGINE_NOT_RUNNING" }, last: { facts: { mode: "live" } } });

    // The command line reads the same inventory where none lies in the folder it is typed in.
    const table = await bellows(["fleet", "--data", desk.folder]);
    expect([table.code, table.stdout]).toEqual([4, expect.stringContaining("2 of 4 workers reached")]);

    // Another place, said in the app: it has to be one, and a wrong file is named with what is wrong.
    await expect(desk.invoke("settings.set", { patch: { "fleet.file": "fleet.txt" } })).rejects.toThrowError(
      /ends neither in .toml nor in .yaml/,
    );
    await desk.invoke("settings.set", { patch: { "fleet.file": "elsewhere.yaml" } });
    await expect(desk.invoke("fleet.read", {})).rejects.toThrowError(/elsewhere\.yaml is not there/);
    writeFileSync(join(desk.folder, "elsewhere.yaml"), "workers:\n  - name: a\n    metrik: http://a\n");
    await expect(desk.invoke("fleet.read", {})).rejects.toThrowError(
      /metrik.*Did you mean metrics\?|Did you mean/,
    );
  });
});

/** `bellows fleet` over five running engines, each read another way, and one that is not there. */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { loadConfig } from "../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { type Engine, startEngine } from "../../src/engine/engine.ts";
import { PASSPHRASE_VARIABLE } from "../../src/engine/identity/identity.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { bellows } from "../support/bellows.ts";
import { CHAIN_ID, devnet, MINER_API_KEY } from "../support/devnet.ts";
import { tempFolder } from "../support/temp-folder.ts";

const PASSPHRASE = "correct horse battery staple";

const AnswerSchema = z.object({
  summary: z.object({
    workers: z.number(),
    reached: z.number(),
    accepted: z.number(),
    settled: z.array(z.object({ currency: z.string(), minor: z.string() })),
    pending: z.array(z.object({ currency: z.string(), minor: z.string() })),
  }),
  workers: z.array(
    z.object({
      name: z.string(),
      readBy: z.string(),
      reached: z.boolean(),
      error: z.object({ code: z.string() }).optional(),
      facts: z
        .object({
          version: z.string(),
          intent: z.string(),
          accepted: z.number(),
          markets: z.array(z.object({ market: z.string(), connected: z.boolean() })),
          service: z.array(z.object({ name: z.string(), state: z.string() })),
          models: z.array(z.string()).nullable(),
        })
        .optional(),
    }),
  ),
});

async function worker(queueUrl: string, nodeUrl: string): Promise<{ engine: Engine; folder: string }> {
  const folder = tempFolder();
  const env = {
    AICF_QUEUE_URL: queueUrl,
    RPC_URL: nodeUrl,
    CHAIN_ID: String(CHAIN_ID),
    GPU_BACKEND: "cpu",
    METRICS_PORT: "0",
    BELLOWS_PORT: "0",
    BELLOWS_AUTO_STAKE: "100",
    BELLOWS_STAKE_WITHOUT_BACKUP: "1",
    BELLOWS_DATA_DIR: folder,
    [PASSPHRASE_VARIABLE]: PASSPHRASE,
  };
  const config = loadConfig({ env, flags: {}, paths: locatePaths() });
  const engine = await startEngine(config, new ForkProcessHost());
  onTestFinished(() => engine.shutdown());
  return { engine, folder };
}

/** The near end of a tunnel: another port than the engine's, everything else untouched. */
async function tunnel(to: string): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url = "/", headers } = incoming;
    const sent = request(new URL(url, to), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(sent);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test(
  "five engines by data folder, control file, tunnel and metrics: one table, sums that are the workers' own",
  async () => {
    process.env[PASSPHRASE_VARIABLE] = PASSPHRASE;
    onTestFinished(() => {
      delete process.env[PASSPHRASE_VARIABLE];
    });
    const market = await devnet({
      epochMs: 2 * SECOND,
      minerApiKey: MINER_API_KEY,
      demand: { jobsPerSecond: 6, maxQueued: 16, markets: ["aicf"], seed: 7 },
    });
    const { queueUrl, nodeUrl } = market.ready;
    const workers = await Promise.all(Array.from({ length: 5 }, () => worker(queueUrl, nodeUrl)));
    const [byFolder, byControl, byTunnel, byMetrics, paused] = workers;
    if (!byFolder || !byControl || !byTunnel || !byMetrics || !paused) throw new Error("five were started");
    await paused.engine.handlers["run.pause"]({});
    const control = (folder: string) => join(folder, "live", "control.json");
    const { url } = JSON.parse(readFileSync(control(byTunnel.folder), "utf8")) as { url: string };
    const metricsUrl = byMetrics.engine.snapshot().state.engine.metricsUrl;
    const folder = tempFolder();
    const file = join(folder, "fleet.yaml");
    writeFileSync(
      file,
      JSON.stringify({
        workers: [
          { name: "office", data: byFolder.folder },
          { name: "rack-1", control: control(byControl.folder) },
          { name: "rack-2", control: control(byTunnel.folder), url: await tunnel(url) },
          { name: "rack-3", metrics: metricsUrl },
          { name: "attic", data: paused.folder },
          { name: "gone", metrics: "http://127.0.0.1:1/metrics" },
        ],
      }),
    );
    // Everybody else has had work and has been paid some of it.
    const busy = [byFolder, byControl, byTunnel, byMetrics];
    const settled = ({ engine }: (typeof busy)[number]) =>
      BigInt(engine.snapshot().state.earnings[0]?.settledTotal.minor ?? "0");
    await expect.poll(() => busy.every((each) => settled(each) > 0n), { timeout: 2 * MINUTE }).toBe(true);
    for (const { engine } of busy) await engine.handlers["run.finish"]({});
    const stands = () =>
      workers.every(({ engine }) => {
        const { engine: view, earnings, markets } = engine.snapshot().state;
        const paid = earnings[0]?.pendingTotal.minor === "0" && markets[0]?.leasesHeld === 0;
        return paid && view.intent === (engine === paused.engine ? "paused" : "stopped");
      });
    await expect.poll(stands, { timeout: 2 * MINUTE }).toBe(true);

    const { code, stdout, stderr } = await bellows(["fleet", "-f", file, "--json"]);
    expect(code, stderr).toBe(4); // One is gone.
    const { summary, workers: reports } = AnswerSchema.parse(JSON.parse(stdout));
    expect(reports.map(({ name, readBy, reached }) => [name, readBy, reached])).toEqual([
      ["office", "data", true],
      ["rack-1", "control", true],
      ["rack-2", "control", true],
      ["rack-3", "metrics", true],
      ["attic", "data", true],
      ["gone", "metrics", false],
    ]);
    expect(reports[5]?.error?.code).toBe("WORKER_SILENT");
    expect(reports[4]?.facts?.intent).toBe("paused");
    for (const report of reports.slice(0, 4)) {
      expect(report.facts).toMatchObject({ intent: "stopped", markets: [{ market: "aicf" }] });
      expect(report.facts?.service.map(({ name }) => name)).toContain("availability");
    }
    const all = workers.map(({ engine }) => engine.snapshot().state);
    expect(summary).toMatchObject({
      workers: 6,
      reached: 5,
      accepted: all.reduce((sum, { throughput }) => sum + throughput.acceptedTotal, 0),
      settled: [{ currency: "ANM", minor: String(workers.reduce((sum, each) => sum + settled(each), 0n)) }],
      pending: [{ currency: "ANM", minor: "0" }],
    });

    const table = (await bellows(["fleet", "-f", file])).stdout;
    expect(table).toMatch(/^office +\w+ +\d/m);
    expect(table).toMatch(/^gone +not reached +–/m);
    expect(table).toContain("gone: 127.0.0.1:1 does not answer (ECONNREFUSED).");
    expect(table).toContain("5 of 6 workers reached");
  },
  5 * MINUTE,
);

test("an inventory that is not there is an error of usage", async () => {
  const { code, stderr } = await bellows(["fleet", "-f", join(tempFolder(), "nowhere.toml")]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/nowhere\.toml is not there\. Write one/)]);
});

/** A Prometheus that knows two workers, of one job only. Its address, and what it was asked. */
async function prometheusOf(job: string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const query = new URL(incoming.url ?? "", "http://prometheus").searchParams.get("query") ?? "";
    asked.push(query);
    const series = (instance: string, name: string, labels: Record<string, string> = {}) => ({
      metric: { __name__: name, job, instance, ...labels },
      value: [0, "1"],
    });
    const result = ["rack-1:9108", "rack-2:9108"].flatMap((instance) => [
      series(instance, "up"),
      series(instance, "bellows_build_info", { version: "1.0.0", mode: "live" }),
      series(instance, "bellows_intent", { intent: "running" }),
      series(instance, "bellows_headline", { level: "earning" }),
    ]);
    const data = { resultType: "vector", result: query.includes(`job="${job}"`) ? result : [] };
    outgoing.end(JSON.stringify({ status: "success", data }));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

test("a Prometheus is asked for the scrape job it is told; one that knows nobody of it is a fault, exit code 4", async () => {
  const { url, asked } = await prometheusOf("aicf_provider");
  const file = join(tempFolder(), "fleet.toml");
  writeFileSync(file, `[prometheus]\nurl = "${url}"\njob = "aicf_provider"\n`);

  const [usual, named, written, overridden] = await Promise.all([
    bellows(["fleet", "--prometheus", url]),
    bellows(["fleet", "--prometheus", url, "--job", "aicf_provider", "--json"]),
    bellows(["fleet", "-f", file]),
    bellows(["fleet", "-f", file, "--job", "nobody", "--json"]),
  ]);
  expect(usual.code, usual.stderr).toBe(4);
  expect(usual.stdout).toContain(
    `Prometheus at ${url} scrapes no worker under the job "bellows". Name its job with --job NAME`,
  );
  expect(named.code, named.stdout + named.stderr).toBe(0);
  expect(AnswerSchema.parse(JSON.parse(named.stdout)).workers.map(({ name }) => name)).toEqual([
    "rack-1:9108",
    "rack-2:9108",
  ]);
  expect([written.code, written.stdout]).toEqual([0, expect.stringContaining("2 of 2 workers reached")]);
  expect([overridden.code, JSON.parse(overridden.stdout)]).toMatchObject([
    4,
    { workers: [], prometheusError: { code: "NOBODY_SCRAPED" } },
  ]);
  expect(asked.map((query) => /job="([^"]*)"/.exec(query)?.[1]).sort()).toEqual([
    "aicf_provider",
    "aicf_provider",
    "bellows",
    "nobody",
  ]);
});

test("a Prometheus that is no address, and a job without a Prometheus, are errors of usage", async () => {
  const file = join(tempFolder(), "fleet.toml");
  writeFileSync(file, '[[workers]]\nname = "a"\ndata = "a"\n');
  const [noAddress, noPrometheus] = await Promise.all([
    bellows(["fleet", "--prometheus", "notaurl"]),
    bellows(["fleet", "-f", file, "--job", "x"]),
  ]);
  expect([noAddress.code, noAddress.stderr]).toEqual([
    2,
    expect.stringMatching(
      /--prometheus "notaurl" is no http:\/\/ or https:\/\/ address\. Write it like http/,
    ),
  ]);
  expect([noPrometheus.code, noPrometheus.stderr]).toEqual([
    2,
    expect.stringMatching(
      /--job names a scrape job of a Prometheus, and none is read here\. Add --prometheus/,
    ),
  ]);
});

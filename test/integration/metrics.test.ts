/** Metrics as an operator meets them: a running engine, promtool, and a Prometheus that scrapes and answers. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import { prometheusTool } from "../../scripts/setup/prometheus.mjs";
import { parseSamples } from "../../src/engine/fleet/samples.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { guideBlock } from "../support/aicf-guide.ts";
import { bellows, RunningDemo, startBellows } from "../support/bellows.ts";
import { valuesOf } from "../support/metric-families.ts";
import { expect, onTestFinished, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";

sideBySide();

const DEPLOY = fileURLToPath(new URL("../../resources/deploy/prometheus", import.meta.url));
const promtool = prometheusTool("promtool");
const prometheus = prometheusTool("prometheus");

async function demoWithMetrics(folder: string): Promise<{ demo: RunningDemo; url: string }> {
  const args = ["demo", "--data", folder, "--port", "0", "--rate", "4"];
  const demo = new RunningDemo(folder, startBellows(args, { METRICS_PORT: "0" }));
  const { engine } = await demo.until(
    ({ engine }) => engine.metricsUrl != null,
    "metrics to be served",
    2 * MINUTE,
  );
  return { demo, url: engine.metricsUrl ?? "" };
}

const scrape = async (url: string) => (await fetch(url)).text();

/** Sum over all samples of a series whose labels match. */
function total(text: string, name: string, labels = ""): number {
  return text
    .split("\n")
    .filter((line) => line.startsWith(name) && /[{ ]/.test(line.charAt(name.length)) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

test.concurrent(
  "the guide's smoke test, promtool, and totals that go on after a restart",
  async () => {
    const folder = tempFolder();
    const { demo, url } = await demoWithMetrics(folder);
    await demo.until(({ throughput }) => throughput.acceptedTotal >= 5, "five results", 2 * MINUTE);
    const text = await scrape(url);
    // What Kubernetes' probes ask there.
    for (const [path, status] of [
      ["healthz", "ok"],
      ["readyz", "ready"],
    ] as const)
      expect(JSON.parse(await scrape(url.replace("metrics", path)))).toMatchObject({ status });
    // curl -s http://localhost:9108/metrics | grep aicf
    for (const name of [
      "aicf_provider_jobs_total",
      "aicf_provider_job_duration_seconds_bucket",
      "aicf_provider_queue_poll_interval_seconds",
      "aicf_provider_lease_renew_total",
      "aicf_provider_health_score",
      "aicf_provider_last_seen_ts",
      "aicf_heartbeat_total",
    ]) {
      expect(text).toMatch(new RegExp(`^${name}[{ ]`, "m"));
    }
    // Labels have the values that rules and panels may ask for (test/unit/deploy), and an account bears its name.
    const page = parseSamples(text);
    const strange = page.flatMap(({ name, labels }) =>
      Object.entries(labels).filter(
        ([label, value]) =>
          valuesOf(name.replace(/_(bucket|sum|count)$/, ""), label)?.includes(value) === false,
      ),
    );
    expect(strange).toEqual([]);
    const eligible = page.filter(({ name }) => name === "bellows_market_eligible");
    expect(eligible.find(({ labels }) => labels.market === "aicf")?.labels.provider_id).toMatch(/^prov_\w+/);
    expect(total(text, "bellows_device_busy_seconds_total")).toBeGreaterThan(0);
    if (promtool !== null) {
      const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], {
        input: text,
        encoding: "utf8",
      });
      expect(status, stdout + stderr).toBe(0);
      expect(stdout + stderr).toBe("");
    }
    const { throughput } = await demo.state();
    expect(total(await scrape(url), "bellows_jobs_total", 'status="accepted"')).toBeGreaterThanOrEqual(
      throughput.acceptedTotal,
    );
    const status = await demo.invoke("state.snapshot", {});
    expect(status.state.engine.metricsUrl).toBe(url);

    demo.process.child.kill("SIGTERM");
    await demo.process.exited;
    await expect(scrape(url)).rejects.toThrow();
    const again = await demoWithMetrics(folder);
    const after = await scrape(again.url);
    expect(total(after, "bellows_jobs_total", 'status="accepted"')).toBeGreaterThanOrEqual(
      throughput.acceptedTotal,
    );
  },
  4 * MINUTE,
);

test.concurrent(
  "a worker on no port at all, when told so",
  async () => {
    const folder = tempFolder();
    const demo = new RunningDemo(
      folder,
      startBellows(["demo", "--data", folder, "--port", "0"], { METRICS_ENABLED: "0", METRICS_PORT: "9108" }),
    );
    const state = await demo.until(
      ({ engine }) => engine.intent === "running",
      "the engine to run",
      2 * MINUTE,
    );
    expect(state.engine.metricsUrl).toBeNull();
  },
  2 * MINUTE,
);

test.skipIf(prometheus === null).concurrent(
  "a real Prometheus scrapes a worker, keeps what it said, and evaluates the alerts",
  async () => {
    const { demo, url } = await demoWithMetrics(tempFolder());
    const server = await runPrometheus(ownConfig(new URL(url).host));
    const ask = async (
      query: string,
    ): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
      const answer = await fetch(`${server}/api/v1/query?query=${encodeURIComponent(query)}`);
      const body = (await answer.json()) as { data?: { result: never[] } };
      return body.data?.result ?? [];
    };
    await expect
      .poll(() => ask('up{job="bellows"}').catch(() => []), { timeout: 2 * MINUTE })
      .toMatchObject([{ value: [expect.any(Number), "1"] }]);
    await expect
      .poll(async () => Number((await ask('sum(bellows_jobs_total{status="accepted"})'))[0]?.value[1] ?? 0), {
        timeout: 2 * MINUTE,
      })
      .toBeGreaterThan(0);
    const { engine } = await demo.state();
    expect((await ask("bellows_build_info"))[0]?.metric).toMatchObject({
      version: engine.version,
      mode: "demo",
    });
    const fleet = await bellows(["fleet", "--prometheus", server, "--json"]);
    const { workers } = JSON.parse(fleet.stdout) as { workers: unknown[] };
    expect(workers, fleet.stderr).toMatchObject([
      {
        readBy: "prometheus",
        reached: true,
        facts: { version: engine.version, mode: "demo", intent: "running" },
      },
    ]);
    // Nobody is near a limit here, and the rules are all loaded and healthy.
    const rules = (await (await fetch(`${server}/api/v1/rules`)).json()) as {
      data: { groups: { rules: { name: string; health: string }[] }[] };
    };
    const all = rules.data.groups.flatMap((group) => group.rules);
    expect(all.length).toBeGreaterThan(15);
    expect(all.filter(({ health }) => health === "err")).toEqual([]);
  },
  4 * MINUTE,
);

test.skipIf(prometheus === null).concurrent(
  "a real Prometheus scrapes a worker as the AICF guide's appendix has it",
  async () => {
    const { url } = await demoWithMetrics(tempFolder());
    const job = guideBlock("scrape.yml", [["gpu-node-01:9108", new URL(url).host]]);
    const jobs = job.replaceAll(/^/gm, "  ");
    const server = await runPrometheus(`global:\n  scrape_interval: 1s\nscrape_configs:\n${jobs}`);
    const ask = async (query: string): Promise<unknown> => {
      const answer = await fetch(`${server}/api/v1/query?query=${encodeURIComponent(query)}`);
      return ((await answer.json()) as { data?: { result: unknown } }).data?.result;
    };
    await expect
      .poll(() => ask('up{job="aicf_provider"}').catch(() => []), { timeout: 2 * MINUTE })
      .toMatchObject([{ value: [expect.any(Number), "1"] }]);
    await expect
      .poll(() => ask("aicf_heartbeat_total").catch(() => []), { timeout: 2 * MINUTE })
      .toMatchObject([{ metric: { job: "aicf_provider" } }]);
  },
  4 * MINUTE,
);

/** Ours, which scrapes `target` every second. */
const ownConfig = (target: string): string =>
  readFileSync(join(DEPLOY, "prometheus.yml"), "utf8")
    .replaceAll("15s", "1s")
    .replace("127.0.0.1:9108", target)
    .replace("rules.yml", join(DEPLOY, "rules.yml"));

/** Resolves with its address once it answers. */
async function runPrometheus(config: string): Promise<string> {
  const folder = tempFolder();
  writeFileSync(join(folder, "prometheus.yml"), config);
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    prometheus ?? "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${address}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const ready = () =>
    fetch(`http://${address}/-/ready`).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(ready, { timeout: 2 * MINUTE, message: `Prometheus is not ready: ${said}` }).toBe(200);
  return `http://${address}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

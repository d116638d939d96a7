import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readInventory } from "../../../../src/engine/fleet/inventory.ts";
import { readFleet } from "../../../../src/engine/fleet/read-workers.ts";
import type { WorkerReport } from "../../../../src/engine/fleet/report.ts";
import { factsOfSamples, parseSamples } from "../../../../src/engine/fleet/samples.ts";
import { summarise } from "../../../../src/engine/fleet/summary.ts";
import { EXAMPLE } from "../../../../src/renderer/fleet/example.ts";
import type { WorkerFacts } from "../../../../src/shared/contract/fleet.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

function inventory(text: string, name = "fleet.toml") {
  const folder = tempFolder();
  writeFileSync(join(folder, name), text);
  return { folder, read: () => readInventory(join(folder, name)) };
}

describe("an inventory", () => {
  it("names each worker and how it is read, its paths counted from its own folder", () => {
    const { folder, read } = inventory(`
      [[workers]]
      name = "office"
      data = "/var/lib/bellows"
      [[workers]]
      name = "rack-1"
      control = "rack-1.json"
      url = "http://127.0.0.1:17117"
      [[workers]]
      name = "rack-2"
      metrics = "http://rack-2:9108/metrics"
      [prometheus]
      url = "http://prometheus:9090"
    `);
    expect(read()).toEqual({
      workers: [
        { name: "office", source: { kind: "data", folder: resolve("/var/lib/bellows") } },
        {
          name: "rack-1",
          source: { kind: "control", file: join(folder, "rack-1.json"), url: "http://127.0.0.1:17117" },
        },
        { name: "rack-2", source: { kind: "metrics", url: "http://rack-2:9108/metrics" } },
      ],
      prometheus: { url: "http://prometheus:9090", job: "bellows" },
    });
  });

  it.each([
    ['[[workers]]\nname = "a"\n', "says nowhere how it is read"],
    ['[[workers]]\nname = "a"\ndata = "x"\nmetrics = "http://a"\n', "more than one way"],
    ['[[workers]]\nname = "a"\nmetrics = "http://a"\nurl = "http://b"\n', "url without the control file"],
    ['[[worker]]\nname = "a"\n', "is nothing an inventory has"],
    ['[[workers]]\nname = "a"\nmetric = "http://a"\n', "is nothing an inventory has"],
    ['[[workers]]\nname = "a"\ndata = "x"\n[[workers]]\nname = "a"\ndata = "y"\n', "is there twice"],
    ['[prometheus]\nurl = "prometheus:9090"\n', "no http:// or https:// address"],
    ["", "is empty"],
    ["[[workers", "is no TOML"],
  ])("is refused: %j", (text, reason) => {
    expect(inventory(text).read).toThrowError(reason);
  });

  it("is what the window gives as an example", () => {
    const { workers, prometheus } = inventory(EXAMPLE).read();
    expect(workers.map(({ source }) => source.kind)).toEqual(["data", "control", "metrics"]);
    expect(prometheus?.job).toBe("bellows");
  });

  it("may be YAML", () => {
    const { read } = inventory("workers:\n  - name: a\n    metrics: http://a:9108/metrics\n", "fleet.yaml");
    expect(read().workers).toHaveLength(1);
    expect(inventory("workers: [", "fleet.yml").read).toThrowError("is no YAML");
  });
});

const METRICS = `# HELP bellows_build_info Always 1
bellows_build_info{version="1.0.0",node="24.9.0",mode="live"} 1
bellows_intent{intent="running"} 1
bellows_intent{intent="paused"} 0
bellows_headline{level="earning"} 1
bellows_gpu_info{device="GPU-1",name="A \\"quoted\\" card",driver="590.1",cuda="13.1",compute_capability="8.9",verdict="ok"} 1
bellows_device_usable{device="GPU-1"} 1
bellows_gpu_info{device="GPU-2",name="Another",driver="590.1",cuda="13.1",compute_capability="8.9",verdict="not-visible"} 1
bellows_device_usable{device="GPU-2"} 0
bellows_device_state{device="GPU-1",state="working"} 1
bellows_gpu_temperature_celsius{device="GPU-1"} 71
bellows_market_up{market="aicf"} 1
bellows_market_up{market="of-tomorrow"} 1
bellows_market_last_heartbeat_timestamp_seconds{market="aicf"} 1700000000.25
bellows_jobs_total{market="aicf",kind="embed",status="accepted"} 41
bellows_jobs_total{market="aicf",kind="embed",status="failed"} 2
bellows_earnings_settled_total{market="aicf",currency="ANM"} 1.000000003
bellows_earnings_pending{market="aicf",currency="ANM"} 0.5
bellows_sla_limit{market="aicf",measure="traps"} 0.66
bellows_sla_value{market="aicf",measure="traps"} 0.7
bellows_sla_distance{market="aicf",measure="traps"} 0.04
bellows_sla_level{market="aicf",measure="traps"} 1
`;

describe("a worker's metrics", () => {
  it("tell its facts; what they don't tell is null, what they name and nobody knows is left out", () => {
    expect(factsOfSamples(parseSamples(METRICS))).toEqual({
      version: "1.0.0",
      mode: "live",
      intent: "running",
      level: "earning",
      sentence: null,
      startedAt: null,
      accepted: 41,
      gpus: [
        {
          id: "GPU-1",
          name: 'A "quoted" card',
          usable: true,
          state: "working",
          driver: "590.1",
          temperatureC: 71,
          powerW: null,
          utilisationPct: null,
        },
        expect.objectContaining({ id: "GPU-2", usable: false, leftOut: true }),
      ],
      markets: [{ market: "aicf", connected: true, lastHeartbeatAt: 1_700_000_000_250, leasesHeld: 0 }],
      earnings: [
        {
          market: "aicf",
          settled: { currency: "ANM", minor: "1000000003" },
          pending: { currency: "ANM", minor: "500000000" },
          settledToday: null,
        },
      ],
      service: [
        {
          market: "aicf",
          name: "traps",
          value: 0.7,
          limit: 0.66,
          distance: 0.04,
          unit: "ratio",
          state: "warning",
        },
      ],
      models: null,
    });
  });

  it("tell GPUs of one model apart by their number, or where an older worker has none by their ids", () => {
    const gpu = (device: string, index: string) =>
      `bellows_gpu_info{device="${device}",name="L40S"${index}} 1\n`;
    const names = (more: string) =>
      factsOfSamples(parseSamples(METRICS + more))
        .gpus.map(({ name }) => name)
        .slice(2);
    expect(names(gpu("GPU-aaaaaaaa-1", ',index="0"') + gpu("GPU-bbbbbbbb-1", ',index="3"'))).toEqual([
      "L40S · GPU 0",
      "L40S · GPU 3",
    ]);
    expect(names(gpu("GPU-aaaaaaaa-1", "") + gpu("GPU-bbbbbbbb-1", ""))).toEqual([
      "L40S · aaaaaaaa",
      "L40S · bbbbbbbb",
    ]);
  });

  it("of something else are refused", () => {
    expect(() => factsOfSamples(parseSamples("node_cpu_seconds_total 1\n"))).toThrowError(
      "no Bellows engine",
    );
  });
});

const PLACE = { where: "here", host: null, pod: null };
const facts = factsOfSamples(parseSamples(METRICS));
const worker = (name: string, change: Partial<WorkerFacts> = {}): WorkerReport => ({
  name,
  readBy: "metrics",
  place: PLACE,
  reached: true,
  facts: { ...facts, ...change },
});

describe("a fleet's summary", () => {
  it("adds up per currency, counts who is well, and names who differs, the most common first", () => {
    const reports: WorkerReport[] = [
      worker("a"),
      worker("b", { version: "0.9.0", level: "attention" }),
      worker("c", { models: ["m2", "m1"] }),
      worker("d", { models: [] }),
      {
        name: "e",
        readBy: "data",
        place: PLACE,
        reached: false,
        error: { code: "X", message: "x", actor: "user" },
      },
    ];
    expect(summarise(reports)).toMatchObject({
      workers: 5,
      reached: 4,
      well: 3,
      gpus: 4,
      gpusUsable: 4,
      accepted: 164,
      settled: [{ currency: "ANM", minor: "4000000012" }],
      warnings: 4,
      breached: 0,
      drift: [
        {
          what: "version",
          values: [
            { value: "1.0.0", workers: ["a", "c", "d"] },
            { value: "0.9.0", workers: ["b"] },
          ],
        },
        { what: "models", values: [{ value: "m1, m2" }, { value: "none" }] },
      ],
    });
  });
});

describe("a fleet's money", () => {
  const silent = (name: string): WorkerReport => ({
    name,
    readBy: "metrics",
    place: PLACE,
    reached: false,
    error: { code: "WORKER_SILENT", message: "x", actor: "machine" },
  });

  it("does not fall with a tunnel: who is silent counts with what it said last, and is told of", () => {
    const all = summarise([worker("a"), worker("b")]);
    const half = summarise([worker("a"), silent("b")], (name) => (name === "b" ? facts : null));
    expect(half.settled).toEqual(all.settled);
    expect(half.pending).toEqual(all.pending);
    expect([all.lastKnown, half.lastKnown]).toEqual([0, 1]);
    expect(half.reached).toBe(1);
    expect(summarise([worker("a"), silent("b")]).lastKnown, "it never said anything").toBe(0);
  });

  it("is not play money", () => {
    const demo = worker("b", { mode: "demo" });
    expect(summarise([worker("a"), demo])).toMatchObject({ ...moneyOf([worker("a")]), demo: 1 });
    expect(summarise([silent("b")], () => ({ ...facts, mode: "demo" }))).toMatchObject({
      settled: [],
      pending: [],
      lastKnown: 0,
      demo: 1,
    });
  });

  const moneyOf = (reports: readonly WorkerReport[]) => {
    const { settled, pending } = summarise(reports);
    return { settled, pending };
  };
});

describe("a copy of control.json", () => {
  it("of before that engine's last start is told as such, and not as a link that ran out", async () => {
    const refusal = { code: "UNAUTHORIZED", message: "Not with this token", actor: "user", help: "x" };
    const server = createServer((_, response) => response.writeHead(401).end(JSON.stringify(refusal)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const file = join(tempFolder(), "rack-1.json");
    writeFileSync(file, JSON.stringify({ url, token: "of-yesterday".repeat(3), pid: 1, startedAt: 1 }));
    const source = { kind: "control", file, url: null } as const;
    const { workers } = await readFleet(
      { workers: [{ name: "rack-1", source }], prometheus: null },
      new AbortController().signal,
    );
    expect(workers[0]).toMatchObject({
      reached: false,
      error: { code: "CONTROL_FILE_OLD", help: expect.stringContaining("Copy its control.json again") },
    });
  });
});

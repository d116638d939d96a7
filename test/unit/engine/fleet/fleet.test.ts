import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { readInventory } from "../../../../src/engine/fleet/inventory.ts";
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

  it("of something else are refused", () => {
    expect(() => factsOfSamples(parseSamples("node_cpu_seconds_total 1\n"))).toThrowError(
      "no Bellows engine",
    );
  });
});

const PLACE = { where: "here", host: null, pod: null };

describe("a fleet's summary", () => {
  const facts = factsOfSamples(parseSamples(METRICS));
  const worker = (name: string, change: Partial<WorkerFacts> = {}): WorkerReport => ({
    name,
    readBy: "metrics",
    place: PLACE,
    reached: true,
    facts: { ...facts, ...change },
  });

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

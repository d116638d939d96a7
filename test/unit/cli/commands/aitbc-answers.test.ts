/** What AITBC's services answer, in words and tables. */
import { describe, expect, it } from "vitest";
import {
  heartbeatLines,
  metricLines,
  registerLines,
  scanLines,
} from "../../../../src/cli/commands/aitbc-answers.ts";

describe("at the terminal", () => {
  it("a registration names each service, and the name it gave where that is another", () => {
    expect(registerLines({ miner_id: "rig-7", gpu_service: { minerId: "rig-7-2" } })).toEqual([
      "Machine      rig-7",
      "gpu service  registered, as rig-7-2",
    ]);
  });

  it("a heartbeat that was withheld says why", () => {
    const gpu_service = { kind: "withheld", gpuId: "g1", status: "booked" } as const;
    expect(heartbeatLines({ miner_id: "rig-7", gpu_service, coordinator: { kind: "sent" } })).toEqual([
      "Machine      rig-7",
      "gpu service  withheld: g1 is booked, and a heartbeat would put it on the market again",
      "coordinator  sent",
    ]);
  });

  it("a scan lists what was found", () => {
    const gpu = { id: "g1", model: "RTX 3060", memory_gb: 12, region: null, status: "online" };
    const said = { miner_id: "rig-7", registered: 1, edge_optimized: 0, discovery_method: "nvidia-smi" };
    expect(scanLines({ ...said, gpus: [gpu] })).toEqual([
      "Machine       rig-7",
      "Registered    1",
      "For the edge  0",
      "Found by      nvidia-smi",
      "",
      "Id  Model     Memory  Region  Status",
      "g1  RTX 3060   12 GB  –       online",
    ]);
    expect(scanLines({ ...said, gpus: [] }).at(-1)).toBe("The service found no GPU.");
  });

  it("metrics are a table, and what the service does not know is a dash", () => {
    const rows = [
      {
        timestamp: "2026-11-21T10:00:00",
        total_latency_ms: "12.34",
        gpu_utilization_percent: 97,
        memory_utilization_percent: 41.6,
        power_draw_w: 170,
        temperature_celsius: 71,
        thermal_throttling_active: true,
        power_limit_active: true,
        clock_throttling_active: false,
      },
      { timestamp: null, temperature_celsius: "warm" },
    ];
    const [head, first, second] = metricLines(rows);
    expect(head).toMatch(/^Time +Latency +GPU +Memory +Power +Heat +Held back by$/);
    expect(first).toMatch(/^2026-11-21 \d\d:00:00 +12\.3 ms +97 % +42 % +170 W +71 °C +heat, power limit$/);
    expect(second).toMatch(/^–( +–){6}$/);
  });
});

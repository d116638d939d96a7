import { expect, it } from "vitest";
import { earningLines, healthLines } from "../../../../src/cli/commands/aitbc-lines.ts";

it("AITBC's earnings have units and one job a line", () => {
  const said = {
    miner_id: "rig-7",
    gpu_service: { total_earnings: 12.5, pending_earnings: "0.25" },
    coordinator: [
      { job_id: "job-1", amount: 0.1, payment_status: "released" },
      { job_id: "job-22", amount: "what", payment_status: null },
    ],
    balance: "3.1",
  };
  expect(earningLines(said)).toEqual([
    "Machine   rig-7",
    "Wallet    3.1 AIT",
    "GPU rent  12.50 AIT in all, 0.25 AIT pending",
    "",
    "Job        Gross  Payment",
    "job-1   0.10 AIT  released",
    "job-22         –  –",
    "The coordinator shows its newest 20, before its fee; `bellows earnings` has all, as credited.",
  ]);
  expect(earningLines({ miner_id: "rig-7", balance: null })).toEqual([
    "Machine  rig-7",
    "Wallet   not on the chain yet",
  ]);
});

it("AITBC's health names each service, its era and why it is not ready", () => {
  const gpu = { dialect: "guide", live: true, ready: false, notReady: "no such table" } as const;
  expect(
    healthLines({ gpu_service: gpu, coordinator: { live: true }, chain: { chain_id: "ait-hub" } }),
  ).toEqual([
    "Service      State               What it is",
    "gpu service  answers, not ready  of the guide's era; no such table",
    "coordinator  answers",
    "chain node   answers             chain ait-hub",
  ]);
});

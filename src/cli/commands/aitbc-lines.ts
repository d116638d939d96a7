/** What AITBC's services said of themselves and of our earnings, as a person reads it; `--json` has it as they said it. */
import type { InventoryHealth } from "../../engine/market/aitbc/inventory.ts";
import { readAit } from "../../engine/market/aitbc/wire.ts";
import { toMoneyValue } from "../../shared/money.ts";
import { fields, money, orUnknown, table, UNKNOWN } from "../format.ts";

export interface HealthSaid {
  readonly gpu_service?: InventoryHealth;
  readonly coordinator?: { readonly live: boolean };
  readonly chain?: { readonly chain_id: string };
}

interface ServiceRow {
  readonly service: string;
  readonly state: string;
  readonly more: string;
}

export function healthLines({ gpu_service: gpu, coordinator, chain }: HealthSaid): string[] {
  const rows: ServiceRow[] = [];
  if (gpu) {
    const state = !gpu.live ? "does not answer" : gpu.ready ? "answers" : "answers, not ready";
    const era = gpu.dialect === "guide" ? "of the guide's era" : "of today's era";
    rows.push({
      service: "gpu service",
      state,
      more: gpu.notReady === null ? era : `${era}; ${gpu.notReady}`,
    });
  }
  if (coordinator) rows.push({ service: "coordinator", state: "answers", more: "" });
  if (chain) rows.push({ service: "chain node", state: "answers", more: `chain ${chain.chain_id}` });
  return table(
    [
      { title: "Service", value: (row) => row.service },
      { title: "State", value: (row) => row.state },
      { title: "What it is", value: (row) => row.more },
    ],
    rows,
  );
}

type Amount = string | number;

export interface EarningsSaid {
  readonly miner_id: string;
  readonly gpu_service?: { readonly total_earnings: Amount; readonly pending_earnings: Amount };
  readonly coordinator?: readonly {
    readonly job_id: string;
    readonly amount: Amount;
    readonly payment_status?: string | null | undefined;
  }[];
  /** AIT as decimal text; null: the chain does not know the wallet. */
  readonly balance?: string | null;
}

export function earningLines({
  miner_id: miner,
  gpu_service: gpu,
  coordinator,
  balance,
}: EarningsSaid): string[] {
  const head: [string, string][] = [["Machine", miner]];
  if (balance !== undefined)
    head.push(["Wallet", balance === null ? "not on the chain yet" : `${balance} AIT`]);
  if (gpu) head.push(["GPU rent", `${ait(gpu.total_earnings)} in all, ${ait(gpu.pending_earnings)} pending`]);
  const lines = fields(head);
  if (coordinator === undefined) return lines;
  if (coordinator.length === 0) return [...lines, "", "The coordinator lists no paid job yet."];
  return [
    ...lines,
    "",
    ...table(
      [
        { title: "Job", value: (row) => row.job_id },
        { title: "Gross", align: "right", value: (row) => ait(row.amount) },
        { title: "Payment", value: (row) => orUnknown(row.payment_status ?? null) },
      ],
      coordinator,
    ),
    "The coordinator shows its newest 20, before its fee; `bellows earnings` has all, as credited.",
  ];
}

function ait(amount: Amount): string {
  const read = readAit(amount);
  return read === null ? UNKNOWN : money(toMoneyValue(read));
}

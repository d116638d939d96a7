/**
 * `bellows aicf …`: AICF's provider commands as its guide has them, from registration to payout. They speak to the
 * market directly, with or without a running engine; the guide's own names are aliases (program: aicf-program.ts).
 */
import * as read from "../../engine/config/parsers.ts";
import type { JobView, PayoutRow, ProviderView, WireLease } from "../../engine/market/aicf/wire.ts";
import type { ProviderBalance, ProviderStanding } from "../../shared/contract/views.ts";
import { formatDecimal, money as moneyOf } from "../../shared/money.ts";
import type { CliContext } from "../context.ts";
import { dateTime, fields, money, orUnknown, short, table, UNKNOWN } from "../format.ts";
import { readFlag, usageError } from "../usage.ts";
import { type AicfFlags, openToRead, openToSign } from "./aicf-counter.ts";

interface Json {
  readonly json: boolean;
}

/** §1.2. Safe to repeat: the same key again updates name, region and endpoint. */
export async function aicfRegister(
  context: CliContext,
  flags: AicfFlags & Json & { caps?: string | undefined },
): Promise<void> {
  const caps = (flags.caps ?? "AI").split(",").map((cap) => cap.trim().toUpperCase());
  if (caps.some((cap) => cap !== "AI")) {
    throw usageError(`--caps ${flags.caps ?? ""} asks for more than Bellows does`, "Write --caps AI");
  }
  const { counter, key, signal } = await openToSign(context, flags);
  await counter.account.announce(key, null, signal);
  showStanding(context, await counter.account.standing(signal), flags, "Registered.");
}

/** §1.3. */
export async function aicfStake(
  context: CliContext,
  flags: AicfFlags & Json & { amount: string },
): Promise<void> {
  const amount = amountOf(flags.amount);
  const { counter, signal } = await openToSign(context, flags);
  const standing = await counter.account.stake(amount, signal);
  showStanding(context, standing, flags, `Staked ${show(amount.minor)}.`);
}

/** The release takes the market's unbonding time; the amount stops counting at once. */
export async function aicfUnstake(
  context: CliContext,
  flags: AicfFlags & Json & { amount: string },
): Promise<void> {
  const amount = amountOf(flags.amount);
  const { counter, signal } = await openToSign(context, flags);
  const standing = await counter.account.unstake(amount, signal);
  showStanding(context, standing, flags, `${show(amount.minor)} are being released.`);
}

export async function aicfStatus(context: CliContext, flags: AicfFlags & Json): Promise<void> {
  const { counter, signal } = await openToRead(context, flags);
  showStanding(context, await counter.account.standing(signal), flags);
}

/** §1.3 and §11: with --print nothing is sent, the provider's state and its leases are shown. */
export async function aicfHeartbeat(
  context: CliContext,
  flags: AicfFlags & Json & { print: boolean },
): Promise<void> {
  if (!flags.print) {
    const { counter, signal } = await openToSign(context, flags);
    const { healthState, intervalMs } = await counter.beat(signal);
    if (flags.json) return context.terminal.json({ health_state: healthState, interval_ms: intervalMs });
    return context.terminal.print(`Heard: ${orUnknown(healthState)}.`);
  }
  const { counter, signal } = await openToRead(context, flags);
  const standing = await counter.account.standing(signal);
  const leases = await counter.leases(signal);
  if (flags.json) return context.terminal.json({ standing, leases: leases.map(leaseJson) });
  for (const line of [...standingLines(standing), "", ...leaseLines(leases)]) context.terminal.print(line);
}

export async function aicfLeases(context: CliContext, flags: AicfFlags & Json): Promise<void> {
  const { counter, signal } = await openToRead(context, flags);
  const leases = await counter.leases(signal);
  if (flags.json) return context.terminal.json({ leases: leases.map(leaseJson) });
  for (const line of leaseLines(leases)) context.terminal.print(line);
}

/** §6 and §11: the queue as the node shows it, or its providers. */
export async function aicfJobs(
  context: CliContext,
  flags: AicfFlags & Json & { providers: boolean; status?: string | undefined; limit?: string | undefined },
): Promise<void> {
  const { counter, signal } = await openToRead({ ...context, env: withAnyId(context.env) }, flags);
  const limit = flags.limit === undefined ? 50 : readFlag("--limit", flags.limit, read.wholeNumber(1, 500));
  if (flags.providers) {
    const providers = await counter.node.listProviders({ limit }, signal);
    if (flags.json) return context.terminal.json({ providers: providers.map(withNumbers) });
    for (const line of providerLines(providers)) context.terminal.print(line);
    return;
  }
  const jobs = await counter.node.listJobs({ status: flags.status, limit }, signal);
  if (flags.json) return context.terminal.json({ jobs: jobs.map(withNumbers) });
  for (const line of jobLines(jobs)) context.terminal.print(line);
}

/** §6: a customer's job, for trying the worker out. */
export async function aicfSubmit(
  context: CliContext,
  flags: AicfFlags & Json & { kind: string; model: string; input: string; fee?: string | undefined },
): Promise<void> {
  if (flags.kind !== "AI") throw usageError(`--kind ${flags.kind} is not offered`, "Write --kind AI");
  const input = inputOf(flags.input);
  const feeNano =
    flags.fee === undefined
      ? null
      : readFlag("--fee", flags.fee, read.wholeNumber(1, Number.MAX_SAFE_INTEGER));
  const { counter, signal } = await openToRead({ ...context, env: withAnyId(context.env) }, flags);
  const jobId = await counter.submit({ model: flags.model, input, feeNano }, signal);
  if (flags.json) return context.terminal.json({ job_id: jobId });
  context.terminal.print(jobId);
}

const PAYOUTS_SHOWN = 20;

/** §6: what the market owes and paid. */
export async function aicfBalance(
  context: CliContext,
  flags: AicfFlags & Json & { limit?: string | undefined },
): Promise<void> {
  const limit =
    flags.limit === undefined
      ? PAYOUTS_SHOWN
      : readFlag("--limit", flags.limit, read.wholeNumber(1, Number.MAX_SAFE_INTEGER));
  const { counter, signal } = await openToRead(context, flags);
  const balance = await counter.account.balance(signal);
  const payouts = await counter.payouts(signal);
  if (flags.json) return context.terminal.json({ balance, payouts: payouts?.map(withNumbers) ?? null });
  for (const line of [...balanceLines(balance), "", ...payoutLines(payouts, limit)])
    context.terminal.print(line);
}

/** §11: ends the epoch at once; a devnet's privilege. */
export async function aicfSettle(context: CliContext, flags: AicfFlags & Json): Promise<void> {
  const { counter, signal } = await openToRead({ ...context, env: withAnyId(context.env) }, flags);
  const settlement = await counter.settleEpoch(signal);
  if (flags.json) return context.terminal.json(withNumbers(settlement));
  const { epoch, payouts, amount } = settlement;
  context.terminal.print(`Epoch ${epoch} is settled: ${payouts} payouts, ${show(amount)} to providers.`);
}

/** Commands about the market as a whole need no provider of ours. */
function withAnyId(env: CliContext["env"]): CliContext["env"] {
  return { ...env, PROVIDER_ID: env.PROVIDER_ID || "anybody" };
}

function showStanding(
  { terminal }: CliContext,
  standing: ProviderStanding,
  { json }: Json,
  done?: string,
): void {
  if (json) {
    terminal.json(standing);
    return;
  }
  if (done !== undefined) terminal.print(done);
  for (const line of standingLines(standing)) terminal.print(line);
}

export function standingLines(standing: ProviderStanding): string[] {
  const { stake, health, service } = standing;
  return [
    ...fields([
      ["Provider", standing.providerId],
      ["State", stateWords(standing)],
      ["Health", health.score === null ? UNKNOWN : `${health.score.toFixed(2)} ${health.word ?? ""}`],
      [
        "Stake",
        `${money(stake.total)}, of which ${money(stake.effective)} count; minimum ${money(stake.minimum)}`,
      ],
      ...stake.releases.map(
        ({ amount, height, blocksLeft }) =>
          [
            "Releasing",
            `${money(amount)} at block ${height}${blocksLeft === null ? "" : `, ${blocksLeft} blocks from now`}`,
          ] as const,
      ),
      [
        "Service",
        [
          `traps ${percent(service.traps)}`,
          `quality ${percent(service.qos)}`,
          `p95 ${service.latencyP95Ms === null ? UNKNOWN : `${service.latencyP95Ms} ms`}`,
          `available ${percent(service.availability)}`,
        ].join(", "),
      ],
    ]),
    ...standing.reasons.map(({ text, help }) => `  ${text}. ${help}`),
    ...standing.slashes.map(({ text, amount }) => `  Penalty of ${money(amount)}: ${text}.`),
  ];
}

function stateWords({ state, jailedUntil }: ProviderStanding): string {
  switch (state) {
    case "new":
      return "new: its health is counted from its first heartbeats on";
    case "eligible":
      return "eligible: it may be given work";
    case "degraded":
      return "degraded: it may be given work, but its health is low";
    case "jailed":
      return `jailed until ${dateTime(jailedUntil)}`;
    case "ineligible":
      return "not eligible: it is given no work";
  }
}

function leaseLines(leases: readonly WireLease[]): string[] {
  if (leases.length === 0) return ["No lease is held."];
  return table<WireLease>(
    [
      { title: "Lease", value: (lease) => lease.lease_id },
      { title: "Job", value: (lease) => short(lease.job_id, 20) },
      { title: "Model", value: (lease) => lease.model },
      { title: "Attempt", align: "right", value: (lease) => String(lease.attempt) },
      { title: "Expires", value: (lease) => dateTime(lease.expires_at_ms) },
    ],
    leases,
  );
}

function jobLines(jobs: readonly JobView[]): string[] {
  if (jobs.length === 0) return ["No job matches."];
  return table<JobView>(
    [
      { title: "Job", value: (job) => job.id },
      { title: "State", value: (job) => job.status },
      { title: "Fee", align: "right", value: (job) => show(job.fee) },
      { title: "Units", align: "right", value: (job) => String(job.units) },
      { title: "Provider", value: (job) => orUnknown(job.provider_id ?? null) },
      { title: "Created", value: (job) => dateTime(job.created_at * 1000) },
    ],
    jobs,
  );
}

function providerLines(providers: readonly ProviderView[]): string[] {
  if (providers.length === 0) return ["No provider is registered."];
  return table<ProviderView>(
    [
      { title: "Provider", value: (one) => one.id },
      { title: "Name", value: (one) => orUnknown(one.name ?? null) },
      { title: "Status", value: (one) => one.status },
      { title: "Stake", align: "right", value: (one) => show(one.stake) },
      { title: "Region", value: (one) => orUnknown(one.region ?? null) },
    ],
    providers,
  );
}

function balanceLines(balance: ProviderBalance): string[] {
  return fields([
    ["Provider", balance.providerId],
    ["Available", money(balance.available)],
    ["Pending", `${money(balance.pending)}${balance.pending.minor === "0" ? "" : " (bellows aicf claim)"}`],
    ["Escrow", `${money(balance.escrow)} in the running epoch`],
    ["Last epoch", balance.lastSettlementEpoch === null ? UNKNOWN : String(balance.lastSettlementEpoch)],
  ]);
}

/** Newest first. */
function payoutLines(payouts: readonly PayoutRow[] | null, limit: number): string[] {
  if (payouts === null) return ["This market does not list its payouts."];
  if (payouts.length === 0) return ["No payout yet."];
  const newest = payouts.toSorted((a, b) => (b.settled_at_ms ?? 0) - (a.settled_at_ms ?? 0));
  const left = newest.length - limit;
  const rows = table<PayoutRow>(
    [
      { title: "Job", value: (row) => row.job_id },
      { title: "Net", align: "right", value: (row) => show(row.amount) },
      { title: "Gross", align: "right", value: (row) => (row.gross == null ? UNKNOWN : show(row.gross)) },
      { title: "Epoch", align: "right", value: (row) => (row.epoch == null ? UNKNOWN : String(row.epoch)) },
      { title: "Settled", value: (row) => dateTime(row.settled_at_ms ?? null) },
      { title: "Claimed", value: (row) => dateTime(row.claimed_at_ms ?? null) },
    ],
    newest.slice(0, limit),
  );
  return left > 0 ? [...rows, `…and ${left} more (--limit N shows more, --json all)`] : rows;
}

function leaseJson({ input, ...lease }: WireLease) {
  return withNumbers({ ...lease, texts: Array.isArray(input) ? input.length : 1 });
}

/** Amounts as decimal text: JSON has no integers of their size. */
function withNumbers(row: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? value.toString() : value]),
  );
}

/** Nano, as the guide writes them. */
function amountOf(text: string) {
  if (!/^[1-9]\d{0,18}$/.test(text)) {
    throw usageError(
      `--amount "${text}" is not an amount in nano`,
      "Write a whole number; 100 ANM are 100000000000",
    );
  }
  return moneyOf("ANM", BigInt(text));
}

/** A JSON list of texts, or one plain text. */
function inputOf(text: string): string[] {
  if (!/^\s*\[/.test(text)) return [text];
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.length > 0 && list.every((item) => typeof item === "string")) return list;
  } catch {
    // Said below, with what was expected.
  }
  throw usageError("--input is not a JSON list of texts", `Write it like '["a text","another"]'`);
}

const show = (nano: bigint) => `${formatDecimal(moneyOf("ANM", nano))} ANM`;
const percent = (share: number | null) => (share === null ? UNKNOWN : `${(share * 100).toFixed(1)} %`);

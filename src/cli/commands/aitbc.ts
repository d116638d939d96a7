/**
 * `bellows aitbc …`: AITBC's provider guide at the terminal. Looking, registering and staking speak to the services
 * directly; offers go through the running engine, which keeps them true (program: aitbc-program.ts).
 */
import { stakeOnce, unstakeOnce } from "../../engine/market/aitbc/account.ts";
import { LOCK_DAYS } from "../../engine/market/aitbc/chain.ts";
import { type GpuRow, priceOf } from "../../engine/market/aitbc/inventory-wire.ts";
import { AppError } from "../../shared/errors.ts";
import { formatDecimal } from "../../shared/money.ts";
import type { CliContext } from "../context.ts";
import { dateTime, short, table, UNKNOWN } from "../format.ts";
import { usageError } from "../usage.ts";
import {
  capabilityLines,
  type DeregisterSaid,
  deregisterLines,
  type HeartbeatSaid,
  heartbeatLines,
  metricLines,
  type RegisterSaid,
  registerLines,
  scanLines,
} from "./aitbc-answers.ts";
import {
  type AitbcFlags,
  engineIfRunning,
  needChain,
  needGpuService,
  openAitbc,
  readAmount,
  walletOf,
} from "./aitbc-desk.ts";
import { type EarningsSaid, earningLines, type HealthSaid, healthLines } from "./aitbc-lines.ts";

/** At every configured service. Booked GPUs keep their status (protocols/aitbc.md §12.5). */
export async function aitbcRegister(context: CliContext, flags: AitbcFlags): Promise<void> {
  const { desk, signal } = openAitbc(context, flags);
  let said: RegisterSaid = { miner_id: desk.minerId };
  if (desk.gpuService) {
    await desk.gpuService.inventory.dialect(signal);
    said = { ...said, gpu_service: await desk.gpuService.presence.register(signal) };
  }
  if (desk.coordinator) {
    await desk.coordinator.client.probe(signal);
    if (await engineIfRunning(context, flags))
      said = { ...said, coordinator: "the running engine is registered there" };
    else {
      const capabilities = { gpus: [], models: [], max_concurrent_jobs: 1 };
      await desk.coordinator.client.register({ capabilities, concurrency: 1, region: desk.region }, signal);
      said = { ...said, coordinator: "registered; the engine adds GPUs and models when it runs" };
    }
  }
  tell(context, flags, said, registerLines);
}

/** Withheld where it would put a rented or withdrawn GPU on the market. */
export async function aitbcHeartbeat(context: CliContext, flags: AitbcFlags): Promise<void> {
  const { desk, signal } = openAitbc(context, flags);
  let said: HeartbeatSaid = { miner_id: desk.minerId };
  if (desk.gpuService) said = { ...said, gpu_service: await desk.gpuService.presence.beat(signal) };
  if (desk.coordinator) {
    const running = await engineIfRunning(context, flags);
    if (running) said = { ...said, coordinator: "the running engine sends its own, with the jobs it holds" };
    else {
      await desk.coordinator.client.heartbeat({ inflight: 0, status: "ONLINE", metadata: {} }, signal);
      said = { ...said, coordinator: { kind: "sent" } };
    }
  }
  tell(context, flags, said, heartbeatLines);
}

export async function aitbcGpus(context: CliContext, flags: AitbcFlags & { all: boolean }): Promise<void> {
  const { desk, signal } = openAitbc(context, flags);
  const rows: (GpuRow & { board: string })[] = [];
  if (desk.gpuService) {
    const { inventory } = desk.gpuService;
    const found = flags.all ? await inventory.offers({}, signal) : await inventory.gpus(signal);
    rows.push(...found.map((row) => ({ ...row, board: "gpu-service" })));
  }
  if (desk.coordinator) {
    const found = await desk.coordinator.registry.list(signal);
    const mine = flags.all ? found : found.filter((row) => row.miner_id === desk.minerId);
    rows.push(...mine.map((row) => ({ ...row, board: "coordinator" })));
  }
  if (flags.json) return context.terminal.json(rows);
  if (rows.length === 0) return context.terminal.print("None is listed.");
  const price = (row: GpuRow) => {
    const amount = priceOf(row);
    return amount === null ? UNKNOWN : `${formatDecimal(amount, 8)} AIT/h`;
  };
  for (const line of table(
    [
      { title: "Board", value: (row) => row.board },
      { title: "Id", value: (row) => short(row.id, 36) },
      { title: "Model", value: (row) => row.model },
      {
        title: "Memory",
        align: "right",
        value: (row) => (row.memory_gb == null ? UNKNOWN : `${row.memory_gb} GB`),
      },
      { title: "Price", align: "right", value: price },
      { title: "Status", value: (row) => row.status },
      { title: "Miner", value: (row) => short(row.miner_id ?? desk.minerId, 24) },
    ],
    rows,
  ))
    context.terminal.print(line);
}

export async function aitbcEarnings(context: CliContext, flags: AitbcFlags): Promise<void> {
  const { desk, config, signal } = openAitbc(context, flags);
  const { gpuService, coordinator, chain } = desk;
  const account = chain && config.wallet !== null ? await chain.account(config.wallet, signal) : undefined;
  const said: EarningsSaid = {
    miner_id: desk.minerId,
    ...(gpuService && { gpu_service: await gpuService.inventory.earnings(signal) }),
    ...(coordinator && { coordinator: (await coordinator.client.earnings(signal)).rows }),
    ...(account !== undefined && { balance: account && formatDecimal(account.balance, 8) }),
  };
  tell(context, flags, said, earningLines);
}

/** The gpu service echoes and keeps nothing; the coordinator replaces everything, so it is the engine's to send there. */
export async function aitbcCapabilities(
  context: CliContext,
  flags: AitbcFlags & { set: string },
): Promise<void> {
  const { desk, signal } = openAitbc(context, flags);
  const { inventory } = needGpuService(desk);
  const capabilities = await inventory.capabilities(readObject(flags.set), signal);
  tell(context, flags, { capabilities }, () => capabilityLines(capabilities));
}

export async function aitbcProfiles(
  context: CliContext,
  flags: AitbcFlags & { architecture?: string | undefined; minMemory?: string | undefined },
): Promise<void> {
  const { desk, signal } = openAitbc(context, flags);
  const minMemoryGb = flags.minMemory === undefined ? undefined : Number(flags.minMemory);
  if (minMemoryGb !== undefined && !Number.isSafeInteger(minMemoryGb))
    throw usageError(`--min-memory "${flags.minMemory}" is not a whole number of GB`);
  const rows = await needGpuService(desk).inventory.profiles(
    {
      ...(flags.architecture === undefined ? {} : { architecture: flags.architecture }),
      ...(minMemoryGb === undefined ? {} : { minMemoryGb }),
    },
    signal,
  );
  if (flags.json) return context.terminal.json(rows);
  for (const row of rows)
    context.terminal.print(
      `${String(row.gpu_model)}  ${String(row.memory_gb)} GB  ${String(row.architecture)}`,
    );
  if (rows.length === 0) context.terminal.print("The service has none.");
}

export async function aitbcScan(context: CliContext, flags: AitbcFlags): Promise<void> {
  const { desk, signal } = openAitbc(context, flags);
  tell(context, flags, await needGpuService(desk).inventory.scan(signal), scanLines);
}

export async function aitbcMetrics(
  context: CliContext,
  flags: AitbcFlags & { gpuId: string },
): Promise<void> {
  const { desk, signal } = openAitbc(context, flags);
  tell(context, flags, await needGpuService(desk).inventory.metrics(flags.gpuId, signal), metricLines);
}

export async function aitbcHealth(context: CliContext, flags: AitbcFlags): Promise<void> {
  const { desk, signal } = openAitbc(context, flags);
  const { gpuService, coordinator, chain } = desk;
  await coordinator?.client.probe(signal);
  const said: HealthSaid = {
    ...(gpuService && { gpu_service: await gpuService.inventory.health(signal) }),
    ...(coordinator && { coordinator: { live: true } }),
    ...(chain && { chain: { chain_id: await chain.chainId(signal) } }),
  };
  tell(context, flags, said, healthLines);
}

/** While an engine runs it would come back with its next heartbeat, so it has to be stopped first (§12.5). */
export async function aitbcDeregister(context: CliContext, flags: AitbcFlags): Promise<void> {
  const engine = await engineIfRunning(context, flags);
  if (engine) {
    throw new AppError({
      code: "ENGINE_RUNNING",
      message: "The running engine would register again at once",
      actor: "user",
      help: "End it first, then deregister.",
    });
  }
  const { desk, signal } = openAitbc(context, flags);
  let said: DeregisterSaid = { miner_id: desk.minerId };
  if (desk.gpuService) said = { ...said, gpu_service: await desk.gpuService.inventory.deregister(signal) };
  if (desk.coordinator) {
    const known = await desk.coordinator.client.deregister(signal);
    said = { ...said, coordinator: known ? "deregistered" : "was not registered" };
  }
  tell(context, flags, said, deregisterLines);
}

export async function aitbcStake(
  context: CliContext,
  flags: AitbcFlags & { amount: string; days: string },
): Promise<void> {
  const { desk, config, signal } = openAitbc(context, flags);
  const days = Number(flags.days);
  if (!Number.isInteger(days) || days < LOCK_DAYS.least || days > LOCK_DAYS.most)
    throw usageError(
      `--days "${flags.days}" is not a number of days`,
      `Write ${LOCK_DAYS.least} to ${LOCK_DAYS.most}`,
    );
  const amount = readAmount("--amount", flags.amount);
  const wallet = walletOf(config);
  const chain = needChain(desk);
  const before = await chain.stakes(wallet.address, signal);
  const { stakeId, lockedUntil } = await stakeOnce(chain, wallet, { amount, days, before }, signal);
  const said = { stake_id: stakeId, address: wallet.address, amount: formatDecimal(amount, 8) };
  if (flags.json) return context.terminal.json({ ...said, locked_until: lockedUntil });
  context.terminal.print(`Staked ${said.amount} AIT until ${dateTime(lockedUntil)}, as ${stakeId}.`);
}

export async function aitbcUnstake(
  context: CliContext,
  flags: AitbcFlags & { stakeId: string },
): Promise<void> {
  const { desk, config, signal } = openAitbc(context, flags);
  const wallet = walletOf(config);
  await unstakeOnce(needChain(desk), wallet, flags.stakeId, signal);
  if (flags.json) return context.terminal.json({ stake_id: flags.stakeId, released: true });
  context.terminal.print(`Released ${flags.stakeId}.`);
}

/** Stakes and bonds of the wallet. */
export async function aitbcStakes(context: CliContext, flags: AitbcFlags): Promise<void> {
  const { desk, config, signal } = openAitbc(context, flags);
  const address = config.wallet ?? walletOf(config).address;
  const chain = needChain(desk);
  const { total, stakes } = await chain.stakes(address, signal);
  const bonds = await chain.bonds(address, signal);
  const shown = {
    total: formatDecimal(total, 8),
    stakes: stakes.map((stake) => ({ ...stake, amount: formatDecimal(stake.amount, 8) })),
    bonds: bonds.map((bond) => ({ ...bond, amount: formatDecimal(bond.amount, 8) })),
  };
  if (flags.json) return context.terminal.json(shown);
  context.terminal.print(`Staked  ${shown.total} AIT`);
  for (const stake of shown.stakes)
    context.terminal.print(`  ${stake.stakeId}  ${stake.amount} AIT until ${dateTime(stake.lockedUntil)}`);
  for (const bond of shown.bonds) context.terminal.print(`Bond    ${bond.bondId}  ${bond.amount} AIT`);
}

/** Words for a person, the answer itself for a program. */
function tell<T>(
  { terminal }: CliContext,
  { json }: AitbcFlags,
  said: T,
  linesOf: (said: T) => readonly string[],
): void {
  if (json) terminal.json(said);
  else for (const line of linesOf(said)) terminal.print(line);
}

function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below, for whatever is no object.
  }
  throw usageError("--set needs a JSON object", `Write it like --set '{"max_batch_size":32}'`);
}

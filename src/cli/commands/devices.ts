/** `bellows devices`: what runs jobs, how, and why not faster; for each GPU what its driver tells. */
import type { PauseLength } from "../../shared/contract/devices.ts";
import type { PauseView } from "../../shared/contract/presence.ts";
import type { DeviceVerdict, DeviceView, GpuDetails, HostInfo } from "../../shared/contract/views.ts";
import { KIB, MINUTE } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { ago, fields, orUnknown, quantity, short, table, UNKNOWN } from "../format.ts";
import { ollamaLines } from "./models.ts";

/** Programs on a GPU that are shown by name; Windows lists every window. */
const PROCESSES_SHOWN = 4;

export async function devices(
  context: CliContext,
  engine: EngineClient,
  options: { json: boolean },
): Promise<void> {
  const answer = await engine.invoke("devices.list", {});
  if (options.json) return context.terminal.json(answer.devices);
  if (answer.devices.length === 0) return tellWhyNone(context, engine);
  for (const line of deviceLines(answer.devices, context.now())) context.terminal.print(line);
  const { ollama } = await engine.invoke("models.list", {});
  for (const line of ollamaLines(ollama)) context.terminal.print(line);
  const { host } = (await engine.invoke("state.snapshot", {})).state.engine;
  if (host === undefined) return;
  context.terminal.print();
  context.terminal.print(hostLine(host));
}

function hostLine({ cpu, cores, memoryMb, os, wsl, battery }: HostInfo): string {
  const power =
    battery === null ? null : `battery at ${battery.percent} %${battery.charging ? ", charging" : ""}`;
  const memory = `${(memoryMb / KIB).toFixed(1)} GB of memory`;
  const system = wsl ? `${os} in Windows (WSL)` : os;
  return [cpu, `${cores} threads`, memory, system, power].filter(Boolean).join(" · ");
}

/** A GPU that was forced may come up late: the headline knows. */
async function tellWhyNone({ terminal }: CliContext, engine: EngineClient): Promise<void> {
  const { sentence, reasons } = (await engine.invoke("state.snapshot", {})).state.headline;
  terminal.print(`No device was found. ${sentence}.`);
  for (const { text, help } of reasons) terminal.print([text, help].filter(Boolean).join(" "));
}

interface Output {
  readonly json: boolean;
}

export async function switchDevice(
  context: CliContext,
  engine: EngineClient,
  device: string,
  enabled: boolean,
  output: Output,
): Promise<void> {
  const ids = await findDevices(engine, device);
  if (!enabled) await nameBookings(context, engine, ids);
  for (const id of ids) await engine.invoke("devices.setEnabled", { device: id, enabled });
  await tellHowItIs(context, engine, device, output);
}

export async function pauseDevice(
  context: CliContext,
  engine: EngineClient,
  device: string,
  length: PauseLength,
  output: Output,
): Promise<void> {
  const ids = await findDevices(engine, device);
  await nameBookings(context, engine, ids);
  for (const id of ids) await engine.invoke("devices.pause", { device: id, for: length });
  await tellHowItIs(context, engine, device, output);
}

export async function resumeDevice(
  context: CliContext,
  engine: EngineClient,
  device: string,
  output: Output,
): Promise<void> {
  for (const id of await findDevices(engine, device)) await engine.invoke("devices.resume", { device: id });
  await tellHowItIs(context, engine, device, output);
}

export async function limitDevice(
  context: CliContext,
  engine: EngineClient,
  device: string,
  temperatureC: number | null,
  output: Output,
): Promise<void> {
  for (const id of await findDevices(engine, device))
    await engine.invoke("devices.setLimits", { device: id, temperatureC });
  await tellHowItIs(context, engine, device, output);
}

export async function redetectDevices(
  context: CliContext,
  engine: EngineClient,
  output: Output,
): Promise<void> {
  await engine.invoke("devices.redetect", {});
  await devices(context, engine, output);
}

/** A pause takes no GPU from who rents it. */
async function nameBookings(
  { terminal, now }: CliContext,
  engine: EngineClient,
  ids: readonly string[],
): Promise<void> {
  const { offers } = await engine.invoke("offers.list", {});
  const { devices: known } = await engine.invoke("devices.list", {});
  for (const { device, model, state, booking } of offers) {
    if (!ids.includes(device) || (state !== "booked" && state !== "in-use")) continue;
    const left = booking?.endsAt == null ? null : Math.max(1, Math.round((booking.endsAt - now()) / MINUTE));
    const until = left === null ? "to the end of its booking" : `for ${left} min more`;
    const name = known.find(({ id }) => id === device)?.name ?? model;
    terminal.note(`${name} is rented out: its renter keeps it ${until}; after that it is not offered.`);
  }
}

/** By id, the beginning of one, number (as the driver counts, of GPUs only), or `all`. */
async function findDevices(engine: EngineClient, wanted: string): Promise<string[]> {
  const { devices: all } = await engine.invoke("devices.list", {});
  const found = all.filter(
    ({ id, gpu }) =>
      wanted === "all" || id.startsWith(wanted) || (gpu !== undefined && String(gpu.index) === wanted),
  );
  const exact = found.filter(({ id }) => id === wanted);
  const chosen = exact.length > 0 ? exact : found;
  if (chosen.length === 0) throw noSuchDevice(`There is no device "${wanted}"`);
  if (chosen.length > 1 && wanted !== "all")
    throw noSuchDevice(`"${wanted}" may be ${chosen.map(({ id }) => id).join(" or ")}`);
  return chosen.map(({ id }) => id);
}

async function tellHowItIs(
  context: CliContext,
  engine: EngineClient,
  device: string,
  { json }: Output,
): Promise<void> {
  const ids = await findDevices(engine, device);
  const { devices: all } = await engine.invoke("devices.list", {});
  const chosen = all.filter(({ id }) => ids.includes(id));
  if (json) return context.terminal.json(chosen);
  for (const { name, paused } of chosen) {
    const words = paused === null ? "may work" : pauseWords(paused, context.now());
    context.terminal.print(`${name}: ${words}.`);
  }
}

/** "paused by you, goes on in 59 min", "paused for blender, goes on by itself". */
function pauseWords({ text, until, resumesByItself }: PauseView, now: number): string {
  if (until !== null) return `${text}, goes on in ${Math.max(1, Math.round((until - now) / MINUTE))} min`;
  return resumesByItself ? `${text}, goes on by itself` : text;
}

function noSuchDevice(message: string): AppError {
  return new AppError({
    code: "UNKNOWN_DEVICE",
    message,
    actor: "user",
    help: "`bellows devices` lists them.",
  });
}

export function deviceLines(list: readonly DeviceView[], now: number): string[] {
  if (list.length === 0) return ["No device was found."];
  const overview = table<DeviceView>(
    [
      { title: "Device", value: (device) => short(device.id) },
      { title: "Name", value: (device) => device.name },
      { title: "State", value: state },
      { title: "Runs on", value: (device) => orUnknown(device.backend) },
      { title: "Jobs", align: "right", value: (device) => String(device.runningJobs) },
      { title: "Texts/s", align: "right", value: (device) => device.textsPerSecond?.toFixed(1) ?? UNKNOWN },
      { title: "Load", align: "right", value: (device) => quantity(device.utilisationPct, "%") },
      { title: "Memory", align: "right", value: memory },
      { title: "Heat", align: "right", value: (device) => quantity(device.temperatureC, "°C") },
      { title: "Power", align: "right", value: (device) => quantity(device.powerW, "W") },
    ],
    list,
  );
  return [...overview, ...list.flatMap((device) => ["", ...details(device, now)])];
}

function details(device: DeviceView, now: number): string[] {
  const { gpu, verdict, lastSelfTest, stateReason, backendReason, paused } = device;
  const facts: [string, string][] = [];
  if (paused !== null) facts.push(["Rests", pauseWords(paused, now)]);
  if (verdict) facts.push(["Verdict", verdictWords(verdict)]);
  else if (backendReason !== null) facts.push(["Verdict", backendReason]);
  for (const { backend, reason } of device.backendSteps ?? []) facts.push([`Not ${backend}`, reason]);
  if (stateReason !== null && !(verdict && !verdict.usable)) facts.push(["State", stateReason]);
  if (gpu) facts.push(...gpuFacts(gpu));
  if (lastSelfTest) {
    const { ok, summary, at } = lastSelfTest;
    facts.push(["Self-test", `${ok ? "passed" : "failed"} ${ago(at, now)}: ${summary}`]);
  } else if (lastSelfTest === null) {
    facts.push(["Self-test", "never; run `bellows self-test`"]);
  }
  return [
    `${device.name} (${device.id})`,
    ...(facts.length === 0 ? [] : fields(facts)).map((line) => `  ${line}`),
  ];
}

function gpuFacts(gpu: GpuDetails): [string, string][] {
  const { pcie } = gpu;
  const cuda = gpu.cuda === null ? "" : `, CUDA up to ${gpu.cuda}`;
  return [
    ["Driver", `${orUnknown(gpu.driver)}${cuda}; compute capability ${orUnknown(gpu.computeCap)}`],
    [
      "Address",
      `GPU ${gpu.index} at ${orUnknown(gpu.pciBusId)}${gpu.mig === "off" ? "" : `, MIG ${gpu.mig}`}`,
    ],
    [
      "Clocks",
      `${outOf(gpu.clockMhz, gpu.clockMaxMhz, "MHz")}, memory ${outOf(gpu.clockMemoryMhz, gpu.clockMemoryMaxMhz, "MHz")}, ${orUnknown(gpu.pstate)}; ${throttleWords(gpu)}`,
    ],
    ["Screen", screenWords(gpu)],
    ["Limits", `power ${outOf(gpu.powerLimitW, gpu.powerMaxW, "W")}; fan ${quantity(gpu.fanPct, "%")}`],
    ["PCIe", `gen ${outOf(pcie.gen, pcie.genMax)}, width ${outOf(pcie.width, pcie.widthMax)}`],
    ["Programs", programs(gpu)],
    ["Read by", gpu.sourceReason === null ? gpu.source : `${gpu.source} (${gpu.sourceReason})`],
  ];
}

function screenWords({ displayActive, driverModel }: GpuDetails): string {
  const screen = displayActive === null ? "unknown" : displayActive ? "one in use" : "none in use";
  return driverModel === null ? screen : `${screen}; driver model ${driverModel}`;
}

function verdictWords(verdict: DeviceVerdict): string {
  const words = verdict.usable ? verdict.how : `Can't be used: ${verdict.why}`;
  return `${words}.${verdict.help === null ? "" : ` ${verdict.help}`}`;
}

function state({ state, gpu, enabled, paused }: DeviceView): string {
  if (!enabled) return "off";
  if (paused !== null) return "paused";
  return gpu?.suspended ? `${state}, GPU off` : state;
}

function throttleWords({ throttle }: GpuDetails): string {
  if (throttle === null) return "what holds them back is not told";
  return throttle.length === 0 ? "nothing holds them back" : `held by: ${throttle.join(", ")}`;
}

function programs({ processes }: GpuDetails): string {
  if (processes === null) return UNKNOWN;
  if (processes.length === 0) return "none";
  const shown = processes
    .toSorted((a, b) => Number(b.ours) - Number(a.ours) || (b.memoryMb ?? 0) - (a.memoryMb ?? 0))
    .slice(0, PROCESSES_SHOWN)
    .map(
      ({ pid, name, memoryMb, ours }) =>
        `${ours ? "ours" : orUnknown(name)} (${pid}, ${quantity(memoryMb, "MB")})`,
    );
  const more = processes.length - shown.length;
  return more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${more} more`;
}

function outOf(value: number | null, most: number | null, unit = ""): string {
  const of = `${value === null ? UNKNOWN : Math.round(value)} of ${most === null ? UNKNOWN : Math.round(most)}`;
  return unit === "" ? of : `${of} ${unit}`;
}

function memory(device: DeviceView): string {
  if (device.memoryTotalMb === null) return UNKNOWN;
  return `${device.memoryUsedMb === null ? UNKNOWN : Math.round(device.memoryUsedMb)} of ${Math.round(device.memoryTotalMb)} MB`;
}

/** `bellows devices`: what runs jobs, how, and why not faster; for each GPU what its driver tells. */
import type { DeviceVerdict, DeviceView, GpuDetails } from "../../shared/contract/views.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { ago, fields, orUnknown, quantity, short, table, UNKNOWN } from "../format.ts";

/** Programs on a GPU that are shown by name; Windows lists every window. */
const PROCESSES_SHOWN = 4;

export async function devices(
  context: CliContext,
  engine: EngineClient,
  options: { json: boolean },
): Promise<void> {
  const answer = await engine.invoke("devices.list", {});
  if (options.json) return context.terminal.json(answer.devices);
  for (const line of deviceLines(answer.devices, context.now())) context.terminal.print(line);
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
  const { gpu, verdict, lastSelfTest, stateReason, backendReason } = device;
  const facts: [string, string][] = [];
  if (verdict) facts.push(["Verdict", verdictWords(verdict)]);
  else if (backendReason !== null) facts.push(["Verdict", backendReason]);
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
      `${outOf(gpu.clockMhz, gpu.clockMaxMhz, "MHz")}, ${orUnknown(gpu.pstate)}; ${throttleWords(gpu)}`,
    ],
    ["Limits", `power ${outOf(gpu.powerLimitW, gpu.powerMaxW, "W")}; fan ${quantity(gpu.fanPct, "%")}`],
    ["PCIe", `gen ${outOf(pcie.gen, pcie.genMax)}, width ${outOf(pcie.width, pcie.widthMax)}`],
    ["Programs", programs(gpu)],
    ["Read by", gpu.sourceReason === null ? gpu.source : `${gpu.source} (${gpu.sourceReason})`],
  ];
}

function verdictWords(verdict: DeviceVerdict): string {
  const words = verdict.usable ? verdict.how : `Can't be used: ${verdict.why}`;
  return `${words}.${verdict.help === null ? "" : ` ${verdict.help}`}`;
}

function state({ state, gpu }: DeviceView): string {
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

/** `bellows devices`: what runs jobs, how, and why not faster. */
import type { DeviceView } from "../../shared/contract/views.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { orUnknown, quantity, short, table, UNKNOWN } from "../format.ts";

export async function devices(
  context: CliContext,
  engine: EngineClient,
  options: { json: boolean },
): Promise<void> {
  const answer = await engine.invoke("devices.list", {});
  if (options.json) return context.terminal.json(answer.devices);
  for (const line of deviceLines(answer.devices)) context.terminal.print(line);
}

export function deviceLines(list: readonly DeviceView[]): string[] {
  if (list.length === 0) return ["No device was found."];
  const lines = table<DeviceView>(
    [
      { title: "Device", value: (device) => short(device.id) },
      { title: "Name", value: (device) => device.name },
      { title: "State", value: (device) => device.state },
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
  const reasons = list.flatMap((device) =>
    [device.stateReason, device.backendReason]
      .filter((reason) => reason !== null)
      .map((reason) => `${device.name}: ${reason}`),
  );
  return reasons.length === 0 ? lines : [...lines, "", ...reasons];
}

function memory(device: DeviceView): string {
  if (device.memoryTotalMb === null) return UNKNOWN;
  return `${device.memoryUsedMb === null ? UNKNOWN : Math.round(device.memoryUsedMb)} of ${Math.round(device.memoryTotalMb)} MB`;
}

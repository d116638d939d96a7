/** A device's name with its place on the bus, for who looks for the card itself. */
import type { DeviceView } from "../../shared/contract/views.ts";

export function whereItIs({ name, gpu }: Pick<DeviceView, "name" | "gpu">): string {
  const bus = gpu?.pciBusId ?? null;
  return bus === null ? name : `${name} (${bus})`;
}

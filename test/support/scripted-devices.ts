/** What a scripted engine does when somebody speaks to a device: it changes the device it shows, as the real one does. */
import type { ContractHandlers } from "../../src/shared/contract/contract.ts";
import type { DeviceSample } from "../../src/shared/contract/devices.ts";
import type { PauseView } from "../../src/shared/contract/presence.ts";
import type { DeviceView } from "../../src/shared/contract/views.ts";
import { HOUR } from "../../src/shared/durations.ts";

type DeviceCommand = Extract<keyof ContractHandlers, `devices.${string}` | `presence.${string}`>;

export function aPause(change: Partial<PauseView> = {}): PauseView {
  return {
    by: "snooze",
    text: "paused by you",
    subject: null,
    until: null,
    resumesByItself: false,
    signals: ["snooze"],
    ...change,
  };
}

export function scriptedDeviceHandlers(
  devices: () => DeviceView[] = () => [],
  show: (devices: DeviceView[]) => void = () => undefined,
  samples: (device: string) => DeviceSample[] = () => [],
): Pick<ContractHandlers, DeviceCommand> {
  const change = async (device: string | undefined, to: Partial<DeviceView>) => {
    show(devices().map((each) => (device === undefined || each.id === device ? { ...each, ...to } : each)));
    return { devices: devices() };
  };
  return {
    "devices.list": async () => ({ devices: devices() }),
    "devices.setEnabled": ({ device, enabled }) =>
      change(device, {
        enabled,
        paused: enabled ? null : aPause({ by: "switch", text: "switched off by you", signals: ["switch"] }),
      }),
    "devices.pause": ({ device, for: length }) => {
      const until =
        length === "hour" ? Date.now() + HOUR : typeof length === "number" ? Date.now() + length : null;
      return change(device, { paused: aPause({ until, resumesByItself: length !== "until-resumed" }) });
    },
    "devices.resume": ({ device }) => change(device, { paused: null }),
    "devices.setLimits": ({ device, temperatureC }) =>
      change(device, { temperatureLimit: { own: temperatureC, general: null } }),
    "devices.redetect": () => change("", {}),
    "devices.history": async ({ device }) => ({ samples: samples(device) }),
    "devices.watch": async () => ({}),
    "presence.report": async () => ({}),
  };
}

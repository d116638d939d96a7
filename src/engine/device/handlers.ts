/** The contract's words about devices: what a person asks of one, and what they want to see of it. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import type { PresenceKeeper } from "../presence/keeper.ts";
import type { DeviceHistory } from "./history.ts";
import type { Onlooker } from "./onlooker.ts";
import type { DeviceWatcher } from "./watcher.ts";

type DeviceCommand = Extract<keyof ContractHandlers, `devices.${string}` | `presence.${string}`>;

export interface DeviceHandlerDeps {
  readonly devices: () => DeviceView[];
  readonly presence: PresenceKeeper;
  readonly history: DeviceHistory;
  readonly onlooker: Onlooker;
  readonly watcher: Pick<DeviceWatcher, "redetect" | "attentionChanged">;
}

export function deviceHandlers(deps: DeviceHandlerDeps): Pick<ContractHandlers, DeviceCommand> {
  const { presence, history, onlooker, watcher } = deps;
  const answer = () => ({ devices: deps.devices() });
  return {
    "devices.list": async () => answer(),
    "devices.setEnabled": async ({ device, enabled }) => {
      presence.setEnabled(device, enabled);
      return answer();
    },
    "devices.pause": async ({ device, for: length }) => {
      presence.pause(device, length);
      return answer();
    },
    "devices.resume": async ({ device }) => {
      presence.resume(device);
      return answer();
    },
    "devices.setLimits": async ({ device, temperatureC }) => {
      presence.setTemperature(device, temperatureC);
      return answer();
    },
    "devices.redetect": async () => {
      await watcher.redetect();
      return answer();
    },
    "devices.history": async ({ device, span }) => ({ samples: history.samples(device, span) }),
    "devices.watch": async () => {
      onlooker.look();
      watcher.attentionChanged();
      return {};
    },
    "presence.report": async (report) => {
      presence.noteReport(report);
      return {};
    },
  };
}

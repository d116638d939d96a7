/** A device's own controls: its switch, and a pause for a while or the end of one. */
import { CirclePause, Clock, Play, RotateCcw } from "lucide-react";
import type { PauseLength } from "../../shared/contract/devices.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { isSnoozed } from "../../shared/device-rest.ts";
import { t } from "../../shared/words/words.ts";
import { Menu } from "../parts/controls/menu.tsx";
import { Switch } from "../parts/controls/switch.tsx";
import { usePage } from "../state/store.ts";
import type { CommandRunner } from "../state/use-command.ts";
import { useAskRenter } from "./rented-dialog.tsx";

interface DeviceControlsProps {
  readonly device: DeviceView;
  readonly command: CommandRunner;
}

export function DeviceSwitch({ device, command }: DeviceControlsProps) {
  const stale = usePage((page) => page.stale);
  const { ask, dialog } = useAskRenter(device, t("gpus.rented.switchOff"));
  const turn = (enabled: boolean) => command.run("devices.setEnabled", { device: device.id, enabled });
  return (
    <>
      <Switch
        label={t("gpus.use", { name: device.name })}
        checked={device.enabled}
        disabled={stale || command.pending === "devices.setEnabled"}
        onChange={(enabled) => (enabled ? void turn(true) : ask(() => turn(false)))}
      />
      {dialog}
    </>
  );
}

export function ResumeButton({ device: { id, name }, command }: DeviceControlsProps) {
  const stale = usePage((page) => page.stale);
  return (
    <button
      type="button"
      className="button"
      aria-label={t("gpus.resumeOf", { name })}
      disabled={stale || command.pending !== null}
      onClick={() => void command.run("devices.resume", { device: id })}
    >
      <Play size={14} aria-hidden />
      {t("gpus.resume")}
    </button>
  );
}

export function PauseControl({ device, command }: DeviceControlsProps) {
  const stale = usePage((page) => page.stale);
  const { id, name, enabled, state } = device;
  const disabled = stale || command.pending !== null;
  const { ask, dialog } = useAskRenter(device, t("gpus.pause"));
  if (isSnoozed(device)) return <ResumeButton device={device} command={command} />;
  const pause = (length: PauseLength) => () =>
    ask(() => command.run("devices.pause", { device: id, for: length }));
  return (
    <>
      <Menu
        label={t("gpus.pauseOf", { name })}
        disabled={disabled || !enabled || state === "failed"}
        trigger={
          <>
            <CirclePause size={14} aria-hidden />
            {t("gpus.pause")}
          </>
        }
        groups={[
          [
            { key: "hour", label: t("gpus.pauseFor.hour"), icon: Clock, onSelect: pause("hour") },
            {
              key: "restart",
              label: t("gpus.pauseFor.restart"),
              icon: RotateCcw,
              onSelect: pause("restart"),
            },
            {
              key: "resumed",
              label: t("gpus.pauseFor.resumed"),
              hint: t("gpus.pauseHint"),
              icon: CirclePause,
              onSelect: pause("until-resumed"),
            },
          ],
        ]}
      />
      {dialog}
    </>
  );
}

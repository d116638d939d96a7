/** The settings that the set-up reads and writes, and where it stands; each write is kept at once, so it can be left at any time. */
import { useCallback, useEffect, useState } from "react";
import type { SettingPatch, SettingsView } from "../../shared/contract/settings.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";

export interface SetUp {
  /** null until they are read. */
  readonly settings: SettingsView | null;
  readonly error: ErrorValue | null;
  /** Resolves to whether it was kept; why not is in `error`. */
  readonly save: (patch: SettingPatch) => Promise<boolean>;
}

export function useSetUp(): SetUp {
  const bridge = useBridge();
  const up = usePage(({ link }) => link.state === "up");
  const [settings, setSettings] = useState<SettingsView | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);

  useEffect(() => {
    if (!up) return;
    bridge.invoke("settings.get", {}).then(
      (answer) => setSettings(answer.settings),
      (thrown: unknown) => setError(toErrorValue(thrown)),
    );
  }, [bridge, up]);

  const save = useCallback(
    async (patch: SettingPatch) => {
      try {
        const answer = await bridge.invoke("settings.set", { patch });
        setSettings(answer.settings);
        setError(null);
        return true;
      } catch (thrown) {
        setError(toErrorValue(thrown));
        return false;
      }
    },
    [bridge],
  );
  return { settings, error, save };
}

/** The settings that the set-up reads and writes, and where it stands; each write is kept at once, so it can be left at any time. */
import { useCallback, useEffect, useState } from "react";
import type { SettingPatch, SettingsView } from "../../shared/contract/settings.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine } from "../state/store.ts";

export interface SetUp {
  readonly settings: SettingsView;
  readonly error: ErrorValue | null;
  /** Resolves to whether it was kept; why not is in `error`. */
  readonly save: (patch: SettingPatch) => Promise<boolean>;
}

export function useSetUp(): SetUp {
  const bridge = useBridge();
  const told = useEngine((state) => state.settings);
  // The answer to a write is here before the engine's next word to everybody.
  const [answered, setAnswered] = useState<SettingsView | null>(null);
  const [error, setError] = useState<ErrorValue | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever is told is newer.
  useEffect(() => setAnswered(null), [told]);

  const save = useCallback(
    async (patch: SettingPatch) => {
      try {
        const answer = await bridge.invoke("settings.set", { patch });
        setAnswered(answer.settings);
        setError(null);
        return true;
      } catch (thrown) {
        setError(toErrorValue(thrown));
        return false;
      }
    },
    [bridge],
  );
  return { settings: answered ?? told, error, save };
}

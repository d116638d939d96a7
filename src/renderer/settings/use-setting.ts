/** One setting as a control needs it: its value, whether it may be changed here, and what became of the last change. */
import { useCallback, useState } from "react";
import type { SettingKey, SettingPatch, SettingValue, SettingView } from "../../shared/contract/settings.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine } from "../state/store.ts";

export interface SettingControl {
  readonly key: SettingKey;
  readonly view: SettingView;
  /** Said by flag, environment or file: it can't be changed here. */
  readonly isFixed: boolean;
  /** Refused last time, until the next try. */
  readonly error: ErrorValue | null;
  set(value: SettingValue | null): void;
}

export function useSetting(key: SettingKey): SettingControl {
  const view = useEngine((state) => state.settings.values[key]);
  const { change, error } = useSettingsChange();
  return {
    key,
    view,
    isFixed: isFixed(view),
    error,
    set: (value) => void change({ [key]: value }),
  };
}

/** Several at once, all or none. */
export function useSettingsChange() {
  const bridge = useBridge();
  const [error, setError] = useState<ErrorValue | null>(null);
  const [underWay, setUnderWay] = useState(0);
  /** Resolves with whether it was taken. */
  const change = useCallback(
    async (patch: SettingPatch): Promise<boolean> => {
      setError(null);
      setUnderWay((n) => n + 1);
      try {
        await bridge.invoke("settings.set", { patch });
        return true;
      } catch (thrown) {
        setError(toErrorValue(thrown));
        return false;
      } finally {
        setUnderWay((n) => n - 1);
      }
    },
    [bridge],
  );
  return { change, error, pending: underWay > 0 };
}

export const isFixed = ({ source }: SettingView): boolean =>
  source.kind === "flag" || source.kind === "environment" || source.kind === "file";

export const textValue = ({ value }: SettingView): string => (typeof value === "string" ? value : "");
export const numberValue = ({ value }: SettingView): number | null =>
  typeof value === "number" ? value : null;
export const isOn = ({ value }: SettingView): boolean => value === true;
export const listValue = ({ value }: Pick<SettingView, "value">): readonly string[] =>
  Array.isArray(value) ? value : [];

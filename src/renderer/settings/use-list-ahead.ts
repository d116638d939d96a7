/** A list as the person left it: changes build on what was sent last, which may not have been told back yet. */
import { useEffect, useState } from "react";
import { listValue, type SettingControl, useSettingsChange } from "./use-setting.ts";

export function useListAhead({ key, view }: Pick<SettingControl, "key" | "view">) {
  const { change, error, pending } = useSettingsChange();
  const told = listValue(view);
  const toldText = told.join("\n");
  const [sent, setSent] = useState<{ readonly list: readonly string[]; readonly over: string } | null>(null);
  useEffect(() => {
    if (!pending) setSent((now) => (now === null || now.over === toldText ? now : null));
  }, [pending, toldText]);

  /** Resolves with whether it was taken; refused, the list is again what was told. */
  const save = async (list: readonly string[]): Promise<boolean> => {
    setSent({ list, over: toldText });
    const taken = await change({ [key]: list.length === 0 ? null : list });
    if (!taken) setSent(null);
    return taken;
  };
  return { list: sent?.list ?? told, save, error, pending };
}

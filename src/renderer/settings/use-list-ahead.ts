/** A list as the person left it: changes build on what was sent last, which may not have been told back yet. */
import { useEffect, useState } from "react";
import type { SettingKey, SettingView } from "../../shared/contract/settings.ts";
import { listValue, useSettingsChange } from "./use-setting.ts";

interface Sent {
  readonly list: readonly string[];
  /** What was told when it was sent, or by an earlier change since: once something else is told, that holds. */
  readonly over: string;
}

/** One for all that changes a list: two of them know nothing of what the other one has sent. */
export function useListAhead({
  key,
  view,
}: {
  readonly key: SettingKey;
  readonly view: Pick<SettingView, "value">;
}) {
  const { change, error, pending } = useSettingsChange();
  const told = listValue(view);
  const toldText = told.join("\n");
  const [sent, setSent] = useState<Sent | null>(null);
  useEffect(() => {
    setSent((now) => {
      if (now === null || now.over === toldText) return now;
      return pending ? { ...now, over: toldText } : null;
    });
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

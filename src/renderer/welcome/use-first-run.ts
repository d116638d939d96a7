/**
 * The very first start of the desktop app opens the set-up; ever after it is on Home until it is done. That nothing is
 * worked for before its last step is the main process's doing (main/config.ts).
 */
import { useEffect } from "react";
import { useBridge } from "../state/bridge-context.ts";
import { WELCOME_HASH } from "../state/route.ts";
import { usePage } from "../state/store.ts";

export function useFirstRun(): void {
  const bridge = useBridge();
  const isFirst = usePage(({ link, engine }) => {
    if (link.state !== "up" || engine === null) return false;
    const { value, source } = engine.settings.values["app.first_run"];
    return value === "intro" && source.kind === "default";
  });
  useEffect(() => {
    if (!isFirst || bridge.kind !== "desktop" || window.location.hash !== "") return;
    window.location.hash = WELCOME_HASH;
  }, [bridge, isFirst]);
}

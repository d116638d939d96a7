/**
 * The very first start of the desktop app opens the set-up, and nothing is worked for until its last step says so. Ever
 * after it is on Home until it is done.
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
    // Where it can't be told, the engine is shown as silent already.
    bridge.invoke("run.pause", {}).catch(() => undefined);
  }, [bridge, isFirst]);
}

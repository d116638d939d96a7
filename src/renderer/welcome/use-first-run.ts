/** The very first start of the desktop app opens the set-up; ever after it is on Home until it is done. */
import { useEffect } from "react";
import { useBridge } from "../state/bridge-context.ts";
import { WELCOME_HASH } from "../state/route.ts";
import { usePage } from "../state/store.ts";

export function useFirstRun(): void {
  const bridge = useBridge();
  const up = usePage(({ link }) => link.state === "up");
  useEffect(() => {
    if (!up || bridge.kind !== "desktop" || window.location.hash !== "") return;
    bridge.invoke("settings.get", {}).then(
      ({ settings }) => {
        const { value, source } = settings.values["app.first_run"];
        if (value === "intro" && source.kind === "default") window.location.hash = WELCOME_HASH;
      },
      () => undefined, // Home says what is wrong with the engine.
    );
  }, [bridge, up]);
}

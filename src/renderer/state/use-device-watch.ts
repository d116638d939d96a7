/** While a window shows readings of devices, the engine is told so and reads them every second; a hidden one does not count. */
import { useEffect } from "react";
import { WATCH_MS } from "../../shared/contract/devices.ts";
import { useBridge } from "./bridge-context.ts";
import { usePage } from "./store.ts";

export function useDeviceWatch(): void {
  const bridge = useBridge();
  const up = usePage((page) => page.link.state === "up");
  useEffect(() => {
    if (!up) return;
    const look = () => {
      // An engine that does not hear it is shown as such already.
      if (document.visibilityState === "visible") bridge.invoke("devices.watch", {}).catch(() => undefined);
    };
    look();
    const timer = setInterval(look, WATCH_MS / 2);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [bridge, up]);
}

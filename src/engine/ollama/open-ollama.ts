/** An Ollama as the configuration wants it used: what it has, and a runtime for each device that may be its. */
import type { EngineConfig } from "../../shared/config.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { DeviceRuntime } from "../runtime-client/device-runtime.ts";
import { SharedDevice } from "../runtime-client/shared-device.ts";
import { OllamaApi } from "./api.ts";
import { OllamaLibrary, type OllamaLibraryDeps } from "./library.ts";
import { OllamaRuntime } from "./runtime.ts";

export interface Ollama {
  readonly library: OllamaLibrary;
  /** The device with both that compute on it. */
  share(own: DeviceRuntime): DeviceRuntime;
}

/** null: it was not turned on. Asks nothing yet. */
export function openOllama(
  { ollama, keepAliveMs }: Pick<EngineConfig, "ollama" | "keepAliveMs">,
  deps: Omit<OllamaLibraryDeps, "api" | "wantedDevice">,
): Ollama | null {
  if (ollama === undefined) return null;
  const api = new OllamaApi(ollama.url);
  const library = new OllamaLibrary({ ...deps, api, wantedDevice: ollama.device });
  const runtimeOn = (device: DeviceInfo) => new OllamaRuntime({ api, library, device, keepAliveMs });
  return {
    library,
    share: (own) => new SharedDevice(own, runtimeOn(own.device), () => library.device?.id === own.device.id),
  };
}

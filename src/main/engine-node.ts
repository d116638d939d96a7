/**
 * BELLOWS_ENGINE_NODE: a Node of the developer's runs the engine where Electron's own is too old for the ledger. In a
 * packaged app its files must then lie outside the archive, into which only Electron can look.
 */
import type { AppPaths } from "../engine/config/paths.ts";

const ARCHIVE = /([\\/])app\.asar(?=[\\/])/;

/** Entries as that Node can open them; unchanged without one, and outside a package. */
export function withEngineNode(paths: AppPaths, env: Readonly<Record<string, string | undefined>>): AppPaths {
  if (!env.BELLOWS_ENGINE_NODE) return paths;
  const unpacked = (file: string) => file.replace(ARCHIVE, "$1app.asar.unpacked");
  const { engine, runtime, devnet, nvml, cli } = paths.entries;
  return {
    ...paths,
    rendererFolder: paths.rendererFolder === null ? null : unpacked(paths.rendererFolder),
    entries: {
      engine: unpacked(engine),
      runtime: unpacked(runtime),
      devnet: unpacked(devnet),
      nvml: unpacked(nvml),
      cli: unpacked(cli),
    },
  };
}

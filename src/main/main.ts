/** Electron's main: decides what this start is to be, and leaves all else to that. */
import { locatePaths } from "../engine/config/paths.ts";
import { playRole } from "./play-role.ts";
import { roleOf } from "./role.ts";

const paths = locatePaths();
const { engine, runtime, devnet, nvml } = paths.entries;
const role = roleOf(process.argv, [engine, runtime, devnet, nvml]);
if (role.kind === "app") {
  const { startApp } = await import("./desktop.ts");
  startApp(paths);
} else {
  await playRole(role, paths);
}

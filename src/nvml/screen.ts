/**
 * Which program fills the screen, on Windows: the shell itself knows, and tells what it holds notifications back for.
 * Asked here because this process may call native libraries and may crash without harm; elsewhere the engine asks X11.
 */
import koffi from "koffi";
import type { ScreenReading } from "../shared/gpu/reading.ts";

/** QUERY_USER_NOTIFICATION_STATE (shellapi.h): 2 is a window that fills the screen, 3 a Direct3D game that has it alone. */
const FILLED: ReadonlySet<number> = new Set([2, 3]);
const S_OK = 0;

interface Shell {
  readonly SHQueryUserNotificationState: (state: Buffer) => number;
  readonly GetForegroundWindow: () => number | bigint;
  readonly GetWindowThreadProcessId: (window: number | bigint, pid: Buffer) => number;
}

let shell: Shell | null | undefined;

/** null: it can't be told. `nameOf` names a process. */
export function readScreen(
  nameOf: (pid: number) => string | null,
  open: () => Shell | null = openShell,
): ScreenReading {
  shell ??= open();
  if (shell === null) return null;
  const state = Buffer.alloc(4);
  if (shell.SHQueryUserNotificationState(state) !== S_OK) return null;
  if (!FILLED.has(state.readInt32LE())) return { filled: false };
  const pid = Buffer.alloc(4);
  shell.GetWindowThreadProcessId(shell.GetForegroundWindow(), pid);
  const id = pid.readUInt32LE();
  return { filled: true, pid: id === 0 ? null : id, name: id === 0 ? null : nameOf(id) };
}

function openShell(): Shell | null {
  if (process.platform !== "win32") return null;
  try {
    const shell32 = koffi.load("shell32.dll");
    const user32 = koffi.load("user32.dll");
    return {
      SHQueryUserNotificationState: shell32.func("SHQueryUserNotificationState", "int", ["void *"]),
      GetForegroundWindow: user32.func("GetForegroundWindow", "uintptr_t", []),
      GetWindowThreadProcessId: user32.func("GetWindowThreadProcessId", "unsigned int", [
        "uintptr_t",
        "void *",
      ]),
    };
  } catch {
    return null; // A Windows without a desktop.
  }
}

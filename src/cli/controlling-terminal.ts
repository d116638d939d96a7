/** Whether the terminal that this process was started at is still there: SIGHUP means something else when it is not. */
import fs from "node:fs";
import tty from "node:tty";

/** This process's own terminal, whatever its files are. */
const OWN_TERMINAL = "/dev/tty";
const STANDARD_FILES = [0, 1, 2];

/**
 * To be called at the start. The answer is true once the terminal was closed, or the connection to it lost. A process
 * with all its files elsewhere (nohup, a service) has none to lose.
 */
export function watchTerminal(): () => boolean {
  // Windows sends SIGHUP for nothing else.
  if (process.platform === "win32") return () => true;
  const wasThere = STANDARD_FILES.some((file) => tty.isatty(file)) && canOpen();
  return () => wasThere && !canOpen();
}

function canOpen(): boolean {
  try {
    fs.closeSync(fs.openSync(OWN_TERMINAL, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK));
    return true;
  } catch {
    return false; // ENXIO: the kernel has taken it from the whole session.
  }
}

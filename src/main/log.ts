/** The app's own words to the terminal it was started from, or to the desktop's journal. */

export function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** BELLOWS_TIMINGS=1: when something was there, for the bench. Electron knows its own start on Linux only to a second. */
export function timing(what: "tray" | "served"): void {
  if (process.env.BELLOWS_TIMINGS !== undefined) log(`timing: ${what} ${new Date().toISOString()}`);
}

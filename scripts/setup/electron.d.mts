export const electronNote: string;

/** The Electron that set-up found, or null when there is none. */
export function readElectron(): {
  executable: string;
  version: string;
  source: "official" | "registry";
  canRunEngine: boolean;
} | null;

/** What to start for the app of this checkout, or null when there is no Electron. */
export function electronLaunch(appArgs?: readonly string[]): {
  executablePath: string;
  args: string[];
  env: Record<string, string>;
} | null;

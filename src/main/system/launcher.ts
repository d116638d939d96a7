/**
 * How the system starts this very app again: the program, the arguments it can't do without, and what of the environment
 * says where things are. A login has nothing of the terminal in which the app was first started.
 */

/** Names of places, never of secrets: what is written into the system's own files is read by others. */
const PLACES = ["BELLOWS_CONFIG", "BELLOWS_DATA_DIR", "BELLOWS_CACHE_DIR", "BELLOWS_ENGINE_NODE"] as const;

export interface Launcher {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface StartFacts {
  readonly execPath: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Electron was told which app to run, as in a checkout; null: it carries its app. */
  readonly appFolder: string | null;
}

export function launcherOf({ execPath, argv, env, appFolder }: StartFacts): Launcher {
  const places = PLACES.flatMap((name) => {
    const value = env[name];
    return value ? [[name, value] as const] : [];
  });
  return {
    // An AppImage mounts itself anew at each start: what starts it is the file, not the mounted program.
    program: env.APPIMAGE || execPath,
    args: [
      ...argv.slice(1).filter((argument) => argument === "--no-sandbox"),
      ...(appFolder === null ? [] : [appFolder]),
    ],
    env: Object.fromEntries(places),
  };
}

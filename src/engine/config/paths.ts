/**
 * Where the app's own files are, found from where this file itself is and never from the current folder.
 *
 * Three homes: a source checkout run as TypeScript (src/…), a checkout run built (dist/…), and a packaged app
 * (…/resources/app.asar, with models and catalogue beside it in Electron's resources folder).
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "../../shared/errors.ts";

export interface AppPaths {
  /** Folder of the app's package.json. */
  readonly root: string;
  /** Entries of our processes. */
  readonly entries: {
    readonly engine: string;
    readonly runtime: string;
    readonly devnet: string;
    readonly nvml: string;
    readonly cli: string;
  };
  /** The dashboard's files; null when they are not built. */
  readonly rendererFolder: string | null;
  /** Holds models/catalogue.json. */
  readonly resourcesFolder: string;
  readonly modelFolders: readonly string[];
  /** Where data goes when nobody says otherwise; holds live/ and demo/. */
  readonly defaultDataFolder: string;
  readonly version: string;
}

export interface Whereabouts {
  readonly moduleUrl: string;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Electron's process.resourcesPath; undefined under Node. */
  readonly electronResources: string | undefined;
}

export function locatePaths(from: Partial<Whereabouts> = {}): AppPaths {
  const where: Whereabouts = {
    moduleUrl: import.meta.url,
    platform: process.platform,
    env: process.env,
    home: os.homedir(),
    electronResources: (process as { resourcesPath?: string }).resourcesPath,
    ...from,
  };
  const module = fileURLToPath(where.moduleUrl);
  const { root, version } = appRoot(path.dirname(module));
  const entry = module.startsWith(path.join(root, "src") + path.sep)
    ? (name: string) => path.join(root, "src", name, "entry.ts")
    : (name: string) => path.join(root, "dist", "node", `${name}.js`);
  const packagedResources = resourcesOfPackage(root, where.electronResources ?? aroundUnpacked(root));
  const renderer = path.join(root, "dist", "renderer");

  return {
    root,
    version,
    entries: {
      engine: entry("engine"),
      runtime: entry("runtime"),
      devnet: entry("devnet"),
      nvml: entry("nvml"),
      cli: entry("cli"),
    },
    rendererFolder: fs.existsSync(path.join(renderer, "index.html")) ? renderer : null,
    resourcesFolder: packagedResources ?? path.join(root, "resources"),
    modelFolders: [
      packagedResources
        ? path.join(packagedResources, "models")
        : path.join(where.env.BELLOWS_CACHE_DIR ?? path.join(root, ".cache"), "models"),
    ],
    defaultDataFolder: defaultDataFolder(where),
  };
}

/** Electron's resources folder when the app in it is this one and brought its catalogue; null in a checkout. */
function resourcesOfPackage(root: string, electronResources: string | undefined): string | null {
  if (electronResources === undefined || !isWithin(root, electronResources)) return null;
  return fs.existsSync(path.join(electronResources, "models", "catalogue.json")) ? electronResources : null;
}

/** Under a Node of the developer's, which runs what lies beside the archive: the folder around both. */
function aroundUnpacked(root: string): string | undefined {
  return path.basename(root) === "app.asar.unpacked" ? path.dirname(root) : undefined;
}

/** Each system's place for an app's own data that is not a document: never inside the app, so that updates spare it. */
export function defaultDataFolder({
  platform,
  env,
  home,
}: Pick<Whereabouts, "platform" | "env" | "home">): string {
  switch (platform) {
    case "win32":
      return path.win32.join(env.LOCALAPPDATA ?? path.win32.join(home, "AppData", "Local"), "Bellows");
    case "darwin":
      return path.posix.join(home, "Library", "Application Support", "Bellows");
    default: {
      // A relative XDG_DATA_HOME has to be ignored, says the XDG base directory specification.
      const xdg = env.XDG_DATA_HOME;
      return path.posix.join(
        xdg?.startsWith("/") ? xdg : path.posix.join(home, ".local", "share"),
        "bellows",
      );
    }
  }
}

/** The nearest folder upwards whose package.json is ours. */
function appRoot(start: string): { root: string; version: string } {
  for (let folder = start; ; folder = path.dirname(folder)) {
    const manifest = readManifest(path.join(folder, "package.json"));
    if (manifest?.name === "bellows") return { root: folder, version: manifest.version };
    if (folder === path.dirname(folder)) break;
  }
  throw new AppError({
    code: "APP_INCOMPLETE",
    message: `The app's files around ${start} are incomplete: its package.json is missing`,
    actor: "machine",
    help: "Install Bellows again.",
  });
}

function readManifest(file: string): { name: string; version: string } | null {
  try {
    const { name, version } = JSON.parse(fs.readFileSync(file, "utf8")) as Record<string, unknown>;
    return { name: String(name), version: String(version) };
  } catch {
    return null; // None here, or not one of ours: look further up.
  }
}

function isWithin(inner: string, outer: string): boolean {
  const relative = path.relative(outer, inner);
  return relative === "" || (!relative.startsWith("..") && !path.isAbsolute(relative));
}

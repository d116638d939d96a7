/**
 * Where CUDA's libraries lie on this machine, found by looking and not by loading: the loader stops at the first one
 * it misses and says so on stderr only, while a person wants to hear of all of them at once.
 *
 * Order: folders the settings name, LD_LIBRARY_PATH, what the system's loader knows, CUDA toolkits, the GPU pack. The needs are those
 * of ONNX Runtime 1.29's CUDA provider (readelf -d, and what it opens later by name).
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { SECOND } from "../../shared/durations.ts";
import { plainEnvironment } from "../../shared/secret-variables.ts";

export interface CudaLibrary {
  readonly soname: string;
  readonly partOf: "driver" | "toolkit" | "cudnn";
  /** Without it no session starts; the others are missed by the first operator that needs them. */
  readonly needed: "at start" | "later";
}

export const CUDA_LIBRARIES: readonly CudaLibrary[] = [
  { soname: "libcuda.so.1", partOf: "driver", needed: "at start" },
  { soname: "libcudart.so.13", partOf: "toolkit", needed: "at start" },
  { soname: "libcublas.so.13", partOf: "toolkit", needed: "at start" },
  { soname: "libcublasLt.so.13", partOf: "toolkit", needed: "at start" },
  { soname: "libcurand.so.10", partOf: "toolkit", needed: "at start" },
  { soname: "libcufft.so.12", partOf: "toolkit", needed: "later" },
  { soname: "libcudnn.so.9", partOf: "cudnn", needed: "later" },
];

export interface CudaSearch {
  /** soname → file. */
  readonly found: ReadonlyMap<string, string>;
  readonly missing: readonly CudaLibrary[];
  /** What the system's loader would not find by itself, for LD_LIBRARY_PATH. */
  readonly folders: readonly string[];
}

export interface CudaPlaces {
  /** From the settings: a folder of libraries, a toolkit, or Python's site-packages (nvidia/<part>/lib). */
  readonly named: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** soname → file, as the system's loader has it; default: asked of ldconfig. */
  readonly system?: ReadonlyMap<string, string>;
  /** Where toolkits are installed; default the usual places. */
  readonly toolkits?: readonly string[];
  /** Of the GPU pack; looked into last. */
  readonly pack?: readonly string[];
}

export async function findCudaLibraries(places: CudaPlaces): Promise<CudaSearch> {
  const system = places.system ?? (await askLoader());
  const before = [...places.named.flatMap(libraryFoldersUnder), ...listOf(places.env.LD_LIBRARY_PATH)];
  const after = [
    ...[places.env.CUDA_HOME, places.env.CUDA_PATH].flatMap((root) =>
      root === undefined ? [] : libraryFoldersUnder(root),
    ),
    ...(places.toolkits ?? usualToolkits()).flatMap(libraryFoldersUnder),
    ...WSL,
    ...(places.pack ?? []),
  ];
  const found = new Map<string, string>();
  const folders = new Set<string>();
  const missing: CudaLibrary[] = [];
  for (const library of CUDA_LIBRARIES) {
    const { soname } = library;
    const own = firstWith(before, soname);
    const file = own ?? system.get(soname) ?? firstWith(after, soname);
    if (file === undefined) missing.push(library);
    else {
      found.set(soname, file);
      if (file !== system.get(soname)) folders.add(dirname(file));
    }
  }
  return { found, missing, folders: [...folders] };
}

/** LD_LIBRARY_PATH for a child: what was found, then what stood there. Undefined: nothing to add. */
export function libraryPath(search: CudaSearch, inherited: string | undefined): string | undefined {
  const folders = [...new Set([...search.folders, ...listOf(inherited)])];
  return folders.length === 0 ? undefined : folders.join(delimiter);
}

const LDCONFIG_TIMEOUT = 3 * SECOND;
const WSL = ["/usr/lib/wsl/lib"];

/** What the loader's cache holds for this architecture; empty where there is no ldconfig (musl, Windows). */
function askLoader(): Promise<ReadonlyMap<string, string>> {
  return new Promise((resolve) => {
    // Not on every person's PATH.
    const path = [process.env.PATH, "/sbin", "/usr/sbin"].filter(Boolean).join(delimiter);
    const options = {
      timeout: LDCONFIG_TIMEOUT,
      env: { ...plainEnvironment(process.env), PATH: path, LC_ALL: "C" },
    };
    execFile("ldconfig", ["-p"], options, (_error, stdout) => resolve(parseLoaderCache(stdout)));
  });
}

const ARCHITECTURE: Readonly<Record<string, string>> = { x64: "x86-64", arm64: "AArch64" };

/** Lines such as `	libcudart.so.13 (libc6,x86-64) => /usr/local/cuda/lib64/libcudart.so.13`; the first one counts. */
export function parseLoaderCache(text: string, arch: string = process.arch): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [, soname = "", kind = "", file = ""] of text.matchAll(/^\s+(\S+) \(([^)]*)\) => (.+)$/gm)) {
    if (kind.includes(ARCHITECTURE[arch] ?? arch) && !files.has(soname)) files.set(soname, file);
  }
  return files;
}

/** /usr/local/cuda, /usr/local/cuda-13.1 …, the newest first. */
function usualToolkits(): string[] {
  const versions = entriesOf("/usr/local").filter((name) => /^cuda(-\d+(\.\d+)?)?$/.test(name));
  const newestFirst = versions.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return [...newestFirst.map((name) => join("/usr/local", name)), "/opt/cuda"];
}

/** The folders that hold libraries in a toolkit, in site-packages or its nvidia folder, and the folder itself. */
function libraryFoldersUnder(root: string): string[] {
  const wheels = [root, join(root, "nvidia")].flatMap((parent) =>
    entriesOf(parent).map((part) => join(parent, part, "lib")),
  );
  return [root, join(root, "lib64"), join(root, "lib"), join(root, "targets/x86_64-linux/lib"), ...wheels];
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // Not there, or not ours to read: nothing to find.
  }
}

function listOf(path: string | undefined): string[] {
  return (path ?? "").split(delimiter).filter((entry) => entry !== "");
}

function firstWith(folders: readonly string[], soname: string): string | undefined {
  return folders.map((folder) => join(folder, soname)).find((file) => existsSync(file));
}

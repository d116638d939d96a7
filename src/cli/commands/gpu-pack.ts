/** `bellows gpu-pack …`: brings, checks and removes what CUDA needs; works with and without a running engine. */
import { gpuPackFolder, readSettings } from "../../engine/config/from-environment.ts";
import { CUDA_LIBRARIES, type CudaSearch, findCudaLibraries } from "../../engine/gpu-pack/cuda-libraries.ts";
import {
  installedBytes,
  installPack,
  isInstalled,
  type PackEvent,
  type PackState,
  packFolderOf,
  removePacks,
  verifyPack,
} from "../../engine/gpu-pack/install.ts";
import { type GpuPack, readGpuPack } from "../../engine/gpu-pack/manifest.ts";
import { AppError, isAbort } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { fields, table } from "../format.ts";
import { listenForStop } from "../signals.ts";
import type { Terminal } from "../terminal.ts";

interface Asked {
  /** --data */
  readonly data: string | undefined;
  readonly json: boolean;
}

interface Place {
  readonly pack: GpuPack;
  readonly folder: string;
  readonly cudaFolders: readonly string[];
}

async function locate({ env, paths }: CliContext, { data }: Asked): Promise<Place> {
  const settings = readSettings({ env, paths, flags: { dataFolder: data } }, ["dataFolder", "cudaFolders"]);
  const pack = await readGpuPack(paths.resourcesFolder);
  return { pack, folder: gpuPackFolder(settings, paths), cudaFolders: settings.cudaFolders ?? [] };
}

/** Ends when every file is checked and in place; Ctrl-C keeps what is here for the next time. */
export async function installGpuPack(
  context: CliContext,
  asked: Asked & { readonly from: string | undefined },
): Promise<void> {
  const { terminal } = context;
  const { pack, folder, cudaFolders } = await locate(context, asked);
  if (isInstalled(folder, pack)) terminal.note("The files are here already; they are read again.");
  else {
    const [fetched, kept] = [pack.archive.bytes, installedBytes(pack)];
    terminal.note(
      `${pack.id}: ${megabytes(fetched)} to fetch, ${megabytes(kept)} on disk, licence ${pack.licence}.`,
    );
  }
  using stop = listenForStop(() => undefined);
  const onEvent = progressPrinter(terminal, pack.archive.bytes);
  const state = await installPack({ pack, folder, from: asked.from, onEvent, signal: stop.asked }).catch(
    (thrown: unknown) => {
      throw isAbort(thrown) ? stopped() : thrown;
    },
  );
  if (asked.json) return terminal.json(state);
  terminal.print(`Installed in ${state.folder}. A running engine uses it when its GPU starts next.`);
  for (const line of libraryLines(await findCudaLibraries({ named: cudaFolders, env: context.env }))) {
    terminal.print(line);
  }
}

/** Resolves with whether every file is right. */
export async function verifyGpuPack(context: CliContext, asked: Asked): Promise<boolean> {
  const { pack, folder } = await locate(context, asked);
  const state = await verifyPack(folder, pack);
  if (asked.json) context.terminal.json(state);
  else for (const line of stateLines(state)) context.terminal.print(line);
  return state.complete;
}

export async function removeGpuPack(context: CliContext, asked: Asked): Promise<void> {
  const settings = readSettings(
    { env: context.env, paths: context.paths, flags: { dataFolder: asked.data } },
    ["dataFolder"],
  );
  const bytes = await removePacks(gpuPackFolder(settings, context.paths));
  if (asked.json) return context.terminal.json({ freedBytes: bytes });
  context.terminal.print(bytes === 0 ? "Nothing was there." : `Removed; ${megabytes(bytes)} are free again.`);
}

export async function gpuPackStatus(context: CliContext, asked: Asked): Promise<void> {
  const { pack, folder, cudaFolders } = await locate(context, asked);
  const installed = isInstalled(folder, pack);
  const search = await findCudaLibraries({ named: cudaFolders, env: context.env });
  const { terminal } = context;
  if (asked.json) {
    return terminal.json({
      pack: pack.id,
      folder: packFolderOf(folder, pack),
      installed,
      downloadBytes: pack.archive.bytes,
      installedBytes: installedBytes(pack),
      libraries: CUDA_LIBRARIES.map(({ soname }) => ({ soname, file: search.found.get(soname) ?? null })),
    });
  }
  const size = `${megabytes(pack.archive.bytes)} to fetch`;
  for (const line of fields([
    ["Pack", pack.id],
    ["State", installed ? `installed in ${packFolderOf(folder, pack)}` : `not installed (${size})`],
  ])) {
    terminal.print(line);
  }
  terminal.print();
  for (const line of libraryLines(search)) terminal.print(line);
}

function libraryLines(search: CudaSearch): string[] {
  return table<(typeof CUDA_LIBRARIES)[number]>(
    [
      { title: "CUDA needs", value: ({ soname }) => soname },
      { title: "of", value: ({ partOf }) => PARTS[partOf] },
      { title: "found", value: ({ soname }) => search.found.get(soname) ?? "missing" },
    ],
    CUDA_LIBRARIES,
  );
}

const PARTS = { driver: "NVIDIA driver ≥ 580", toolkit: "CUDA 13", cudnn: "cuDNN 9" } as const;

function stateLines(state: PackState): string[] {
  const lines = state.files.map(({ path, state: each }) => `${each.padEnd(8)}${path}`);
  const verdict = state.complete
    ? `Every file in ${state.folder} is right.`
    : "The GPU pack is not whole: `bellows gpu-pack install` puts it right.";
  return [...lines, verdict];
}

/** A line per tenth: few enough for a log, enough to see that it goes on. */
function progressPrinter(terminal: Terminal, total: number): (event: PackEvent) => void {
  let tenth = -1;
  return (event) => {
    switch (event.kind) {
      case "source":
        terminal.note(`From ${event.name}`);
        break;
      case "downloading": {
        if (event.done === null) {
          terminal.note("npm fetches it");
          break;
        }
        const now = Math.floor((event.done / total) * 10);
        if (now === tenth) break;
        tenth = now;
        terminal.note(`${String(now * 10).padStart(4)} % of ${megabytes(total)}`);
        break;
      }
      case "source-failed":
        terminal.note(event.error.message);
        break;
      case "unpacking":
        terminal.note("Unpacking and checking");
        break;
    }
  };
}

function stopped(): AppError {
  return new AppError({
    code: "STOPPED",
    message: "Stopped before the GPU pack was complete",
    actor: "user",
    help: "The same command goes on where this one stopped.",
  });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

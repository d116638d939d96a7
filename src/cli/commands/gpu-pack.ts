/** `bellows gpu-pack …`: brings, checks and removes what CUDA needs; works with and without a running engine. */

import { gpuPackFolder, readSettings } from "../../engine/config/from-environment.ts";
import type { PackEvent } from "../../engine/gpu-pack/archive.ts";
import { CUDA_LIBRARIES, type CudaSearch, findCudaLibraries } from "../../engine/gpu-pack/cuda-libraries.ts";
import { installedLibraryFolders } from "../../engine/gpu-pack/libraries.ts";
import { type GpuPack, readGpuPack } from "../../engine/gpu-pack/manifest.ts";
import {
  installParts,
  lockPack,
  lookAtParts,
  partsIn,
  removeParts,
  type VerifiedPart,
  verifyParts,
} from "../../engine/gpu-pack/parts.ts";
import type { GpuPackPart } from "../../shared/contract/gpu-pack.ts";
import { AppError, isAbort } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { runningEngines } from "../engine-client.ts";
import { table } from "../format.ts";
import { leftToOwner } from "../left-to-owner.ts";
import { listenForStop } from "../signals.ts";
import type { Terminal } from "../terminal.ts";
import type { Asked } from "./kept-folder-program.ts";

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

function search({ folder, cudaFolders }: Place, env: CliContext["env"]): Promise<CudaSearch> {
  return findCudaLibraries({ named: cudaFolders, env, pack: installedLibraryFolders(folder) });
}

interface InstallWish extends Asked {
  /** An archive, a folder of archives, or an address, instead of the sources. */
  readonly from: string | undefined;
  /** Ids; undefined: what is missing. */
  readonly parts: readonly string[] | undefined;
}

/** Ends when every file is checked and in place; Ctrl-C keeps what is here for the next time. */
export async function installGpuPack(context: CliContext, asked: InstallWish): Promise<void> {
  const { terminal } = context;
  const place = await locate(context, asked);
  const { pack, folder } = place;
  const known = lookAtParts(place, await search(place, context.env));
  const wanted = asked.parts ?? (asked.from === undefined ? idsMissing(known) : partsIn(asked.from, pack));
  const chosen = wanted.map((id) => known.find((part) => part.id === id) ?? { id, bytes: 0, bytesKept: 0 });
  for (const part of chosen) if ("name" in part) terminal.note(announcement(part));
  const sum = chosen.reduce((total, { bytes, bytesKept }) => total + bytes - bytesKept, 0);
  terminal.note(chosen.length === 0 ? "Nothing is missing." : `Together ${megabytes(sum)} to fetch.`);
  using stop = listenForStop(() => undefined);
  using _theirs = leftToOwner(folder);
  const lock = await lockPack(folder);
  try {
    const names = new Map(known.map(({ id, name }) => [id, name]));
    const onEvent = progressPrinter(terminal, (id) => names.get(id) ?? id);
    await installParts({ ...place, parts: wanted, from: asked.from, onEvent, signal: stop.asked });
  } catch (thrown) {
    throw isAbort(thrown) ? stopped() : thrown;
  } finally {
    await lock.release();
  }
  const found = await search(place, context.env);
  const parts = lookAtParts(place, found);
  const told = await tellEngines(context, asked);
  if (asked.json) return terminal.json({ folder, parts });
  terminal.print(`Installed in ${folder}. ${told ? TOLD : "Bellows uses it from its next start on."}`);
  for (const line of [...partLines(parts), "", ...libraryLines(found)]) terminal.print(line);
}

const TOLD = "The running engine uses it from now on, and tests its GPUs with it.";

/**
 * A running engine looks at the pack, and tests its GPUs anew. False: none runs, or none heard it; the next start finds
 * out by itself that its tests were of another pack.
 */
async function tellEngines({ env, paths, terminal }: CliContext, { data }: Asked): Promise<boolean> {
  const engines = await runningEngines({ env, paths, flags: { dataFolder: data } });
  const heard = await Promise.all(
    engines.map((engine) =>
      engine.invoke("gpuPack.status", {}).then(
        () => true,
        (thrown: unknown) => {
          terminal.note(thrown instanceof Error ? thrown.message : String(thrown));
          return false;
        },
      ),
    ),
  );
  return heard.includes(true);
}

function idsMissing(parts: readonly GpuPackPart[]): string[] {
  return parts.filter(({ state }) => state === "missing").map(({ id }) => id);
}

function announcement({ name, version, bytes, bytesKept, licence, licenceUrl, state }: GpuPackPart): string {
  if (state === "pack") return `${name} ${version} is here already; its files are read again.`;
  const rest = bytesKept === 0 ? megabytes(bytes) : `${megabytes(bytes - bytesKept)} of ${megabytes(bytes)}`;
  return `${name} ${version}: ${rest} to fetch, licence ${licence}${licenceUrl === null ? "" : ` (${licenceUrl})`}.`;
}

/** Resolves with whether every file is right, and CUDA's libraries are all found. */
export async function verifyGpuPack(context: CliContext, asked: Asked): Promise<boolean> {
  const place = await locate(context, asked);
  const found = await search(place, context.env);
  const verified = await verifyParts(place);
  const right = verified.every(({ files }) => files.every(({ state }) => state === "ok"));
  const missing = idsMissing(lookAtParts(place, found));
  if (asked.json) {
    context.terminal.json({ folder: place.folder, parts: verified, missing, libraries: libraryFiles(found) });
  } else {
    for (const line of verifiedLines(verified, right, place.folder)) context.terminal.print(line);
    context.terminal.print();
    for (const line of libraryLines(found)) context.terminal.print(line);
  }
  return right && missing.length === 0;
}

export async function removeGpuPack(context: CliContext, asked: Asked): Promise<void> {
  const settings = readSettings(
    { env: context.env, paths: context.paths, flags: { dataFolder: asked.data } },
    ["dataFolder"],
  );
  const folder = gpuPackFolder(settings, context.paths);
  using _theirs = leftToOwner(folder);
  const lock = await lockPack(folder);
  const bytes = await removeParts(folder).finally(() => lock.release());
  if (bytes > 0) await tellEngines(context, asked);
  if (asked.json) return context.terminal.json({ freedBytes: bytes });
  context.terminal.print(bytes === 0 ? "Nothing was there." : `Removed; ${megabytes(bytes)} are free again.`);
}

export async function gpuPackStatus(context: CliContext, asked: Asked): Promise<void> {
  const place = await locate(context, asked);
  const found = await search(place, context.env);
  const parts = lookAtParts(place, found);
  const { terminal } = context;
  if (asked.json) {
    return terminal.json({
      pack: place.pack.id,
      folder: place.folder,
      installed: parts.every(({ state }) => state !== "missing"),
      parts,
      libraries: libraryFiles(found),
    });
  }
  for (const line of [...partLines(parts), "", ...libraryLines(found)]) terminal.print(line);
}

function partLines(parts: readonly GpuPackPart[]): string[] {
  return table<GpuPackPart>(
    [
      { title: "Part", value: ({ id }) => id },
      { title: "is", value: ({ name, version }) => `${name} ${version}` },
      { title: "State", value: partState },
      { title: "Licence", value: ({ licence }) => licence },
    ],
    parts,
  );
}

function partState({ state, bytes, bytesKept, bytesOnDisk }: GpuPackPart): string {
  if (state === "pack") return `installed, ${megabytes(bytesOnDisk)}`;
  if (state === "system") return "on this machine already";
  const kept = bytesKept === 0 ? "" : `, ${megabytes(bytesKept)} of it here`;
  return `missing, ${megabytes(bytes)} to fetch${kept}`;
}

function libraryLines(found: CudaSearch): string[] {
  return table<(typeof CUDA_LIBRARIES)[number]>(
    [
      { title: "CUDA needs", value: ({ soname }) => soname },
      { title: "of", value: ({ partOf }) => PARTS[partOf] },
      { title: "found", value: ({ soname }) => found.found.get(soname) ?? "missing" },
    ],
    CUDA_LIBRARIES,
  );
}

function libraryFiles({ found }: CudaSearch): { soname: string; file: string | null }[] {
  return CUDA_LIBRARIES.map(({ soname }) => ({ soname, file: found.get(soname) ?? null }));
}

const PARTS = { driver: "NVIDIA driver ≥ 580", toolkit: "CUDA 13", cudnn: "cuDNN 9" } as const;

function verifiedLines(parts: readonly VerifiedPart[], right: boolean, folder: string): string[] {
  if (parts.length === 0)
    return ["Nothing of the GPU pack is installed: `bellows gpu-pack install` brings it."];
  const lines = parts.flatMap(({ files }) => files.map(({ path, state }) => `${state.padEnd(8)}${path}`));
  const verdict = right
    ? `Every file in ${folder} is right.`
    : "The GPU pack is not whole: `bellows gpu-pack install --parts …` puts a part right.";
  return [...lines, verdict];
}

/** A line per tenth of a part: few enough for a log, enough to see that it goes on. */
function progressPrinter(
  terminal: Terminal,
  nameOf: (part: string) => string,
): (part: string, event: PackEvent) => void {
  let shown = "";
  return (part, event) => {
    switch (event.kind) {
      case "source":
        terminal.note(`${nameOf(part)} from ${event.name}`);
        break;
      case "downloading": {
        if (event.done === null) {
          terminal.note("npm fetches it");
          break;
        }
        const tenth = Math.floor((event.done / event.total) * 10);
        const line = `${part} ${tenth}`;
        if (line === shown) break;
        shown = line;
        terminal.note(`${String(tenth * 10).padStart(4)} % of ${megabytes(event.total)}`);
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

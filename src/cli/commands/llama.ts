/** `bellows llama …`: brings, checks and removes llama.cpp; works with and without a running engine. */

import { llamaFolder, readSettings } from "../../engine/config/from-environment.ts";
import { findRegistry } from "../../engine/llama/fetch-package.ts";
import {
  bytesToFetch,
  installLlama,
  type LlamaEvent,
  type LlamaPlace,
  type LlamaState,
  llamaHome,
  lockLlama,
  lookAtLlama,
  removeLlama,
  verifyLlama,
} from "../../engine/llama/install.ts";
import {
  type LlamaBuildId,
  type LlamaManifest,
  packagesFor,
  readLlamaManifest,
  usualBuilds,
} from "../../engine/llama/manifest.ts";
import { AppError, isAbort } from "../../shared/errors.ts";
import { LLAMA_FOLDER_VARIABLE } from "../../shared/runtime/llama-folder.ts";
import type { CliContext } from "../context.ts";
import { table } from "../format.ts";
import { leftToOwner } from "../left-to-owner.ts";
import { listenForStop } from "../signals.ts";
import type { Terminal } from "../terminal.ts";
import type { Asked } from "./kept-folder-program.ts";

interface InstallWish extends Asked {
  readonly cuda: boolean;
  /** undefined: where there is such a build. */
  readonly vulkan: boolean | undefined;
  readonly registry: string | undefined;
}

function folderOf({ env, paths }: CliContext, { data }: Asked): string {
  return llamaFolder(readSettings({ env, paths, flags: { dataFolder: data } }, ["dataFolder"]), paths);
}

async function locate(context: CliContext, asked: Asked): Promise<LlamaPlace> {
  const manifest = await readLlamaManifest(context.paths.resourcesFolder);
  return { manifest, folder: folderOf(context, asked) };
}

/** Ends when every file is checked and in place; Ctrl-C keeps what is here for the next time. */
export async function installOfLlama(context: CliContext, asked: InstallWish): Promise<void> {
  const { terminal } = context;
  const place = await locate(context, asked);
  const { manifest, folder } = place;
  const builds = buildsWanted(manifest, asked);
  terminal.note(announcement(place, builds));
  using stop = listenForStop(() => undefined);
  using _theirs = leftToOwner(folder);
  const lock = await lockLlama(folder);
  try {
    const signal = stop.asked;
    const registry = await findRegistry(asked.registry, context.env, signal);
    terminal.note(`From ${new URL(registry).host}`);
    await installLlama({ ...place, builds, registry, signal, onEvent: progressPrinter(terminal) });
  } catch (thrown) {
    throw isAbort(thrown) ? stopped() : thrown;
  } finally {
    await lock.release();
  }
  const state = await lookAtLlama(place);
  if (asked.json) return terminal.json({ folder, ...state });
  terminal.print(`Installed in ${llamaHome(folder)}. A running engine uses it for its next texts.`);
  for (const line of buildLines(manifest, state)) terminal.print(line);
}

function buildsWanted(manifest: LlamaManifest, { cuda, vulkan }: InstallWish): LlamaBuildId[] {
  const usual = usualBuilds(manifest).filter((id) => id !== "vulkan" || vulkan !== false);
  const named: LlamaBuildId[] = [
    ...(cuda ? (["cuda"] as const) : []),
    ...(vulkan === true ? (["vulkan"] as const) : []),
  ];
  return [...new Set([...named, ...usual])];
}

/** Throws LLAMA_NO_SUCH_BUILD. */
function announcement(place: LlamaPlace, builds: readonly LlamaBuildId[]): string {
  const licences = new Set(packagesFor(place.manifest, builds).map(({ licence }) => licence));
  const what = `llama.cpp (node-llama-cpp ${place.manifest.llama}; builds: ${builds.join(", ")})`;
  return `${what}: ${megabytes(bytesToFetch(place, builds))} to fetch, licences ${[...licences].join(", ")}.`;
}

/** Resolves with whether it is here and every file is right. */
export async function verifyOfLlama(context: CliContext, asked: Asked): Promise<boolean> {
  const folder = folderOf(context, asked);
  const found = await verifyLlama({ folder });
  const right = found !== null && found.wrong.length === 0;
  const { terminal } = context;
  if (asked.json) {
    terminal.json({ folder, installed: found !== null, files: found?.files ?? 0, wrong: found?.wrong ?? [] });
  } else if (found === null) {
    terminal.print("llama.cpp is not installed: `bellows llama install` brings it.");
  } else {
    for (const { path, state } of found.wrong) terminal.print(`${state.padEnd(8)}${path}`);
    terminal.print(
      right
        ? `All ${found.files} files in ${llamaHome(folder)} are right.`
        : "`bellows llama install` puts them right.",
    );
  }
  return right;
}

export async function removeOfLlama(context: CliContext, asked: Asked): Promise<void> {
  const folder = folderOf(context, asked);
  using _theirs = leftToOwner(folder);
  const lock = await lockLlama(folder);
  const bytes = await removeLlama(folder).finally(() => lock.release());
  if (asked.json) return context.terminal.json({ freedBytes: bytes });
  context.terminal.print(bytes === 0 ? "Nothing was there." : `Removed; ${megabytes(bytes)} are free again.`);
}

export async function llamaStatus(context: CliContext, asked: Asked): Promise<void> {
  const place = await locate(context, asked);
  const state = await lookAtLlama(place);
  const { terminal } = context;
  const named = context.env[LLAMA_FOLDER_VARIABLE];
  if (asked.json) return terminal.json({ folder: place.folder, ...state, override: named ?? null });
  if (named) terminal.print(`${LLAMA_FOLDER_VARIABLE} names another one, which is used instead: ${named}`);
  for (const line of buildLines(place.manifest, state)) terminal.print(line);
  if (state.bytesKept > 0)
    terminal.print(
      `${megabytes(state.bytesKept)} of an interrupted install are here; the next one uses them.`,
    );
}

function buildLines(manifest: LlamaManifest, { version, builds, bytesOnDisk }: LlamaState): string[] {
  const head =
    version === null
      ? "llama.cpp is not installed: `bellows llama install` brings it."
      : `node-llama-cpp ${version}, ${megabytes(bytesOnDisk)} on disk${version === manifest.llama ? "" : `; \`bellows llama install\` brings ${manifest.llama}`}`;
  const rows = table<LlamaManifest["builds"][number]>(
    [
      { title: "Build", value: ({ id }) => id },
      { title: "State", value: ({ id }) => (builds.includes(id) ? "installed" : "not installed") },
      { title: "needs", value: ({ id }) => NEEDS[id] },
      { title: "Download", value: (build) => megabytes(build.package.bytes) },
    ],
    manifest.builds,
  );
  return [head, "", ...rows];
}

const NEEDS: Readonly<Record<LlamaBuildId, string>> = {
  cuda: "NVIDIA driver ≥ 580, CUDA 13 (libcudart, libcublas)",
  vulkan: "the GPU's driver",
  cpu: "nothing",
};

/** A line per tenth: few enough for a log, enough to see that it goes on. */
function progressPrinter(terminal: Terminal): (event: LlamaEvent) => void {
  let shown = -1;
  return (event) => {
    if (event.kind === "unpacking") return terminal.note("Unpacking");
    const tenth = Math.floor((event.done / event.total) * 10);
    if (tenth === shown) return;
    shown = tenth;
    terminal.note(`${String(tenth * 10).padStart(4)} % of ${megabytes(event.total)}`);
  };
}

function stopped(): AppError {
  return new AppError({
    code: "STOPPED",
    message: "Stopped before llama.cpp was complete",
    actor: "user",
    help: "The same command goes on where this one stopped.",
  });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

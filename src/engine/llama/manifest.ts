/**
 * What llama.cpp consists of (resources/llama.json, written by scripts/llama-list.mjs): node-llama-cpp with the packages
 * it needs, and its builds, one for each system and way to compute. Every package is pinned by its sha512.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";

const PackageSchema = z.object({
  /** In the installation: node_modules/a, or node_modules/a/node_modules/b. */
  path: z.string().regex(/^(\/?node_modules\/(@[\w.-]+\/)?[\w][\w.-]*)+$/),
  name: z.string(),
  version: z.string(),
  licence: z.string(),
  /** Of the archive as the registry has it, and its sha512 in base64. */
  bytes: z.number().int().positive(),
  sha512: z.string().length(88),
});
export type LlamaPackage = z.infer<typeof PackageSchema>;

export const LLAMA_BUILDS = ["cuda", "vulkan", "cpu"] as const;
const BuildSchema = z.object({
  id: z.enum(LLAMA_BUILDS),
  platform: z.string(),
  arch: z.string(),
  package: PackageSchema,
});
export type LlamaBuild = z.infer<typeof BuildSchema>;
export type LlamaBuildId = LlamaBuild["id"];

const ManifestSchema = z.object({
  version: z.literal(1),
  llama: z.string(),
  packages: z.array(PackageSchema).min(1),
  builds: z.array(BuildSchema).min(1),
});

export interface LlamaManifest {
  /** Of node-llama-cpp. */
  readonly llama: string;
  /** What every build needs; what lies within another package stands after it. */
  readonly packages: readonly LlamaPackage[];
  /** Of this system, fastest first. */
  readonly builds: readonly LlamaBuild[];
}

/** Throws LLAMA_NOT_FOR_SYSTEM where there is no build, LLAMA_LIST_UNREADABLE. */
export async function readLlamaManifest(
  resourcesFolder: string,
  system: { readonly platform: string; readonly arch: string } = process,
): Promise<LlamaManifest> {
  const file = join(resourcesFolder, "llama.json");
  const manifest = await readFile(file, "utf8")
    .then((text) => ManifestSchema.parse(JSON.parse(text)))
    .catch((cause: unknown) => {
      throw new AppError({
        code: "LLAMA_LIST_UNREADABLE",
        message: `The app's list of what llama.cpp consists of can't be read (${file})`,
        actor: "machine",
        help: "Install Bellows again.",
        cause,
      });
    });
  const { platform, arch } = system;
  const builds = manifest.builds.filter((build) => build.platform === platform && build.arch === arch);
  if (builds.length > 0) return { ...manifest, builds };
  throw new AppError({
    code: "LLAMA_NOT_FOR_SYSTEM",
    message: `There is no build of llama.cpp for ${platform} on ${arch}`,
    actor: "user",
    help: "An Ollama on this machine can write the texts (BELLOWS_OLLAMA).",
  });
}

/** What comes without being asked for: the processor's, and Vulkan's, which needs nothing but the GPU's driver. */
export function usualBuilds({ builds }: LlamaManifest): LlamaBuildId[] {
  return builds.map(({ id }) => id).filter((id) => id !== "cuda");
}

/** Everything that an installation with these builds has. Throws LLAMA_NO_SUCH_BUILD. */
export function packagesFor(manifest: LlamaManifest, ids: readonly LlamaBuildId[]): LlamaPackage[] {
  const builds = ids.map((id) => {
    const build = manifest.builds.find((each) => each.id === id);
    if (build === undefined) throw noSuchBuild(id, manifest);
    return build.package;
  });
  return [...manifest.packages, ...builds];
}

function noSuchBuild(id: LlamaBuildId, { builds }: LlamaManifest): AppError {
  return new AppError({
    code: "LLAMA_NO_SUCH_BUILD",
    message: `llama.cpp has no ${id} build for this system`,
    actor: "user",
    help: `It has: ${builds.map((build) => build.id).join(", ")}.`,
  });
}

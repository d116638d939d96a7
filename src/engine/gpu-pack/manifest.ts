/**
 * What a GPU pack consists of (resources/gpu-pack.json): ONNX Runtime's CUDA provider and NVIDIA's libraries that it
 * stands on. The app does not bring them: most people who look at it have no use for a gigabyte of GPU code, and
 * NVIDIA's own may lie on the machine already. Every archive is pinned; NVIDIA's come from NVIDIA, under its licence.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Bytes = z.number().int().positive();
/** A plain name: it ends up in a path. */
const FileName = z.string().regex(/^[\w][\w.-]*$/);

export const PackSourceSchema = z.discriminatedUnion("kind", [
  /** A published package, fetched by the npm client of this machine. */
  z.object({ kind: z.literal("npm"), package: z.string(), version: z.string() }),
  /** The same archive anywhere on the web; a broken download goes on where it stopped. */
  z.object({ kind: z.literal("url"), url: z.url({ protocol: /^https?$/ }) }),
]);
export type PackSource = z.infer<typeof PackSourceSchema>;

/** NVIDIA's: shared objects out of an archive of its redistributables. */
export const PackLibrarySchema = z.object({
  id: FileName,
  /** "cuBLAS" */
  name: z.string(),
  version: z.string(),
  licence: z.string(),
  licenceUrl: z.url({ protocol: /^https$/ }),
  /** What it is installed for; `findCudaLibraries` looks for these. */
  sonames: z.array(FileName).min(1),
  /** The .tar.xz as NVIDIA publishes it; `file` is its name there. */
  archive: z.object({ file: FileName, bytes: Bytes, sha256: Sha256 }),
  sources: z.array(PackSourceSchema),
});
export type PackLibrary = z.infer<typeof PackLibrarySchema>;

export const GpuPackSchema = z.object({
  id: FileName,
  /** The version of ONNX Runtime it was built for: another one would not load it. */
  onnxruntime: z.string(),
  platform: z.string(),
  arch: z.string(),
  licence: z.string(),
  /** The .tar.gz that every source delivers, byte for byte. */
  archive: z.object({ bytes: Bytes, sha256: Sha256 }),
  files: z.array(z.object({ path: FileName, member: z.string(), bytes: Bytes, sha256: Sha256 })).min(1),
  /** Tried in order. */
  sources: z.array(PackSourceSchema),
  libraries: z.array(PackLibrarySchema).default([]),
});
export type GpuPack = z.infer<typeof GpuPackSchema>;

const ManifestSchema = z.object({ version: z.literal(1), packs: z.array(GpuPackSchema) });

/** The pack for this machine. Throws GPU_PACK_NOT_NEEDED where there is none, GPU_PACK_UNREADABLE. */
export async function readGpuPack(
  resourcesFolder: string,
  system: { readonly platform: string; readonly arch: string } = process,
): Promise<GpuPack> {
  const file = join(resourcesFolder, "gpu-pack.json");
  const manifest = await readFile(file, "utf8")
    .then((text) => ManifestSchema.parse(JSON.parse(text)))
    .catch((cause: unknown) => {
      throw new AppError({
        code: "GPU_PACK_UNREADABLE",
        message: `The app's list of GPU packs can't be read (${file})`,
        actor: "machine",
        help: "Install Bellows again.",
        cause,
      });
    });
  const pack = manifest.packs.find(
    ({ platform, arch }) => platform === system.platform && arch === system.arch,
  );
  if (pack) return pack;
  throw new AppError({
    code: "GPU_PACK_NOT_NEEDED",
    message: `There is no GPU pack for ${system.platform} on ${system.arch}`,
    actor: "user",
    help:
      system.platform === "win32"
        ? "Windows needs none: DirectML comes with the app."
        : "GPU_BACKEND=auto takes the best that works without one.",
  });
}

/**
 * What a GPU pack consists of (resources/gpu-pack.json): the files that ONNX Runtime needs for CUDA and that the app
 * does not bring, because most people who look at it have no use for 230 MB of GPU code. Every byte is pinned.
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

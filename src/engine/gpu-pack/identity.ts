/**
 * What CUDA is run with here, as one digest: which parts the GPU pack holds, which the machine has, and since when. It
 * changes with every install, repair and removal, and a test of a GPU counts for one of them only.
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { GpuPackPart } from "../../shared/contract/gpu-pack.ts";

type Part = Pick<GpuPackPart, "id" | "state" | "file">;

/** Null: there is no pack for this system. */
export function packIdentity(parts: readonly Part[]): string | null {
  if (parts.length === 0) return null;
  const facts = parts.map(({ id, state, file }) => [id, state, file, writtenAt(file)]);
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

/** Unix ms; null: there is no such file. */
function writtenAt(file: string | null): number | null {
  return file === null ? null : (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null);
}

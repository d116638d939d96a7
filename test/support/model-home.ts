/** Models made of random bytes, a catalogue that pins them, and a manager that keeps them in a folder of the test. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_TUNING, type Tuning } from "../../src/engine/models/download/file-download.ts";
import type { ModelManagerOptions } from "../../src/engine/models/manager.ts";
import { type Models, openModels } from "../../src/engine/models/open-models.ts";
import { KIB } from "../../src/shared/durations.ts";
import { onTestFinished } from "./side-by-side.ts";
import { tempFolder } from "./temp-folder.ts";

export type Files = Record<string, Buffer>;

export const QUICK: Tuning = {
  ...DEFAULT_TUNING,
  chunkBytes: 64 * KIB,
  stallMs: 3000,
  backoff: { base: 1, cap: 5 },
  fruitlessTries: 3,
};

export const someBytes = (bytes: number): Buffer => randomBytes(bytes);
export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** A catalogue entry with these files; `sources` are tried in order. */
export function catalogueEntry(id: string, files: Files, sources: readonly unknown[]) {
  return {
    id,
    version: "1",
    task: "embed",
    aliases: [`${id}-alias`],
    licence: "MIT",
    sources,
    files: Object.entries(files).map(([path, bytes]) => ({
      path,
      from: path,
      bytes: bytes.length,
      sha256: sha256(bytes),
    })),
    precision: "fp32",
    vramMb: 1,
    batchTable: [{ freeMb: 0, jobs: 1 }],
    embed: { graph: "g", tokenizer: "t", dimensions: 4, maxTokens: 16, pooling: "mean", normalise: true },
    tolerance: { cosine: 0.999, maxAbs: 0.005 },
  };
}

export interface ModelHome {
  /** Has models/catalogue.json. */
  readonly resources: string;
  readonly home: string;
  /** Another start on the same folders. */
  open(options?: OpenOptions): Promise<Models>;
}

export interface OpenOptions
  extends Partial<Pick<ModelManagerOptions, "inUse" | "retryFailedMs" | "runNpm">> {
  readonly maxBytes?: number;
  readonly bytesPerSecond?: number;
  readonly allowList?: string[];
  readonly tuning?: Partial<Tuning>;
  /** Folders that are only read. */
  readonly others?: string[];
  /** How long the store believes what it saw, ms; absent: not at all. */
  readonly believedMs?: number;
}

export function modelHome(entries: readonly unknown[], home = join(tempFolder(), "home")): ModelHome {
  const resources = tempFolder();
  mkdirSync(join(resources, "models"));
  writeFileSync(join(resources, "models", "catalogue.json"), JSON.stringify({ version: 1, models: entries }));
  return {
    resources,
    home,
    async open({ maxBytes, bytesPerSecond, allowList, tuning, others = [], believedMs, ...rest } = {}) {
      const models = await openModels(
        {
          resourcesFolder: resources,
          modelFolders: [...others, home],
          models: {
            home,
            maxBytes: maxBytes ?? null,
            bytesPerSecond: bytesPerSecond ?? null,
            allowList: allowList ?? null,
          },
        },
        { ...rest, believedMs, tuning: { ...QUICK, ...tuning } },
      );
      onTestFinished(() => models.manager.close());
      return models;
    },
  };
}

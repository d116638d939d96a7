/** One package of llama.cpp from the registry to a folder: only the pinned bytes, taken up where an earlier try broke. */
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import { sha512OfFile } from "../../shared/hash-file.ts";
import { DEFAULT_TUNING, downloadFile, type Tuning } from "../models/download/file-download.ts";
import { packPackage, type RunNpm, runNpm } from "../models/download/npm.ts";
import { noRegistry } from "./errors.ts";
import type { LlamaPackage } from "./manifest.ts";

export interface FetchOptions {
  /** Address of the registry that has the packages, with a closing slash. */
  readonly registry: string;
  readonly signal: AbortSignal;
  readonly npm?: RunNpm | undefined;
  readonly tuning?: Tuning | undefined;
}

/** The registry that npm here would ask. Throws LLAMA_NPM_MISSING. */
export async function findRegistry(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  npm: RunNpm = runNpm,
): Promise<string> {
  const known = named ?? env.npm_config_registry;
  const answer = known ?? (await npm(["config", "get", "registry"], signal)).stdout.trim().split("\n").at(-1);
  if (answer && URL.canParse(answer) && /^https?:/.test(answer)) return answer.replace(/\/*$/, "/");
  throw noRegistry(undefined);
}

/** Resolves with the archive's path in `folder`. Throws MODEL_…, LLAMA_…, or the signal's reason. */
export async function fetchPackage(
  wanted: LlamaPackage,
  folder: string,
  onReceived: (bytes: number) => void,
  options: FetchOptions,
): Promise<string> {
  const { registry, signal, npm = runNpm, tuning = DEFAULT_TUNING } = options;
  const { name, version, bytes } = wanted;
  const digest = { algorithm: "sha512", hex: Buffer.from(wanted.sha512, "base64").toString("hex") } as const;
  try {
    return await downloadFile(
      {
        // Where every registry has it; one that differs is asked through npm.
        url: `${registry}${name}/-/${name.split("/").at(-1)}-${version}.tgz`,
        bytes,
        digest,
        name: `${name} ${version}`,
        folder,
        partName: `${name.replaceAll("/", "+")}-${version}`,
        limiters: [],
        tuning,
        onReceived,
      },
      signal,
    );
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof AppError) || thrown.code === "MODEL_DISK_FULL") throw thrown;
    // A registry behind a login answers npm only.
    const archive = await packPackage({ package: name, version }, join(folder, "npm"), npm, signal).catch(
      (failed: unknown) => {
        throw failed instanceof AppError && failed.code === "MODEL_NPM_MISSING" ? thrown : failed;
      },
    );
    if ((await sha512OfFile(archive, signal)) !== digest.hex) throw notPinned(wanted);
    onReceived(bytes);
    return archive;
  }
}

function notPinned({ name, version }: LlamaPackage): AppError {
  return new AppError({
    code: "LLAMA_SOURCE_WRONG",
    message: `The registry's ${name} ${version} is not the one that is pinned`,
    actor: "network",
    help: "Try another network or another registry; a proxy may have altered the package.",
  });
}

/** A stub of NVIDIA's NVML library, compiled with this machine's C compiler and driven through a file. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tempFolder } from "./temp-folder.ts";

const SOURCE = fileURLToPath(new URL("../fixtures/nvml/stub.c", import.meta.url));
export const NVML_ENTRY = fileURLToPath(new URL("../../src/nvml/entry.ts", import.meta.url));

/** Null: none on PATH. Tests that need the stub are skipped then. */
export const C_COMPILER = process.platform === "win32" ? null : findCompiler();

export interface NvmlStub {
  /** A folder that holds libnvidia-ml.so.1, for LD_LIBRARY_PATH. */
  readonly folder: string;
  readonly library: string;
  /** To be added to the environment of whatever loads it. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on functions answer like this; see the head of stub.c. */
  behave(answers: Readonly<Record<string, number | "hang" | "crash">>): void;
}

/** Call within a test: the library is gone after it. */
export function compileNvmlStub(options: { oldDriver?: boolean } = {}): NvmlStub {
  if (C_COMPILER === null) throw new Error("no C compiler");
  const folder = tempFolder();
  const libraries = join(folder, "lib");
  mkdirSync(libraries);
  const library = join(libraries, "libnvidia-ml.so.1");
  const defines = options.oldDriver ? ["-DOLD_DRIVER"] : [];
  execFileSync(C_COMPILER, ["-shared", "-fPIC", ...defines, "-o", library, SOURCE], { stdio: "pipe" });
  const script = join(folder, "script");
  const behave: NvmlStub["behave"] = (answers) =>
    writeFileSync(
      script,
      Object.entries(answers)
        .map(([name, answer]) => `${name}=${answer}\n`)
        .join(""),
    );
  behave({});
  return { folder: libraries, library, env: { NVML_STUB: script, LD_LIBRARY_PATH: libraries }, behave };
}

function findCompiler(): string | null {
  for (const name of ["cc", "gcc", "clang"]) {
    try {
      execFileSync(name, ["--version"], { stdio: "pipe" });
      return name;
    } catch {
      // Try the next one.
    }
  }
  return null;
}

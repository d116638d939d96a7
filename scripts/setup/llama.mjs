// llama.cpp for the tests of text generation, in the checkout's cache: brought by the app's own `bellows llama install`.
import path from "node:path";
import { readJson } from "../lib/files.mjs";
import { bundledNode } from "../lib/node24.mjs";
import { cacheDir, inRepo } from "../lib/paths.mjs";
import { lastLines, runQuietly } from "../lib/run.mjs";
import { SetupFailure } from "./failure.mjs";

/** Written last: what is installed, and of which version. */
export const llamaManifest = path.join(cacheDir, "llama", "installed", "contents.json");

const wantedVersion = () => readJson(inRepo("resources", "llama.json")).llama;

export function isLlamaInstalled() {
  return readJson(llamaManifest)?.llama === wantedVersion();
}

/** True when something was installed. */
export async function ensureLlama(progress) {
  if (isLlamaInstalled()) return false;
  const step = progress.step(`llama.cpp ${wantedVersion()} for text generation, 76 MB`);
  const command = [inRepo("src", "cli", "entry.ts"), "llama", "install", "--data", cacheDir];
  const { code, output } = await runQuietly(bundledNode(), command);
  if (code !== 0) {
    throw new SetupFailure("llama", `llama.cpp could not be installed (${lastLines(output, 2)})`);
  }
  step.done("llama.cpp is in place");
  return true;
}

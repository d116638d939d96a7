// Brings dist/ up to date from another script, under whatever Node that script runs.
import { inputHash, isFresh } from "../build/inputs.mjs";
import { projectNode } from "./node24.mjs";
import { inRepo } from "./paths.mjs";
import { runQuietly } from "./run.mjs";

/**
 * strict: whole or nothing, with nothing left of earlier builds; `anew`: also when nothing changed.
 * @returns {Promise<{ok: boolean, built: boolean, output: string}>}
 */
export async function ensureBuilt({ strict = false, anew = strict } = {}) {
  if (!anew && isFresh(inputHash())) return { ok: true, built: false, output: "" };
  const node = projectNode();
  if (!node)
    return {
      ok: false,
      built: false,
      output: "The packages are not installed yet: run `npm run setup` first.\n",
    };
  const args = [inRepo("scripts", "build.mjs"), ...(strict ? ["--strict"] : [])];
  const { code, output } = await runQuietly(node, args);
  return { ok: code === 0, built: code === 0, output };
}

// Builds dist/ from src/, only when something changed.
//   node scripts/build.mjs [--strict] [--force] [--quiet]
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { inputHash, isFresh, missingEntries, writeBuildStamp } from "./build/inputs.mjs";
import { withLock } from "./lib/lock.mjs";
import { ensureNode24 } from "./lib/node24.mjs";
import { cacheDir, distDir, nodeModules } from "./lib/paths.mjs";

const PARTS_KEPT_MS = 60 * 60 * 1000;
const FLAGS = ["--strict", "--force", "--quiet"];

/** Builds what is out of date; strict: everything, with nothing left of earlier builds. Returns false when nothing was. Throws BuildFailure with the compiler's words. */
export async function build({ strict = false, force = false } = {}) {
  const missing = missingEntries();
  if (strict && missing.length > 0)
    throw new BuildFailure(`Nothing was built, these entries are missing: ${missing.join(", ")}.`);
  const anew = force || strict;
  if (!anew && isFresh()) return false;
  return withLock(path.join(cacheDir, "build.lock"), async () => {
    const hash = inputHash();
    if (!anew && isFresh(hash)) return false;
    await buildAll(hash, strict);
    return true;
  });
}

export class BuildFailure extends Error {
  name = "BuildFailure";
}

async function buildAll(hash, strict) {
  const [{ build: viteBuild }, { nextFolder, targets }] = await Promise.all([
    import("vite"),
    import("./build/targets.mjs"),
  ]);
  const wanted = targets();
  const results = await Promise.allSettled(wanted.map((target) => viteBuild(target.config)));
  const causes = results.flatMap(({ reason }) => (reason ? [reason.message ?? String(reason)] : []));
  wanted.forEach(({ name }, index) => {
    const next = nextFolder(name);
    // While the tree is in pieces, what does build is useful; a strict build is whole or nothing.
    if (results[index].status === "fulfilled" && !(strict && causes.length > 0))
      swapIn(next, path.join(distDir, name), { keepParts: !strict });
    else fs.rmSync(next, { recursive: true, force: true });
  });
  if (causes.length > 0) throw new BuildFailure(causes.join("\n\n"));
  const outputs = wanted.flatMap((target) => target.outputs);
  writeBuildStamp(hash, outputs);
}

/** `keepParts`: what runs from the build before loads some of its parts late, and finds them for an hour. */
function swapIn(next, current, { keepParts }) {
  if (keepParts) keepLateParts(current, next);
  const old = `${current}.old`;
  fs.rmSync(old, { recursive: true, force: true });
  if (fs.existsSync(current)) fs.renameSync(current, old);
  fs.renameSync(next, current);
  fs.rmSync(old, { recursive: true, force: true });
}

/** Their names end with a hash of their content, so the old ones lie beside the new. */
function keepLateParts(from, to) {
  for (const name of fs.existsSync(from) ? fs.readdirSync(from) : []) {
    const file = path.join(from, name);
    const isPart = /^chunk-.+\.js$/.test(name) && !fs.existsSync(path.join(to, name));
    if (isPart && Date.now() - fs.statSync(file).mtimeMs < PARTS_KEPT_MS)
      fs.linkSync(file, path.join(to, name));
  }
}

async function main() {
  const args = process.argv.slice(2);
  const unknown = args.filter((arg) => !FLAGS.includes(arg));
  if (unknown.length > 0) return fail(`Unknown option ${unknown.join(" ")}; known are ${FLAGS.join(", ")}.`);
  if (!fs.existsSync(path.join(nodeModules, "vite")))
    return fail("The packages are not installed yet: run `npm run setup` first.");
  const [strict, force, quiet] = FLAGS.map((flag) => args.includes(flag));
  const startedAt = Date.now();
  // Only a real build needs the newer Node; finding out that nothing changed does not.
  if (force || strict || !isFresh()) await ensureNode24(process.argv[1]);
  try {
    const built = await build({ strict, force });
    const missing = missingEntries();
    if (quiet) return;
    for (const entry of missing) console.log(`not built, no ${entry} yet`);
    console.log(
      built
        ? `Built dist/ in ${Date.now() - startedAt} ms.`
        : `dist/ is up to date (${Date.now() - startedAt} ms).`,
    );
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    fail(error.message);
  }
}

function fail(sentence) {
  // The bundler colours its messages even for a file.
  process.stderr.write(`${process.stderr.isTTY ? sentence : stripVTControlCharacters(sentence)}\n`);
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) await main();

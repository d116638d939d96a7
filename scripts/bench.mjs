// `npm run bench -- <name> [--json FILE] [--rounds N]`: runs test/bench/<name>.bench.ts on the project's Node.
import fs from "node:fs";
import { pathToFileURL } from "node:url";
import { ensureNode24 } from "./lib/node24.mjs";
import { inRepo } from "./lib/paths.mjs";

await ensureNode24(process.argv[1]);
const [name = "", ...args] = process.argv.slice(2);
const names = fs
  .readdirSync(inRepo("test", "bench"))
  .flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? []);
if (!names.includes(name)) {
  process.stderr.write(`Usage: npm run bench -- ${names.join("|")} [--json FILE] [--rounds N]\n`);
  process.exit(2);
}
process.argv = [process.argv[0], name, ...args];
await import(pathToFileURL(inRepo("test", "bench", `${name}.bench.ts`)).href);

// `npm run llama`: brings llama.cpp, for text generation, into this machine's data folder, from a source checkout.
//   npm run llama [-- [install] --cuda|verify|remove|status …]
import path from "node:path";
import { ensureNode24 } from "./lib/node24.mjs";
import { repoRoot } from "./lib/paths.mjs";

await ensureNode24(process.argv[1]);
const asked = process.argv.slice(2);
const named = asked[0] !== undefined && !asked[0].startsWith("-");
process.argv = [
  process.argv[0],
  path.join(repoRoot, "src/cli/entry.ts"),
  "llama",
  ...(named ? asked : ["install", ...asked]),
];
await import("../src/cli/entry.ts");

// `npm run gpu-pack`: brings the GPU pack into this machine's data folder, from a source checkout.
//   npm run gpu-pack [-- install|verify|remove|status …]
import path from "node:path";
import { ensureNode24 } from "./lib/node24.mjs";
import { repoRoot } from "./lib/paths.mjs";

await ensureNode24(process.argv[1]);
const asked = process.argv.slice(2);
process.argv = [
  process.argv[0],
  path.join(repoRoot, "src/cli/entry.ts"),
  "gpu-pack",
  ...(asked.length > 0 ? asked : ["install"]),
];
await import("../src/cli/entry.ts");

// `npm run screenshots`: draws the pictures of the docs (docs/pictures) from the page as it is now, in a real Chromium.
import { ensureNode24 } from "./lib/node24.mjs";
import { inRepo } from "./lib/paths.mjs";

/** A README is read over slow lines too. */
const MOST_BYTES = 150_000;

await ensureNode24(process.argv[1]);
const { drawPictures } = await import("../test/pictures/pictures.ts");
const drawn = await drawPictures(inRepo("docs", "pictures"));
for (const { file, bytes } of drawn) console.log(`docs/pictures/${file}  ${Math.ceil(bytes / 1000)} kB`);
const heavy = drawn.filter(({ bytes }) => bytes > MOST_BYTES);
if (heavy.length > 0) {
  console.error(`Too big: ${heavy.map(({ file }) => file).join(", ")}; ${MOST_BYTES / 1000} kB at most.`);
  process.exit(1);
}

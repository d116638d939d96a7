// Draws every icon from SVG: the app's, and the tray's in each state, for dark and light panels and for macOS.
//   node scripts/icons.mjs [--check]     --check: fail when the files in resources/icons are not what would be drawn
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Resvg } from "@resvg/resvg-js";

const root = path.join(import.meta.dirname, "..", "resources", "icons");

const FLAME =
  "M12.6 1.8c.5 3.300 2.300 5 3.900 6.900 1.300 1.600 2.300 3.400 2.300 5.700a6.800 6.800 0 0 1-13.600 0c0-2.700 1.300-4.600 2.900-6.300.2 1.700.8 2.900 1.900 3.500.2-3.900.3-7.300 2.600-9.800z";

/** Panel tones: what the lines are drawn in, and the ember that stays visible on it. */
const THEMES = {
  dark: { ink: "#f2f3f4", ember: "#ff8748", warn: "#f0b429", bad: "#f4706a", hole: "#0e1012" },
  light: { ink: "#2a2d30", ember: "#c4500f", warn: "#9a6400", bad: "#b8302a", hole: "#ffffff" },
  // macOS colours template images itself: only the alpha counts, so the shapes alone tell the states apart.
  template: { ink: "#000000", ember: "#000000", warn: "#000000", bad: "#000000", hole: null },
};

/** The badge's place, kept clear of the flame by a ring cut out of it. */
const BADGE = { x: 17.4, y: 17.4, r: 5.6 };
const CLEAR = 1.5;

const solid = (colour) =>
  `<path d="${FLAME}" fill="${colour}" stroke="${colour}" stroke-width="1.2" stroke-linejoin="round"/>`;
const outline = (colour) =>
  `<path d="${FLAME}" fill="none" stroke="${colour}" stroke-width="1.9" stroke-linejoin="round"/>`;

/** Each state has its own silhouette: filled, outlined, or outlined with a badge of its own shape. */
const STATES = {
  idle: ({ ink }) => outline(ink),
  earning: ({ ember }) => solid(ember),
  paused: ({ ink }) =>
    badged(
      outline(ink),
      `<path d="M14.600 13.200v8.400M20.200 13.200v8.400" stroke="${ink}" stroke-width="2.800" stroke-linecap="round"/>`,
    ),
  attention: ({ ink, warn, hole }) =>
    badged(
      outline(ink),
      `<path d="M17.400 11.600l6 10.600h-12z" fill="${warn}" stroke="${warn}" stroke-width="1.400" stroke-linejoin="round"/>${cut(
        `<path d="M17.400 15v3.400M17.400 20.700v.1"`,
        hole,
      )}`,
    ),
  error: ({ ink, bad, hole }) =>
    badged(
      outline(ink),
      `<circle cx="${BADGE.x}" cy="${BADGE.y}" r="${BADGE.r}" fill="${bad}"/>${cut(`<path d="M15.400 15.400l4 4M19.400 15.400l-4 4"`, hole)}`,
    ),
};

function badged(flame, badge) {
  return (
    `<mask id="m"><rect width="24" height="24" fill="#fff"/><circle cx="${BADGE.x}" cy="${BADGE.y}" r="${BADGE.r + CLEAR}" fill="#000"/></mask>` +
    `<g mask="url(#m)">${flame}</g>${badge}`
  );
}

/** The sign inside a badge: in the panel's own tone, or (template) as a hole is not drawn at all but left to shape. */
function cut(start, hole) {
  return hole === null
    ? ""
    : `${start} fill="none" stroke="${hole}" stroke-width="1.700" stroke-linecap="round"/>`;
}

const traySvg = (state, theme) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${STATES[state](THEMES[theme])}</svg>\n`;

function png(svg, size) {
  return new Resvg(svg, { fitTo: { mode: "width", value: size }, font: { loadSystemFonts: false } })
    .render()
    .asPng();
}

/** Windows' icon: a directory of PNGs (allowed since Vista). */
function ico(images) {
  const head = Buffer.alloc(6 + 16 * images.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(images.length, 4);
  let offset = head.length;
  images.forEach(({ size, data }, index) => {
    const entry = 6 + 16 * index;
    head.writeUInt8(size === 256 ? 0 : size, entry);
    head.writeUInt8(size === 256 ? 0 : size, entry + 1);
    head.writeUInt16LE(1, entry + 4);
    head.writeUInt16LE(32, entry + 6);
    head.writeUInt32LE(data.length, entry + 8);
    head.writeUInt32LE(offset, entry + 12);
    offset += data.length;
  });
  return Buffer.concat([head, ...images.map(({ data }) => data)]);
}

/** macOS' icon: typed chunks of PNGs. */
function icns(images) {
  const chunks = images.map(({ type, data }) => {
    const head = Buffer.alloc(8);
    head.write(type, 0, "latin1");
    head.writeUInt32BE(data.length + 8, 4);
    return Buffer.concat([head, data]);
  });
  const head = Buffer.alloc(8);
  head.write("icns", 0, "latin1");
  head.writeUInt32BE(8 + chunks.reduce((sum, chunk) => sum + chunk.length, 0), 4);
  return Buffer.concat([head, ...chunks]);
}

/** Every file under resources/icons that this script makes: [relative path, content]. */
export function drawIcons() {
  const app = fs.readFileSync(path.join(root, "svg", "app.svg"), "utf8");
  const appAt = (size) => png(app, size);
  const files = [
    ["app.png", appAt(512)],
    ...[16, 24, 32, 48, 64, 128, 256].map((size) => [`app-${size}.png`, appAt(size)]),
    ["app.ico", ico([16, 24, 32, 48, 64, 128, 256].map((size) => ({ size, data: appAt(size) })))],
    [
      "app.icns",
      icns([
        { type: "ic11", data: appAt(32) },
        { type: "ic12", data: appAt(64) },
        { type: "ic07", data: appAt(128) },
        { type: "ic08", data: appAt(256) },
        { type: "ic09", data: appAt(512) },
      ]),
    ],
  ];
  for (const state of Object.keys(STATES)) {
    for (const theme of Object.keys(THEMES)) {
      const svg = traySvg(state, theme);
      // Electron reads the suffixes: @2x for dense screens, Template for images that macOS colours.
      const name = `tray-${state}-${theme === "template" ? "Template" : theme}`;
      const size = theme === "template" ? 18 : 24;
      files.push([`svg/${name}.svg`, Buffer.from(svg)]);
      files.push([`tray/${name}.png`, png(svg, size)]);
      files.push([`tray/${name}@2x.png`, png(svg, 2 * size)]);
    }
  }
  return files;
}

function main([flag]) {
  const wrong = [];
  for (const [name, content] of drawIcons()) {
    const file = path.join(root, name);
    if (fs.existsSync(file) && fs.readFileSync(file).equals(content)) continue;
    wrong.push(name);
    if (flag === "--check") continue;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  }
  if (flag === "--check" && wrong.length > 0) {
    process.stderr.write(`Out of date: ${wrong.join(", ")}. Run \`node scripts/icons.mjs\`.\n`);
    process.exitCode = 1;
    return;
  }
  console.log(
    wrong.length === 0 ? "Icons are up to date." : `Drew ${wrong.length} files in resources/icons.`,
  );
}

if (import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) main(process.argv.slice(2));

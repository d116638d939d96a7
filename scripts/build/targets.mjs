// The three things Vite makes: programs for Node, one preload script, and the window's page.
import { builtinModules } from "node:module";
import path from "node:path";
import react from "@vitejs/plugin-react";
import { distDir, inRepo, repoRoot } from "../lib/paths.mjs";
import { exists, NODE_ENTRIES, PRELOAD_ENTRY, RENDERER_ENTRY } from "./inputs.mjs";
import { httpAsAnObject, inAscii, zodUncompiled } from "./lean.mjs";

/** The oldest Electron the app is tested in runs main and runtime on Node 20.18 and the window in Chrome 130. */
const NODE_TARGET = "node20.18";
const CHROME_TARGET = "chrome130";

/** Written beside the place they belong and renamed when whole, so that a running app never sees half a build. */
export const nextFolder = (name) => path.join(distDir, `${name}.next`);

/**
 * Packages of plain JavaScript that go into the programs: of each only what is used, in few files. A process that reads
 * them from node_modules has all of it in memory (zod: the messages of 40 languages) and opens 200 files to start.
 * What is native, or loaded by few and late, stays outside.
 */
const PACKED_IN = [
  "@hono/node-server",
  "@noble/curves",
  "@noble/hashes",
  "@noble/post-quantum",
  "@scure/base",
  "@scure/bip39",
  "cborg",
  "commander",
  "hono",
  "i18next",
  "ws",
  "zod",
];

/** Targets whose sources are there: {name, outputs, config}. `outputs` are relative to dist/. */
export function targets() {
  return [nodeTarget(), preloadTarget(), rendererTarget()].filter(Boolean);
}

const shared = (name) => ({
  configFile: false,
  envDir: false,
  publicDir: false,
  logLevel: "warn",
  clearScreen: false,
  mode: "production",
  build: { outDir: nextFolder(name), emptyOutDir: true, reportCompressedSize: false },
});

function nodeTarget() {
  const input = Object.fromEntries(
    Object.entries(NODE_ENTRIES)
      .filter(([, source]) => exists(source))
      .map(([name, source]) => [name, inRepo(source)]),
  );
  const names = Object.keys(input);
  if (names.length === 0) return null;
  const base = shared("node");
  return {
    name: "node",
    outputs: names.map((name) => `node/${name}.js`),
    config: {
      ...base,
      root: repoRoot,
      // All others stay in node_modules: native ones must, and those loaded late can.
      ssr: { noExternal: PACKED_IN },
      plugins: [httpAsAnObject, inAscii, zodUncompiled],
      build: {
        ...base.build,
        ssr: true,
        target: NODE_TARGET,
        sourcemap: true,
        rolldownOptions: {
          input,
          output: {
            format: "es",
            // Comments go, names and lines stay: a stack trace is to be read.
            minify: { compress: false, mangle: false, codegen: { removeWhitespace: false } },
            comments: false,
            entryFileNames: "[name].js",
            // Flat, so that `../..` from import.meta.url is the repository for shared code as well.
            chunkFileNames: "chunk-[name]-[hash].js",
          },
        },
      },
    },
  };
}

function preloadTarget() {
  if (!exists(PRELOAD_ENTRY)) return null;
  const base = shared("preload");
  return {
    name: "preload",
    outputs: ["preload/preload.cjs"],
    config: {
      ...base,
      root: repoRoot,
      // A sandboxed preload may require nothing but electron: everything else goes into the one file.
      ssr: { noExternal: true, external: ["electron"], target: "node" },
      build: {
        ...base.build,
        ssr: true,
        target: CHROME_TARGET,
        minify: false,
        sourcemap: false,
        rolldownOptions: {
          input: { preload: inRepo(PRELOAD_ENTRY) },
          external: ["electron", ...builtinModules, /^node:/],
          output: { format: "cjs", entryFileNames: "[name].cjs", codeSplitting: false },
        },
      },
    },
  };
}

function rendererTarget() {
  if (!exists(RENDERER_ENTRY)) return null;
  const base = shared("renderer");
  const publicFolder = "src/renderer/public";
  return {
    name: "renderer",
    outputs: ["renderer/index.html"],
    config: {
      ...base,
      root: inRepo(path.dirname(RENDERER_ENTRY)),
      base: "./",
      publicDir: exists(publicFolder) ? inRepo(publicFolder) : false,
      plugins: [react()],
      build: {
        ...base.build,
        target: CHROME_TARGET,
        sourcemap: true,
        // Inlined files would be data: addresses, which the window's content policy need not allow.
        assetsInlineLimit: 0,
        chunkSizeWarningLimit: 2_000,
        modulePreload: { polyfill: false },
      },
    },
  };
}

/** The arrows of docs/architecture.md: which part of the house may know which other part. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SRC = fileURLToPath(new URL("../../../src", import.meta.url));

/** Folder of src → folders of src it may import from, besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  shared: [],
  host: ["shared"],
  runtime: ["shared", "host"],
  nvml: ["shared", "host"],
  engine: ["shared", "host"],
  devnet: ["shared", "host"],
  renderer: ["shared"],
  preload: ["shared"],
  // It builds an engine's configuration, starts it as a process, looks whether one runs already, and reports on and mends one that can't.
  main: [
    "shared",
    "host",
    "engine/config",
    "engine/control/ask-engine.ts",
    "engine/control/control-file.ts",
    "engine/ledger/way-back.ts",
    "engine/log/log-file.ts",
    "engine/log/redact.ts",
  ],
  // `serve` runs the engine in its own process; `verify` reads receipts; `devnet` runs the embedded markets.
  cli: ["shared", "host", "engine", "devnet"],
};

/** Package → the only folders that may import it. */
const ONLY_IN: Record<string, readonly string[]> = {
  electron: ["main", "preload"],
  "electron-updater": ["main"],
  "onnxruntime-node": ["runtime"],
  // Vulkan is asked in the runtime process itself: the order of its GPUs is that process's own.
  koffi: ["nvml", "host/systemd.ts", "runtime/backends/vulkan-devices.ts"],
  "@huggingface/tokenizers": ["runtime"],
  "jpeg-js": ["runtime"],
  "better-sqlite3": ["engine/ledger", "devnet"],
  "prom-client": ["engine/metrics"],
  "@opentelemetry/api": ["engine/tracing"],
  "@opentelemetry/sdk-trace": ["engine/tracing"],
  react: ["renderer"],
  "react-dom": ["renderer"],
  zustand: ["renderer"],
};

/** Words of the markets' wire formats, which only their adapters (and the devnet that speaks them) may know. */
const WIRE_WORDS = [
  "/v1/miners",
  "/v1/leases",
  "/v1/providers",
  "aicf.claimPayout",
  "X-Miner-ID",
  "x-signature",
  "/rpc/escrow",
];
const WIRE_SPEAKERS = ["engine/market/aitbc", "engine/market/aicf", "devnet"];

interface SourceFile {
  /** Relative to src, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const IMPORT = /(?:from|import)\s*\(?\s*["']([^"']+)["']/g;
const files: SourceFile[] = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => {
    const text = readFileSync(join(SRC, path), "utf8");
    return {
      path: path.split(sep).join("/"),
      text,
      imports: [...text.matchAll(IMPORT)].map((match) => match[1] ?? ""),
    };
  });

const isIn = (path: string, places: readonly string[]) =>
  places.some((place) => path === place || path.startsWith(`${place}/`));

describe("the arrows between the parts", () => {
  it("sees the sources it judges", () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(300);
  });

  it.each(Object.keys(MAY_IMPORT))("src/%s imports only what it may", (part) => {
    const allowed = [part, ...(MAY_IMPORT[part] ?? [])];
    const wrong = files
      .filter((file) => file.path.startsWith(`${part}/`))
      .flatMap((file) =>
        file.imports
          .filter((name) => name.startsWith("."))
          .map((name) =>
            relative(SRC, resolve(SRC, dirname(file.path), name))
              .split(sep)
              .join("/"),
          )
          .filter((target) => !target.startsWith("..") && !isIn(target, allowed))
          .map((target) => `${file.path} → ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it("nothing the dashboard is made of needs Node", () => {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const reached = new Set(
      files.filter((file) => file.path.startsWith("renderer/")).map((file) => file.path),
    );
    for (const path of reached) {
      for (const name of byPath.get(path)?.imports ?? []) {
        const target = relative(SRC, resolve(SRC, dirname(path), name))
          .split(sep)
          .join("/");
        if (name.startsWith(".") && byPath.has(target)) reached.add(target);
      }
    }
    const wrong = [...reached].filter((path) =>
      byPath.get(path)?.imports.some((name) => name.startsWith("node:")),
    );
    expect(reached.has("shared/contract/contract.ts"), "the walk reaches the contract").toBe(true);
    expect(wrong).toEqual([]);
  });

  it("no folder of src is outside the map", () => {
    const parts = new Set(files.map((file) => file.path.split("/")[0] ?? ""));
    expect([...parts].filter((part) => !(part in MAY_IMPORT))).toEqual([]);
  });

  it.each(Object.entries(ONLY_IN))("%s is imported only where it belongs", (name, folders) => {
    const wrong = files
      .filter((file) => file.imports.some((each) => each === name || each.startsWith(`${name}/`)))
      .filter((file) => !isIn(file.path, folders))
      .map((file) => file.path);
    expect(wrong).toEqual([]);
  });

  it("no market's wire format outside its adapter", () => {
    const wrong = files
      .filter((file) => !isIn(file.path, WIRE_SPEAKERS))
      .flatMap((file) =>
        WIRE_WORDS.filter((word) => file.text.includes(word)).map((word) => `${file.path}: ${word}`),
      );
    expect(wrong).toEqual([]);
  });

  it("the engine never branches on a market's name", () => {
    const wrong = files
      .filter(
        (file) => file.path.startsWith("engine/") && !isIn(file.path, ["engine/market", "engine/config"]),
      )
      .filter((file) => /[=!]==?\s*["'](aitbc|aicf)["']/.test(file.text))
      .map((file) => file.path);
    expect(wrong).toEqual([]);
  });

  it("no default exports and no barrels", () => {
    const wrong = files
      .filter((file) => /^export default|^export \* from/m.test(file.text))
      .map((file) => file.path);
    expect(wrong).toEqual([]);
  });
});

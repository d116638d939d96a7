/** The page as the build makes it, in a folder of the test's own, so that no other build can pull it away. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { InlineConfig } from "vite";

interface Target {
  readonly name: string;
  readonly config: InlineConfig;
}

export interface RendererBuild {
  readonly folder: string;
  remove(): void;
}

export async function buildRenderer(): Promise<RendererBuild> {
  const folder = mkdtempSync(path.join(tmpdir(), "bellows-renderer-"));
  const script = new URL("../../../scripts/build/targets.mjs", import.meta.url).href;
  const [{ build }, { targets }] = await Promise.all([
    import("vite"),
    import(script) as Promise<{ targets(): readonly Target[] }>,
  ]);
  const renderer = targets().find(({ name }) => name === "renderer");
  if (renderer === undefined) throw new Error("The build has no renderer");
  const config = {
    ...renderer.config,
    build: { ...renderer.config.build, outDir: folder, emptyOutDir: true },
  };
  // Vite goes by it: with vitest's own "test" the page would get React's slow build for developers.
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = "production";
  try {
    await build(config);
  } finally {
    process.env.NODE_ENV = before;
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

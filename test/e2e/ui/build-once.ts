/** Before all window tests: the page is built once, and every file of theirs serves that build. */
import type { TestProject } from "vitest/node";
import { isPackaged } from "./electron-app.ts";
import { packForTests } from "./packaged-app.ts";
import { buildRenderer, type RendererBuild } from "./renderer-build.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of the built page. */
    rendererFolder: string;
  }
}

let build: RendererBuild | null = null;

export async function setup(project: TestProject): Promise<void> {
  if (isPackaged) await packForTests();
  build = await buildRenderer();
  project.provide("rendererFolder", build.folder);
}

export function teardown(): void {
  build?.remove();
}

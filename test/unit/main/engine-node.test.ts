import path from "node:path";
import { expect, it } from "vitest";
import { locatePaths } from "../../../src/engine/config/paths.ts";
import { withEngineNode } from "../../../src/main/engine-node.ts";

const paths = locatePaths();
const packed = (file: string) => path.join("/opt/Bellows/resources/app.asar", file);
const inPackage = {
  ...paths,
  root: "/opt/Bellows/resources/app.asar",
  rendererFolder: packed("dist/renderer"),
  entries: {
    ...paths.entries,
    engine: packed("dist/node/engine.js"),
    runtime: packed("dist/node/runtime.js"),
  },
};

it("points another Node at files outside the archive, and changes nothing else", () => {
  const moved = withEngineNode(inPackage, { BELLOWS_ENGINE_NODE: "/usr/bin/node" });
  expect(moved.entries.engine).toBe("/opt/Bellows/resources/app.asar.unpacked/dist/node/engine.js");
  expect(moved.entries.runtime).toBe("/opt/Bellows/resources/app.asar.unpacked/dist/node/runtime.js");
  expect(moved.rendererFolder).toBe("/opt/Bellows/resources/app.asar.unpacked/dist/renderer");
  expect(moved.root).toBe(inPackage.root);
  expect(moved.entries.cli).toBe(paths.entries.cli);
  expect(withEngineNode(inPackage, {})).toBe(inPackage);
});

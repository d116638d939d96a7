/** The app finds its own files from where it is, in a checkout, built or packaged, whatever the current folder. */
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { defaultDataFolder, locatePaths } from "../../../../src/engine/config/paths.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

let root: string;
beforeEach(() => {
  root = tempFolder();
});

function put(file: string, text = ""): void {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), text);
}

const manifest = JSON.stringify({ name: "bellows", version: "1.2.3" });
const locate = (module: string, electronResources?: string) =>
  locatePaths({ moduleUrl: pathToFileURL(path.join(root, module)).href, electronResources, env: {} });

describe("locatePaths", () => {
  it("starts TypeScript entries when it runs as TypeScript", () => {
    put("package.json", manifest);
    const paths = locate("src/engine/config/paths.ts");
    expect(paths.entries.runtime).toBe(path.join(root, "src/runtime/entry.ts"));
    expect(paths.modelFolders).toEqual([path.join(root, ".cache/models")]);
    expect(paths.resourcesFolder).toBe(path.join(root, "resources"));
    expect(paths.version).toBe("1.2.3");
  });

  it.each(["dist/node/cli.js", "dist/node/chunks/config.js"])(
    "starts built entries when it runs as %s",
    (module) => {
      put("package.json", manifest);
      put("dist/package.json", '{"type":"module"}');
      const paths = locate(module);
      expect(paths.root).toBe(root);
      expect(paths.entries.engine).toBe(path.join(root, "dist/node/engine.js"));
    },
  );

  it("finds the dashboard only when it was built", () => {
    put("package.json", manifest);
    expect(locate("dist/node/cli.js").rendererFolder).toBeNull();
    put("dist/renderer/index.html");
    expect(locate("dist/node/cli.js").rendererFolder).toBe(path.join(root, "dist/renderer"));
  });

  it("takes models and catalogue from Electron's resources in a package, and only there", () => {
    put("resources/app.asar/package.json", manifest);
    put("resources/models/catalogue.json", "{}");
    const resources = path.join(root, "resources");
    const packaged = locate("resources/app.asar/dist/node/main.js", resources);
    expect(packaged.resourcesFolder).toBe(resources);
    expect(packaged.modelFolders).toEqual([path.join(resources, "models")]);

    put("resources/app.asar.unpacked/package.json", manifest);
    expect(locate("resources/app.asar.unpacked/dist/node/cli.js").resourcesFolder).toBe(resources);

    put("checkout/package.json", manifest);
    const checkout = locate("checkout/dist/node/main.js", resources);
    expect(checkout.resourcesFolder).toBe(path.join(root, "checkout/resources"));
  });

  it("says that the app is incomplete when its package.json is missing", () => {
    expect(() => locate("dist/node/cli.js")).toThrowError(
      expect.objectContaining({ code: "APP_INCOMPLETE" }),
    );
  });

  it("does not depend on the current folder", () => {
    const before = locatePaths();
    const folder = process.cwd();
    try {
      process.chdir(root);
      expect(locatePaths()).toEqual(before);
    } finally {
      process.chdir(folder);
    }
  });
});

describe("the default data folder", () => {
  it.each([
    ["linux", {}, "/home/ada", "/home/ada/.local/share/bellows"],
    ["linux", { XDG_DATA_HOME: "/data" }, "/home/ada", "/data/bellows"],
    ["linux", { XDG_DATA_HOME: "relative" }, "/home/ada", "/home/ada/.local/share/bellows"],
    ["darwin", {}, "/Users/ada", "/Users/ada/Library/Application Support/Bellows"],
    [
      "win32",
      { LOCALAPPDATA: "C:\\Users\\ada\\AppData\\Local" },
      "C:\\Users\\ada",
      "C:\\Users\\ada\\AppData\\Local\\Bellows",
    ],
    ["win32", {}, "C:\\Users\\ada", "C:\\Users\\ada\\AppData\\Local\\Bellows"],
  ] as const)("on %s with %j is the system's own place", (platform, env, home, expected) => {
    expect(defaultDataFolder({ platform, env, home })).toBe(expected);
  });
});

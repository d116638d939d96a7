/** Where models are looked for, where they are kept, and which of them may run. */
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../../src/engine/config/config-error.ts";
import { modelConfig, readSettings } from "../../../../src/engine/config/from-environment.ts";

const PATHS = { defaultDataFolder: path.resolve("/data"), modelFolders: [path.resolve("/app/models")] };
const configOf = (env: Record<string, string>) => modelConfig(readSettings({ env, flags: {} }), PATHS);

describe("the models' settings", () => {
  it("keep fetched models in the data folder, searched before the app's own", () => {
    const home = path.resolve("/data/models");
    expect(configOf({})).toEqual({
      modelFolders: [home, path.resolve("/app/models")],
      llamaFolder: path.resolve("/data/llama"),
      models: { home, maxBytes: null, bytesPerSecond: null, allowList: null },
    });
  });

  it("take the guide's names", () => {
    const config = configOf({
      MODEL_DIR: ["/opt/models", "/srv/models"].join(path.delimiter),
      MODEL_ALLOWLIST: "text-embed-001, clip-ViT-B/32,",
      DISK_CACHE_DIR: "/cache",
      BELLOWS_MODELS_SIZE: "20G",
      BELLOWS_DOWNLOAD_RATE: "5M",
    });
    const home = path.resolve("/cache/models");
    expect(config).toEqual({
      modelFolders: ["/opt/models", "/srv/models", home, "/app/models"].map((each) => path.resolve(each)),
      llamaFolder: path.resolve("/data/llama"),
      models: {
        home,
        maxBytes: 20 * 1024 ** 3,
        bytesPerSecond: 5 * 1024 ** 2,
        allowList: ["text-embed-001", "clip-ViT-B/32"],
      },
    });
  });

  it.each([
    ["MODEL_ALLOWLIST", " , "],
    ["BELLOWS_DOWNLOAD_RATE", "0"],
    ["BELLOWS_MODELS_SIZE", "lots"],
  ])("refuse %s=%j", (name, text) => {
    expect(() => configOf({ [name]: text })).toThrow(ConfigError);
  });
});

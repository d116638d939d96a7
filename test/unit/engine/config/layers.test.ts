/** Where a setting comes from: flag, environment, file, the app, default; and that a file may say everything the environment may. */
import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { configSchema } from "../../../../src/cli/commands/config.ts";
import { ConfigError } from "../../../../src/engine/config/config-error.ts";
import { readConfigFile } from "../../../../src/engine/config/config-file.ts";
import { chooseMode, type Flags, readSettings } from "../../../../src/engine/config/from-environment.ts";
import { readLayers } from "../../../../src/engine/config/layers.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { savedFileIn, writeSaved } from "../../../../src/engine/config/saved-settings.ts";
import { SETTINGS, type Setting, type SettingName } from "../../../../src/engine/config/settings.ts";
import { nearest } from "../../../../src/engine/config/suggest.ts";
import { tomlLines } from "../../../../src/engine/config/toml-lines.ts";
import { SETTING_KEYS } from "../../../../src/shared/contract/settings.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const paths = locatePaths();
let data: string;
beforeEach(() => {
  data = tempFolder();
});

const sources = (env: Record<string, string> = {}, flags: Flags = {}) => ({
  env: { BELLOWS_DATA_DIR: data, ...env },
  flags,
  paths,
});
const write = (name: string, text: string) => {
  fs.writeFileSync(path.join(data, name), text);
  return path.join(data, name);
};
const save = (texts: [SettingName, string][]) =>
  writeSaved(savedFileIn(data), { texts: new Map(texts), foreign: { open: {}, secret: {} } });
const batch = (env: Record<string, string> = {}, flags: Flags = {}) => {
  const { given } = readLayers(sources(env, flags));
  return [readSettings(sources(env, flags)).batchSize, given.get("batchSize")?.source] as const;
};

describe("the layers", () => {
  it("count in the order of who says it for this machine", () => {
    expect(batch()).toEqual([undefined, undefined]);
    save([["batchSize", "2"]]);
    expect(batch()).toEqual([2, { kind: "saved" }]);
    const file = write("bellows.toml", "\n[work]\nbatch_size = 3\n");
    expect(batch()).toEqual([3, { kind: "file", file, line: 3 }]);
    expect(batch({ BATCH_SIZE: "4" })).toEqual([4, { kind: "environment", name: "BATCH_SIZE" }]);
    expect(batch({ BATCH_SIZE: "4" }, { batchSize: "5" })).toEqual([
      5,
      { kind: "flag", name: "--batch-size" },
    ]);
  });

  it("find a file by its name, take TOML before YAML, and the one that is named before both", () => {
    write("bellows.yaml", "work:\n  batch_size: 6\n");
    expect(batch()[0]).toBe(6);
    write("bellows.toml", "[work]\nbatch_size = 7\n");
    expect(batch()[0]).toBe(7);
    const other = path.join(tempFolder(), "other.yml");
    fs.writeFileSync(other, `data_folder: ${data}\nwork: { batch_size: 8 }\n`);
    expect(batch({ BELLOWS_CONFIG: other })[0]).toBe(8);
    expect(readSettings({ env: {}, flags: { configFile: other }, paths }).dataFolder).toBe(data);
  });

  it("refuse a file in the data folder that moves the data folder", () => {
    write("bellows.toml", 'data_folder = "/elsewhere"\n');
    expect(() => readSettings(sources())).toThrow(/can't be set in the file that lies in the data folder/);
  });

  it("let a file or the app turn a market on", () => {
    expect(chooseMode(sources())).toBe("demo");
    save([["aicfQueueUrl", "http://127.0.0.1:8700"]]);
    expect(chooseMode(sources())).toBe("live");
    fs.rmSync(savedFileIn(data));
    write("bellows.toml", '[aicf]\nqueue_url = "http://127.0.0.1:8700"\n');
    expect(chooseMode(sources())).toBe("live");
  });

  it("look at no file for what a command does not ask for", () => {
    write("bellows.toml", "[work]\nbatch_size = 0\n");
    expect(readSettings(sources(), ["dataFolder"]).dataFolder).toBe(data);
    expect(() => readSettings(sources())).toThrow(ConfigError);
  });
});

describe.skipIf(process.platform === "win32")("a file with a secret", () => {
  it("that others can read is told of", () => {
    const file = write(
      "bellows.toml",
      '[aitbc]\ngpu_url = "http://127.0.0.1:8101"\napi_key = "a-key-of-16-chars"\n',
    );
    fs.chmodSync(file, 0o644);
    expect(readLayers(sources()).notes).toEqual([expect.stringContaining("chmod 600")]);
    fs.chmodSync(file, 0o600);
    expect(readLayers(sources()).notes).toEqual([]);
  });

  it("is no matter when there is none in it", () => {
    fs.chmodSync(write("bellows.toml", "[work]\nbatch_size = 3\n"), 0o644);
    expect(readLayers(sources()).notes).toEqual([]);
  });
});

describe("a file", () => {
  it("can say whatever the environment can, in both languages, and comes to the same", () => {
    const examples: Partial<Record<SettingName, unknown>> = {
      aitbcGpuUrl: "http://127.0.0.1:8101",
      autoStake: "100.5",
      presenceSchedule: ["Mon-Fri 18:00-23:00", "Sat,Sun 00:00-24:00"],
      energySecondHours: "22:00-06:00",
      modelsSize: "20G",
      keepAlive: 90,
      mps: true,
      energyPrice: 0.312,
      modelAllowList: ["text-embed-001", "clip-ViT-B/32"],
      gpuBackend: "cuda",
    };
    const env: Record<string, string> = {
      AITBC_GPU_URL: "http://127.0.0.1:8101",
      BELLOWS_AUTO_STAKE: "100.5",
      BELLOWS_SCHEDULE: "Mon-Fri 18:00-23:00; Sat,Sun 00:00-24:00",
      BELLOWS_ENERGY_SECOND_HOURS: "22:00-06:00",
      BELLOWS_MODELS_SIZE: "20G",
      BELLOWS_KEEP_ALIVE: "90",
      MPS_ENABLE: "1",
      BELLOWS_ENERGY_PRICE: "0.312",
      MODEL_ALLOWLIST: "text-embed-001,clip-ViT-B/32",
      GPU_BACKEND: "cuda",
    };
    const byKey = Object.entries(examples).map(([name, value]) => [
      (SETTINGS[name as SettingName] as Setting<unknown>).key,
      value,
    ]);
    const toml = byKey.map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join("\n");
    const wanted = readSettings(sources(env));
    for (const file of [write("a.toml", toml), write("a.yaml", yamlOf(byKey as [string, unknown][]))]) {
      expect(readSettings(sources({}, { configFile: file }))).toEqual({ ...wanted, configFile: file });
    }
  });

  it("knows the line of each of its keys", () => {
    const text = [
      "# first",
      'data_folder = """',
      "[work]",
      'batch_size = 1"""',
      "[ work ] # section",
      "keep_alive = '5m'",
      "presence.x = 1",
      'list = [ "a # no comment",',
      '  "batch_size = 9",',
      "]",
      "[energy]",
      'a = { b = 1, "c" = "]" }',
      '"price" = 2',
    ].join("\n");
    expect(Object.fromEntries(tomlLines(text))).toEqual({
      data_folder: 2,
      work: 5,
      "work.keep_alive": 6,
      "work.presence.x": 7,
      "work.list": 8,
      energy: 11,
      "energy.a": 12,
      "energy.price": 13,
    });
  });

  it.each([
    "*!",
    "work: *nowhere",
    "a: &a [1]\nb: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]",
  ])("with an alias that leads nowhere, or to too much, is refused by name: %s", (text) => {
    const file = path.join(data, "alias.yaml");
    fs.writeFileSync(file, text);
    expect(() => readConfigFile(file)).toThrow(ConfigError);
    expect(() => readConfigFile(file)).toThrow(/alias\.yaml/);
  });

  it("never breaks the reader, whatever is in it", () => {
    const file = path.join(data, "any.toml");
    const yaml = path.join(data, "any.yaml");
    const piece = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom(
        "[work]",
        "batch_size = 4",
        "[",
        '"""',
        "= ",
        "\n",
        "work:",
        "  batch_size: 4",
        "- a",
        "&a *a",
        "{}",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        for (const place of [file, yaml]) {
          fs.writeFileSync(place, pieces.join("\n"));
          try {
            readConfigFile(place);
          } catch (thrown) {
            if (!(thrown instanceof ConfigError)) throw thrown;
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("the tables", () => {
  const all = Object.values(SETTINGS as Readonly<Record<string, Setting<unknown>>>);

  it("name every key and variable once, and every default can be read", () => {
    for (const names of [all.flatMap(({ key }) => key ?? []), all.map(({ env }) => env)])
      expect(new Set(names).size).toBe(names.length);
    for (const { fallback, read } of all)
      if (fallback !== undefined) expect(() => read(fallback)).not.toThrow();
  });

  it("let the app change exactly what the contract lists", () => {
    const changeable = all.flatMap(({ key, inApp }) => (inApp === undefined || key === null ? [] : [key]));
    expect([...changeable].sort()).toEqual([...SETTING_KEYS].sort());
  });

  it("make a schema with every key in its section", () => {
    const schema = configSchema() as { properties: Record<string, { properties?: Record<string, unknown> }> };
    const keys = Object.entries(schema.properties).flatMap(([name, { properties }]) =>
      properties === undefined ? [name] : Object.keys(properties).map((key) => `${name}.${key}`),
    );
    expect(keys.sort()).toEqual(all.flatMap(({ key }) => key ?? []).sort());
  });
});

it("guesses what was meant, and nothing where nothing is near", () => {
  const known = ["work.batch_size", "work.max_concurrency", "app.theme"];
  expect(nearest("work.bacth_size", known)).toBe("work.batch_size");
  expect(nearest("work.max-concurrency", known)).toBe("work.max_concurrency");
  expect(nearest("app.them", known)).toBe("app.theme");
  expect(nearest("colour", known)).toBeNull();
});

function yamlOf(entries: readonly [string, unknown][]): string {
  const sections = new Map<string, string[]>();
  for (const [key, value] of entries) {
    const [section = "", name = ""] = key.split(".");
    sections.set(section, [...(sections.get(section) ?? []), `  ${name}: ${JSON.stringify(value)}`]);
  }
  return [...sections].map(([section, lines]) => `${section}:\n${lines.join("\n")}`).join("\n");
}

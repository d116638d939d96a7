/** What is wrong in a file or the environment is refused at the start, with its place, the reason and what to write instead. */
import fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { GivenEnvironment } from "../../../../src/cli/given-environment.ts";
import { ConfigError, type ConfigProblem } from "../../../../src/engine/config/config-error.ts";
import { loadConfig } from "../../../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import {
  SECRET,
  WRONG_ENVIRONMENT,
  WRONG_ENVIRONMENT_FILE,
  WRONG_TOML,
  WRONG_YAML,
} from "../../../support/wrong-configurations.ts";

const paths = locatePaths();
const PASSPHRASE = "four words make one";
const MARKET = { AICF_QUEUE_URL: "http://127.0.0.1:8700" };

let folder: string;
beforeEach(() => {
  folder = tempFolder();
});

/** All that is wrong when the engine is about to start; it has made nothing then. */
function problemsOf(
  env: Record<string, string>,
  file?: { name: string; text: string },
): readonly ConfigProblem[] {
  const config = file === undefined ? undefined : path.join(folder, file.name);
  if (config !== undefined) fs.writeFileSync(config, file?.text ?? "");
  const data = path.join(folder, "data");
  try {
    loadConfig({
      env: { BELLOWS_DATA_DIR: data, BELLOWS_KEY_PASSPHRASE: PASSPHRASE, ...MARKET, ...env },
      flags: { configFile: config },
      paths,
    });
  } catch (thrown) {
    expect(fs.existsSync(data)).toBe(false);
    if (thrown instanceof ConfigError) return thrown.problems;
    throw thrown;
  }
  return [];
}

it("covers enough ways to be wrong", () => {
  expect(WRONG_TOML.length + WRONG_YAML.length + WRONG_ENVIRONMENT.length).toBeGreaterThanOrEqual(60);
});

describe.each([
  ["bellows.toml", WRONG_TOML],
  ["bellows.yaml", WRONG_YAML],
] as const)("a wrong %s", (name, cases) => {
  it.each(cases)("%j", (text, key, line, reason, fix) => {
    const [problem, ...more] = problemsOf({}, { name, text });
    expect(more).toEqual([]);
    expect(problem).toMatchObject({
      name: key,
      line,
      file: path.join(folder, name),
      reason: expect.stringMatching(reason),
      fix: expect.stringMatching(fix),
    });
    const message = new ConfigError(problem === undefined ? [] : [problem]).message;
    expect(message.startsWith(`${path.join(folder, name)}${line === null ? "" : `:${line}`}`)).toBe(true);
    for (const secret of ["your-key-here", "short"]) expect(problem?.value ?? "").not.toContain(secret);
    expect(message).not.toContain(SECRET);
  });
});

describe("a wrong environment", () => {
  it.each(WRONG_ENVIRONMENT)("%j", (env, name, reason, fix) => {
    const problems = problemsOf(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      name,
      reason: expect.stringMatching(reason),
      fix: expect.stringMatching(fix),
    });
    expect(new ConfigError(problems).message).not.toContain(SECRET);
  });
});

describe("a wrong file of NAME=value lines", () => {
  it.each(WRONG_ENVIRONMENT_FILE)("%j", (text, name, line, reason, fix) => {
    const file = path.join(folder, "provider.env");
    fs.writeFileSync(file, `${text}\n`);
    const act = () => {
      const env: Record<string, string | undefined> = {
        BELLOWS_DATA_DIR: path.join(folder, "data"),
        BELLOWS_KEY_PASSPHRASE: PASSPHRASE,
      };
      const given = new GivenEnvironment(env);
      given.take(file);
      try {
        loadConfig({ env, flags: {}, paths });
      } catch (thrown) {
        throw given.withPlaces(thrown);
      }
    };
    const problem = {
      name,
      file,
      line,
      reason: expect.stringMatching(reason),
      fix: expect.stringMatching(fix),
    };
    expect(act).toThrow(expect.objectContaining({ problems: [expect.objectContaining(problem)] }));
    expect(act).toThrow(expect.objectContaining({ message: expect.not.stringContaining(SECRET) }));
  });
});

describe("a file that can't be read", () => {
  it.each([
    ["missing.toml", () => undefined, /is not there/],
    ["folder.toml", (file: string) => fs.mkdirSync(file), /is a folder/],
    ["binary.toml", (file: string) => fs.writeFileSync(file, Buffer.from([0x61, 0xff, 0xfe])), /not UTF-8/],
    ["model.yaml", (file: string) => fs.writeFileSync(file, Buffer.alloc(600 * 1024, 0x20)), /too big/],
  ] as const)("%s", (name, make, reason) => {
    const file = path.join(folder, name);
    make(file);
    const act = () =>
      loadConfig({ env: { BELLOWS_KEY_PASSPHRASE: PASSPHRASE }, flags: { configFile: file }, paths });
    expect(act).toThrow(ConfigError);
    expect(act).toThrow(reason);
  });
});

it("a whole file's mistakes are told together with the environment's", () => {
  const problems = problemsOf(
    { MAX_CONCURRENCY: "lots" },
    {
      name: "bellows.toml",
      text: "[work]\nbatch_size = 0\nfoo = 1\n[aitbc]\ncoordinator_url = 'http://127.0.0.1:8203'\n",
    },
  );
  expect(problems.map(({ name, line }) => [name, line ?? null])).toEqual([
    ["work.foo", 3],
    ["MAX_CONCURRENCY", null],
    ["work.batch_size", 2],
    ["AITBC_COORDINATOR_KEY", null],
  ]);
});

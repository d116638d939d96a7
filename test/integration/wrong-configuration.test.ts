/**
 * Every wrong file and environment of the tables, each given to a `bellows serve` of its own: refused with its place, the
 * reason, what to write instead and exit code 2, before anything is made. What a flag can get wrong is told the same way.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MINUTE } from "../../src/shared/durations.ts";
import { bellows, type Finished } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";
import {
  SECRET,
  WRONG_ENVIRONMENT,
  WRONG_ENVIRONMENT_FILE,
  WRONG_TOML,
  WRONG_YAML,
} from "../support/wrong-configurations.ts";

/** Processes at once. */
const LANES = 4;
const STARTS = { AICF_QUEUE_URL: "http://127.0.0.1:9", BELLOWS_KEY_PASSPHRASE: "four words make one" };

interface Case {
  /** Told when it goes wrong. */
  readonly what: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What follows `serve`. */
  readonly args: (folder: string) => readonly string[];
  /** What stands before the reason: `…/bellows.toml:2: work.batch_size`. */
  readonly place: (folder: string) => string;
  readonly reason: RegExp;
  readonly fix: RegExp;
}

/** Several at a time; what went wrong with any of them is told with it. */
async function refuseAll(cases: readonly Case[]): Promise<void> {
  const left = [...cases];
  const failures: string[] = [];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const folder = tempFolder();
      const data = join(folder, "data");
      const result = await bellows(["serve", "--data", data, ...next.args(folder)], {
        ...STARTS,
        ...next.env,
      });
      const fault = faultIn(result, next, folder) ?? (existsSync(data) ? "it made its data folder" : null);
      if (fault !== null) failures.push(`${next.what}: ${fault}\n${JSON.stringify(result)}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(failures).toEqual([]);
}

/** One sentence on stderr: the place, the reason, the fix. */
function faultIn({ code, stdout, stderr }: Finished, wanted: Case, folder: string): string | null {
  if (code !== 2) return `it ended with ${code}`;
  if (stdout !== "") return "it wrote to stdout";
  const [line = "", ...more] = stderr.trimEnd().split("\n");
  const start = `Error: ${wanted.place(folder)}`;
  if (!line.startsWith(start)) return `it does not begin with ${start}`;
  const said = [line, ...more].join("\n").slice(start.length);
  if (!wanted.reason.test(said)) return `it does not say ${wanted.reason}`;
  if (!wanted.fix.test(said)) return `it does not advise ${wanted.fix}`;
  if (stderr.includes(SECRET)) return "it says the secret again";
  return /^\s+at /m.test(stderr) ? "it shows a stack" : null;
}

const inFile =
  (name: string) =>
  ([text, key, line, reason, fix]: (typeof WRONG_TOML)[number]): Case => ({
    what: JSON.stringify(text),
    args: (folder) => {
      const file = join(folder, name);
      writeFileSync(file, text, { mode: 0o600 }); // A secret that others can read is noted besides.
      return ["--config", file];
    },
    place: (folder) => {
      const place = `${join(folder, name)}${line === null ? "" : `:${line}`}`;
      return key === "" ? place : `${place}: ${key}`;
    },
    reason,
    fix,
  });

const inEnvironmentFile = ([text, ...expected]: (typeof WRONG_ENVIRONMENT_FILE)[number]): Case => {
  const inNamed = inFile("provider.env")([text, ...expected]);
  return { ...inNamed, args: (folder) => ["--environment", ...inNamed.args(folder).slice(1)] };
};

const WRONG_FLAGS: readonly (readonly [
  args: readonly string[],
  place: string,
  reason: RegExp,
  fix: RegExp,
])[] = [
  [["--batch-size", "many"], '--batch-size "many"', /not a whole number/, /from 1 to 256/],
  [["--max-concurrency", "0"], '--max-concurrency "0"', /less than 1/, /from 1 to 256/],
  [["--port", "70000"], '--port "70000"', /not a port/, /65535/],
  [["--backend", "opencl"], '--backend "opencl"', /none of the choices/, /cuda/],
  [["--drain-timeout", "soon"], '--drain-timeout "soon"', /not a length of time/, /90s/],
  [["--log-level", "loud"], '--log-level "loud"', /none of the choices/, /debug/],
  [["--log-format", "xml"], '--log-format "xml"', /none of the choices/, /json/],
  [["--start-as", "asleep"], '--start-as "asleep"', /none of the choices/, /running/],
  [["--aicf-queue", "127.0.0.1:8700"], '--aicf-queue "127.0.0.1:8700"', /no http/, /http:\/\//],
  [["--aicf-rpc", "ftp://host"], '--aicf-rpc "ftp://host"', /ftp/, /http:\/\//],
  [["--config", "settings.json"], '--config "settings.json"', /neither in \.toml nor in \.yaml/, /ending/],
  [["--config", "/nowhere/bellows.toml"], "/nowhere/bellows.toml", /is not there/, /Name a file/],
  [["--batch-sise", "4"], "Unknown option '--batch-sise'", /./, /--batch-size/],
  [["--batch-size"], "", /--batch-size/, /./],
  [["now"], "Too many arguments", /serve/, /bellows help/],
];

describe("bellows serve", () => {
  it(
    "refuses every wrong file and environment there is a row for",
    async () => {
      const cases = [
        ...WRONG_TOML.map(inFile("bellows.toml")),
        ...WRONG_YAML.map(inFile("bellows.yaml")),
        ...WRONG_ENVIRONMENT_FILE.map(inEnvironmentFile),
        ...WRONG_ENVIRONMENT.map(([env, name, reason, fix]): Case => {
          return { what: JSON.stringify(env), env, args: () => [], place: () => name, reason, fix };
        }),
      ];
      expect(cases.length).toBeGreaterThanOrEqual(60);
      // Of those about a secret one in four: all of them are told in one process (test/unit/engine/config).
      const [open, secret] = [false, true].map((has) =>
        cases.filter(({ what }) => what.includes(SECRET) === has),
      );
      await refuseAll([...(open ?? []), ...(secret ?? []).filter((_case, index) => index % 4 === 0)]);
    },
    4 * MINUTE,
  );

  it(
    "and every wrong flag",
    () =>
      refuseAll(
        WRONG_FLAGS.map(([args, place, reason, fix]) => {
          return { what: args.join(" "), args: () => args, place: () => place, reason, fix };
        }),
      ),
    2 * MINUTE,
  );
});

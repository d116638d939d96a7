/** A secret in a file is as good as one in the environment, and is exchanged with the file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../../src/engine/config/config-error.ts";
import {
  type ConfigSources,
  loadConfig,
  readSettingsAgain,
} from "../../../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { SecretFiles, secretFileProblems } from "../../../../src/engine/config/secret-files.ts";
import { SECRET_VARIABLES } from "../../../../src/shared/secret-variables.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const SECRET = "the-first-of-two-secrets";
const OTHER = "the-second-of-two-secrets";

function fileOf(text: string): string {
  const file = join(tempFolder(), "secret");
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

const sourcesOf = (env: Record<string, string | undefined>): ConfigSources => ({
  env,
  flags: { dataFolder: tempFolder() },
  paths: locatePaths({ env: {} }),
});

function refused(env: Record<string, string | undefined>): string[] {
  try {
    loadConfig(sourcesOf(env));
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    expect(thrown.message).not.toContain(SECRET);
    return thrown.problems.map(({ name, reason }) => `${name} ${reason}`);
  }
}

describe("a secret in a file", () => {
  it.each(SECRET_VARIABLES)("%s may be one", (name) => {
    const env: Record<string, string> = { [`${name}_FILE`]: fileOf(SECRET) };
    new SecretFiles(env).read();
    expect(env[name]).toBe(SECRET);
  });

  it.each([`${SECRET}\n`, `${SECRET}\r\n\r\n`, `\ufeff${SECRET}`])(
    "%j is read as every editor leaves it",
    (text) => {
      const env: Record<string, string> = { PROVIDER_SECRET_FILE: fileOf(text) };
      new SecretFiles(env).read();
      expect(env.PROVIDER_SECRET).toBe(SECRET);
    },
  );

  it("is all that a start needs, and counts from the next one on when it is exchanged", () => {
    const file = fileOf(`${SECRET}\n`);
    const env: Record<string, string> = {
      AICF_QUEUE_URL: "http://127.0.0.1:9",
      PROVIDER_SECRET_FILE: file,
      BELLOWS_KEY_PASSPHRASE_FILE: fileOf("four words make one\n"),
    };
    const files = new SecretFiles(env);
    files.read();
    const sources = sourcesOf(env);
    expect(loadConfig(sources).markets.aicf?.secret).toBe(SECRET);
    const before = readSettingsAgain(sources).fixed["aicf.secret"];
    expect(before?.source).toEqual({ kind: "environment", name: "PROVIDER_SECRET_FILE" });

    files.read();
    expect(readSettingsAgain(sources).fixed["aicf.secret"], "the same file").toEqual(before);
    writeFileSync(file, OTHER);
    files.read();
    expect(env.PROVIDER_SECRET).toBe(OTHER);
    expect(readSettingsAgain(sources).fixed["aicf.secret"]).not.toEqual(before);
  });

  it("that can't be read is told with all else that is wrong, and the secret is not called missing besides", () => {
    const nowhere = join(tempFolder(), "nowhere");
    const env = {
      AITBC_COORDINATOR_URL: "http://127.0.0.1:9",
      AITBC_COORDINATOR_KEY_FILE: nowhere,
      BELLOWS_KEY_PASSPHRASE_FILE: fileOf(" \n"),
      PROVIDER_SECRET_FILE: fileOf(`${SECRET}\n${SECRET}\n`),
      AITBC_WALLET_KEY_FILE: tempFolder(),
      BATCH_SIZE: "0",
    };
    new SecretFiles(env).read();
    expect(refused(env).toSorted()).toEqual([
      "AITBC_COORDINATOR_KEY_FILE names a file that is not there",
      "AITBC_WALLET_KEY_FILE names a file that can't be read (EISDIR)",
      "BATCH_SIZE is less than 1",
      "BELLOWS_KEY_PASSPHRASE_FILE names a file that is empty",
      "PROVIDER_SECRET_FILE names a file of several lines",
    ]);
  });

  it("beside another one in the environment is refused; the same one is not", () => {
    const env = { PROVIDER_SECRET: OTHER, PROVIDER_SECRET_FILE: fileOf(SECRET) };
    new SecretFiles(env).read();
    expect(env.PROVIDER_SECRET).toBe(OTHER);
    expect(secretFileProblems(env).map(({ name, reason }) => `${name} ${reason}`)).toEqual([
      "PROVIDER_SECRET_FILE says something else than PROVIDER_SECRET",
    ]);
    expect(secretFileProblems({ ...env, PROVIDER_SECRET: SECRET })).toEqual([]);
  });

  it("that is wrong is told by the file's name", () => {
    const env: Record<string, string> = {
      AICF_QUEUE_URL: "http://127.0.0.1:9",
      BELLOWS_KEY_PASSPHRASE: "four words make one",
      PROVIDER_SECRET_FILE: fileOf("short"),
    };
    new SecretFiles(env).read();
    expect(refused(env)).toEqual([expect.stringMatching(/^PROVIDER_SECRET_FILE is shorter than 16/)]);
  });

  it("of another machine is not looked for: an environment file names what its service will see", () => {
    const env = {
      AITBC_COORDINATOR_URL: "http://127.0.0.1:9",
      AITBC_COORDINATOR_KEY_FILE: "/run/credentials/bellows.service/key",
      BELLOWS_KEY_PASSPHRASE_FILE: "/run/credentials/bellows.service/passphrase",
    };
    expect(() => loadConfig({ ...sourcesOf(env), elsewhere: true })).not.toThrow();
  });
});

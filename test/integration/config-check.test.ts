/** `bellows config check` says before a start all that a start would say: of the environment, of a file, of a service's file. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { bellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

const PASSPHRASE = "four words for a test";

let folder: string;
beforeEach(() => {
  folder = tempFolder();
});

const check = (env: Record<string, string> = {}, ...file: string[]) =>
  bellows(["config", "check", ...file, "--data", folder], env);

function environmentFile(text: string): string {
  const file = join(folder, "provider.env");
  writeFileSync(file, text);
  return file;
}

describe("without a file", () => {
  it("names what a start would miss", async () => {
    const { code, stderr } = await check({ AITBC_COORDINATOR_URL: "http://127.0.0.1:8203" });
    expect(code).toBe(2);
    expect(stderr).toContain("AITBC_COORDINATOR_KEY is missing");
    expect(stderr).toContain("BELLOWS_KEY_PASSPHRASE is missing");
  });

  it("names a name that is none", async () => {
    const { code, stderr } = await check({
      BELLOWS_DRAIN_TIMOUT: "5s",
      AICF_QUEUE_ULR: "http://127.0.0.1:1",
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/BELLOWS_DRAIN_TIMOUT is no setting there is.*BELLOWS_DRAIN_TIMEOUT/s);
    expect(stderr).toMatch(/AICF_QUEUE_ULR is no setting there is.*AICF_QUEUE_URL/s);
  });

  it("says what would start", async () => {
    expect(await check()).toMatchObject({ code: 0, stdout: expect.stringContaining("the demo") });
    const live = { AICF_QUEUE_URL: "http://127.0.0.1:8700", BELLOWS_KEY_PASSPHRASE: PASSPHRASE };
    expect(await check(live)).toMatchObject({ code: 0, stdout: expect.stringContaining("bellows serve") });
  });
});

describe("a service's file of NAME=value lines", () => {
  it("is read as the service would, comments behind values included", async () => {
    const file = environmentFile(
      [
        "# A worker",
        `BELLOWS_KEY_PASSPHRASE="${PASSPHRASE}"`,
        "AICF_QUEUE_URL=http://127.0.0.1:8700        # the market",
        "GPU_BACKEND=cpu                              # no card yet",
        "MAX_CONCURRENCY=2  # jobs at once",
        "",
      ].join("\n"),
    );
    const { code, stdout, stderr } = await check({ MAX_CONCURRENCY: "of this terminal" }, file);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("4 settings");
  });

  it("may name files that only the service will see", async () => {
    const file = environmentFile(
      [
        "BELLOWS_KEY_PASSPHRASE_FILE=/run/credentials/bellows.service/passphrase",
        "AITBC_COORDINATOR_KEY_FILE=/run/credentials/bellows.service/miner",
        "AITBC_COORDINATOR_URL=http://127.0.0.1:8203",
      ].join("\n"),
    );
    expect(await check({}, file)).toEqual({
      code: 0,
      stdout: `${file} is right: 3 settings. \`bellows serve\` would start with them.\n`,
      stderr: "",
    });
  });

  it("has nothing of what this user's own app saved, and says that its passphrase is missing", async () => {
    const home = tempFolder();
    const own = { HOME: home, XDG_DATA_HOME: join(home, "data"), BELLOWS_DATA_DIR: "" };
    const file = environmentFile("BELLOWS_KEY_PASSPHRASE=\nGPU_BACKEND=auto\n");
    // Where the app of this user keeps its things.
    const where = (await bellows(["config", "print", "--sources"], { ...own, PROVIDER_NAME: "x" })).code;
    expect(where).toBe(0);
    const data = join(home, "data", "bellows");
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, "bellows.toml"), '[work]\nmax_concurrency = "not a number"\n');
    const refused = await bellows(["config", "check"], own);
    expect(refused.stderr).toContain("max_concurrency");
    const { code, stdout, stderr } = await bellows(["config", "check", file], own);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("is right: 1 setting. No market is set yet");
    expect(stdout).toContain("BELLOWS_KEY_PASSPHRASE is still missing");
  });

  it("is refused with line, name, reason and fix", async () => {
    const file = environmentFile(
      [
        `BELLOWS_KEY_PASSPHRASE=${PASSPHRASE}`,
        "AICF_QUEUE_URL=http://127.0.0.1:8700",
        "PROVIDER_NAME=rack seven  # by the window",
        "BATCH_SIZE=many",
        "this is no line",
        "JOB_LEASE_SECS=20",
      ].join("\n"),
    );
    const { code, stderr } = await check({}, file);
    expect(code).toBe(2);
    expect(stderr).toMatch(/provider\.env:3: PROVIDER_NAME .*comment behind it/);
    expect(stderr).toMatch(/provider\.env:4: BATCH_SIZE "many" is not a whole number/);
    expect(stderr).toMatch(/provider\.env:5 is no line of the form NAME=value/);
    expect(stderr).toMatch(/provider\.env:6: JOB_LEASE_SECS is no setting there is.*JOB_LEASE_SEC/s);
  });

  it("that is not there is said so", async () => {
    const { code, stderr } = await check({}, join(folder, "nowhere.env"));
    expect(code).toBe(2);
    expect(stderr).toContain("nowhere.env is not there");
  });
});

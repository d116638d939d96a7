/** `bellows identity passphrase`, and secrets from files: a passphrase is exchanged without the engine ever seeing it in a command line. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { bellows, RunningDemo, startBellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

const CLI = fileURLToPath(new URL("../../dist/node/cli.js", import.meta.url));
const OLD = "four words make one";
const NEW = "five other words make another";
const SECRETS = ["the-first-of-two-secrets", "the-second-of-two-secrets"] as const;
const patience = { timeout: 45 * SECOND, interval: 50 };
const hasPython = process.platform !== "win32" && spawnSync("python3", ["--version"]).status === 0;

async function aKey(): Promise<string> {
  const data = tempFolder();
  expect(await bellows(["identity", "new", "--data", data], { BELLOWS_KEY_PASSPHRASE: OLD })).toMatchObject({
    code: 0,
  });
  return data;
}

function fileOf(text: string): string {
  const file = join(tempFolder(), "secret");
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

const opensWith = async (data: string, passphrase: string) =>
  (await bellows(["identity", "export", "--phrase", "--data", data], { BELLOWS_KEY_PASSPHRASE: passphrase }))
    .code === 0;

describe("bellows identity passphrase", () => {
  it("takes both from the environment or from files", async () => {
    const data = await aKey();
    const change = (env: Record<string, string>) => bellows(["identity", "passphrase", "--data", data], env);
    const nobody = await change({ BELLOWS_KEY_PASSPHRASE: OLD });
    expect([nobody.code, nobody.stderr]).toEqual([
      2,
      expect.stringContaining("Set BELLOWS_NEW_KEY_PASSPHRASE, or BELLOWS_NEW_KEY_PASSPHRASE_FILE"),
    ]);
    const nowhere = await change({ BELLOWS_KEY_PASSPHRASE_FILE: join(data, "none") });
    expect([nowhere.code, nowhere.stderr]).toEqual([
      2,
      expect.stringMatching(/BELLOWS_KEY_PASSPHRASE_FILE ".*none" names a file that is not there/),
    ]);
    const done = await change({
      BELLOWS_KEY_PASSPHRASE_FILE: fileOf(`${OLD}\n`),
      BELLOWS_NEW_KEY_PASSPHRASE_FILE: fileOf(`${NEW}\n`),
    });
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect(done.stdout).toMatch(/^The key of prov_\w+ is under the new passphrase\.$/m);
    expect(await opensWith(data, NEW)).toBe(true);
    expect(await opensWith(data, OLD)).toBe(false);
  });

  it.skipIf(!hasPython)("asks at a terminal, and shows nothing of what is typed", async () => {
    const data = await aKey();
    const env = { ...process.env, PROGRAM: process.execPath, CLI, DATA: data, OLD, NEW };
    const typist = spawn("python3", ["-c", TYPIST], { env, stdio: ["ignore", "pipe", "inherit"] });
    let shown = "";
    typist.stdout.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
    });
    const [code] = await once(typist, "close");
    expect(code, shown).toBe(0);
    expect(shown).toContain("New passphrase, 12 characters or more: ");
    expect(shown).toContain("is under the new passphrase.");
    for (const secret of [OLD, NEW]) expect(shown).not.toContain(secret);
    expect(await opensWith(data, NEW)).toBe(true);
  });
});

/** Types each passphrase once its question is there. */
const TYPIST = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(os.environ["PROGRAM"], [os.environ["PROGRAM"], os.environ["CLI"], "identity", "passphrase", "--data", os.environ["DATA"]])
answers = [(b"Passphrase of the key: ", "OLD"), (b"or more: ", "NEW"), (b"again: ", "NEW")]
seen = b""
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        data = b""
    if not data: break
    seen += data
    sys.stdout.buffer.write(data); sys.stdout.flush()
    if answers and answers[0][0] in seen:
        seen = b""
        os.write(terminal, os.environ[answers.pop(0)[1]].encode() + b"\\r")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

describe("secrets in files", () => {
  it("serve; one that is exchanged is named after SIGHUP, and a file that went away changes nothing", {
    timeout: 2 * MINUTE,
  }, async () => {
    const data = tempFolder();
    const file = fileOf(`${SECRETS[0]}\n`);
    const started = startBellows(["serve", "--data", data, "--port", "0", "--no-dashboard"], {
      BELLOWS_KEY_PASSPHRASE_FILE: fileOf(`${OLD}\n`),
      PROVIDER_SECRET_FILE: file,
      AICF_QUEUE_URL: "http://127.0.0.1:9",
      METRICS_ENABLED: "0",
    });
    const engine = new RunningDemo(data, started, "live");
    await engine.until(() => true, "it to run");
    started.child.kill("SIGHUP");
    await expect.poll(started.stdout, patience).toContain("Configuration read again: nothing has changed.");
    writeFileSync(file, "");
    started.child.kill("SIGHUP");
    await expect.poll(started.stdout, patience).toContain("PROVIDER_SECRET_FILE");
    expect(started.stdout()).toContain("so the one before still holds");
    writeFileSync(file, SECRETS[1]);
    started.child.kill("SIGHUP");
    await expect.poll(started.stdout, patience).toContain("Counts from the next start: aicf.secret.");
    await engine.invoke("engine.restart", {});
    await expect.poll(() => started.stdout().match(/"msg":"Serving"/g)?.length, patience).toBe(2);
    started.child.kill("SIGTERM");
    expect(await started.exited).toBe(0);
    for (const secret of [...SECRETS, OLD]) expect(started.stdout() + started.stderr()).not.toContain(secret);
  });
});

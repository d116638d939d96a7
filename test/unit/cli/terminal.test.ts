/** Errors are sentences: what is wrong, what to do; a stack only for whoever asks for one. */
import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { exitCodeOf } from "../../../src/cli/exit-codes.ts";
import { Terminal } from "../../../src/cli/terminal.ts";
import { usageError } from "../../../src/cli/usage.ts";
import { ConfigError } from "../../../src/engine/config/config-error.ts";
import { Redactor } from "../../../src/engine/log/redact.ts";
import { AppError } from "../../../src/shared/errors.ts";

function printed(thrown: unknown, debug = false, clean?: (text: string) => string): string {
  const stream = new PassThrough().setEncoding("utf8");
  const io = stream as unknown as NodeJS.WriteStream;
  new Terminal({ stdout: io, stderr: io, debug }).error(thrown, clean);
  return String(stream.read());
}

describe("an error on the terminal", () => {
  it.each([
    [
      new AppError({ code: "MARKET_REFUSED", message: "It broke", actor: "user", help: "Mend it" }),
      "Error: It broke. Mend it.\n",
    ],
    [new AppError({ code: "MARKET_REFUSED", message: "It broke.", actor: "user" }), "Error: It broke.\n"],
    [
      new AppError({
        code: "MARKET_REFUSED",
        message: "It is stopped",
        actor: "user",
        help: "Press Start to go on.",
      }),
      "Error: It is stopped. Run `bellows start` to go on.\n",
    ],
    [
      new AppError({ code: "MARKET_REFUSED", message: "Two\n  lines", actor: "bug", help: "Why?" }),
      "Error: Two lines. Why?\n",
    ],
    [
      new TypeError("x is undefined"),
      "Error: x is undefined. Please report this with the diagnostics file.\n",
    ],
    ["thrown text", "Error: thrown text. Please report this with the diagnostics file.\n"],
  ])("%s reads %j", (thrown, text) => expect(printed(thrown)).toBe(text));

  it("lists several wrong settings", () => {
    const problem = { name: "A", value: "1", reason: "is odd", fix: "Write 2" };
    const error = new ConfigError([problem, { ...problem, name: "B", value: null, reason: "is missing" }]);
    expect(printed(error)).toBe(
      'Error: 2 settings are wrong.\n  A "1" is odd. Write 2.\n  B is missing. Write 2.\n',
    );
  });

  it("never holds a secret, not even one that a library put there", () => {
    const leaking = new Error("401 for https://ann:hunter2-and-more@host, api_key=hunter2-and-more");
    leaking.cause = new Error("Bearer hunter2-and-more");
    expect(printed(leaking, true)).not.toContain("hunter2");
    const problem = { name: "A", value: "hunter2-and-more", reason: "is odd", fix: "Write 2" };
    const known = (text: string) => new Redactor(["hunter2-and-more"]).text(text);
    for (const problems of [[problem], [problem, problem]])
      expect(printed(new ConfigError(problems), true, known)).not.toContain("hunter2");
  });

  it("shows its stack and its cause when asked", () => {
    const error = new AppError({
      code: "MARKET_REFUSED",
      message: "outer",
      actor: "bug",
      cause: new Error("inner"),
    });
    expect(printed(error)).not.toContain("at ");
    expect(printed(error, true)).toMatch(/outer[\s\S]+ at [\s\S]+caused by Error: inner[\s\S]+ at /);
  });
});

describe("exit codes", () => {
  it.each([
    [usageError("no"), 2],
    [new ConfigError([{ name: "A", value: "1", reason: "is odd", fix: "Write 2" }]), 2],
    [new AppError({ code: "PASSPHRASE_WRONG", message: "", actor: "user" }), 2],
    [new AppError({ code: "LEDGER_CORRUPT", message: "", actor: "user" }), 2],
    [new AppError({ code: "LEDGER_TOO_NEW", message: "", actor: "user" }), 2],
    [new AppError({ code: "KEY_LOST", message: "", actor: "user" }), 2],
    [new AppError({ code: "IDENTITY_UNREADABLE", message: "", actor: "user" }), 2],
    // The disk, a network: the next try may find it better.
    [new AppError({ code: "LEDGER_FAILED", message: "", actor: "machine" }), 1],
    [new AppError({ code: "ENGINE_NOT_RUNNING", message: "", actor: "user" }), 3],
    [new AppError({ code: "DATA_FOLDER_READONLY", message: "", actor: "user" }), 1],
    [new Error("any"), 1],
  ])("%s is %d", (thrown, code) => expect(exitCodeOf(thrown)).toBe(code));
});

describe("whoever reads it", () => {
  /** Takes every line, and never says that it is through with the first. */
  const stalled = () => new Writable({ write: () => undefined }) as unknown as NodeJS.WriteStream;
  const gone = (code: string) => Object.assign(new Error(code), { code });

  function terminal(onReaderGone?: () => void) {
    const [stdout, stderr] = [stalled(), stalled()];
    const io = { stdout, stderr, debug: false };
    return { stdout, stderr, made: new Terminal(onReaderGone === undefined ? io : { ...io, onReaderGone }) };
  }

  it("may leave early: of results that is told, of notes it is nothing", () => {
    let told = 0;
    const { stdout, stderr, made } = terminal(() => told++);
    stderr.emit("error", gone("EPIPE"));
    expect(told).toBe(0);
    made.note("unheard");
    expect(stderr.writableLength).toBe(0);
    stdout.emit("error", gone("EPIPE"));
    expect(told).toBe(1);
    // A terminal that was closed is told by SIGHUP.
    stdout.emit("error", gone("EIO"));
    expect(told).toBe(1);
    expect(() => stdout.emit("error", gone("ENOSPC"))).toThrow("ENOSPC");
  });

  it("is outlived: nothing that can't be written ends anything, and no more than a mebibyte is kept for it", async () => {
    const { stdout, made } = terminal(() => expect.unreachable());
    made.outliveReaders();
    stdout.emit("error", gone("ENOSPC"));
    const line = "x".repeat(1000);
    for (let n = 0; n < 3000; n++) made.print(line);
    expect(stdout.writableLength).toBeGreaterThan(900_000);
    expect(stdout.writableLength).toBeLessThan(1_100_000);
    expect(await made.settle(), "it is not waited for").toBe(false);
    stdout.emit("error", gone("EPIPE"));
    expect(await made.settle()).toBe(true);
  });
});

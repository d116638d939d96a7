/** The log: one object a line, never a secret, never more disk than it may have. */
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { SETTINGS, type Setting } from "../../../../src/engine/config/settings.ts";
import { humanLine, Log, type LogLevel } from "../../../../src/engine/log/log.ts";
import { REDACTED, Redactor, secretsIn } from "../../../../src/engine/log/redact.ts";
import { RollingFile } from "../../../../src/engine/log/rolling-file.ts";
import { SECRET_VARIABLES } from "../../../../src/shared/secret-variables.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

function aLog(redactor = new Redactor(), level: LogLevel = "info") {
  const file = path.join(tempFolder(), "logs", "bellows.log");
  const lines: string[] = [];
  const log = new Log({
    level,
    redactor,
    console: { format: "json", write: (line) => lines.push(line) },
    file: { file, maxBytes: 10_000, keep: 3 },
  });
  const parsed = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, file, lines, parsed };
}

describe("a line", () => {
  it("is one object with level, time, words and what it is about, on the console, in the file and in memory", () => {
    const { log, file, lines, parsed } = aLog();
    log.warn("AICF does not answer", { market: "aicf", lease: "lease-1", job: "job-1" });
    log.debug("not wanted");
    log.close();
    expect(parsed()).toEqual([
      {
        level: "warn",
        time: expect.any(String),
        market: "aicf",
        lease: "lease-1",
        job: "job-1",
        msg: "AICF does not answer",
      },
    ]);
    expect(Number.isNaN(Date.parse(String(parsed()[0]?.time)))).toBe(false);
    expect(fs.readFileSync(file, "utf8")).toBe(lines.join(""));
    expect(log.newest()).toEqual(lines.map((line) => line.trimEnd()));
    expect(fs.statSync(file).mode & 0o077).toBe(0);
  });

  it("follows a change of the level", () => {
    const { log, parsed } = aLog();
    expect(log.wants("debug")).toBe(false);
    log.setLevel("debug");
    log.debug("now");
    log.setLevel("silent");
    log.error("never");
    expect(parsed().map(({ msg }) => msg)).toEqual(["now"]);
  });

  it("is written whatever its facts are", () => {
    const { log, parsed } = aLog();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    log.info("a circle", { circle });
    log.info("a sum", { minor: 12n, cause: new Error("broken") });
    expect(parsed()).toMatchObject([{ msg: "a circle" }, { minor: "12", cause: { message: "broken" } }]);
  });

  it("reads well for a person", () => {
    const line = humanLine(
      JSON.stringify({ level: "warn", time: "2026-01-01T10:00:00Z", market: "aicf", msg: "No answer" }),
    );
    expect(line).toMatch(/^\d\d:00:00 {2}WARN {2}No answer {2}market=aicf\n$/);
  });
});

describe("secrets", () => {
  const secretNames = Object.values(SETTINGS as Readonly<Record<string, Setting<unknown>>>)
    .filter(({ secret }) => secret === true)
    .map(({ env }) => env);

  it("of every setting are known to the list that children and log go by", () => {
    expect(secretNames.length).toBeGreaterThan(3);
    expect(secretNames.filter((name) => !(SECRET_VARIABLES as readonly string[]).includes(name))).toEqual([]);
  });

  it.each([...new Set([...secretNames, ...SECRET_VARIABLES, "BELLOWS_BACKUP_PASSPHRASE"])])(
    "%s appears nowhere, however it is written",
    (name) => {
      const secret = `s3cr+t/of=${name}"with \\ signs`;
      const { log, file, lines } = aLog(new Redactor(secretsIn({ [name]: secret })));
      log.info(`plain ${secret}`, {
        url: `http://host/?key=${encodeURIComponent(secret)}`,
        nested: { deep: [secret] },
      });
      log.error("thrown", {
        stack: new Error(`bad ${secret}`).stack,
        header: Buffer.from(secret).toString("base64"),
      });
      const everywhere = [lines.join(""), fs.readFileSync(file, "utf8"), log.newest().join("")];
      for (const text of everywhere) {
        for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
          expect(text).not.toContain(form);
        expect(text).not.toContain(Buffer.from(secret).toString("base64"));
        expect(text).toContain(REDACTED);
      }
      for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
    },
  );

  it("that are not known by value are known by their place", () => {
    const redactor = new Redactor();
    for (const [text, kept] of [
      ["Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer [secret]"],
      ["http://127.0.0.1:7117/#token=abc123def456", "http://127.0.0.1:7117/#token=[secret]"],
      ["https://user:hunter22@host/x", "https://[secret]@host/x"],
      ["api_key=abcdef123456 next", "api_key=[secret] next"],
      [
        JSON.stringify({ msg: '{"walletKey":"abc def 123"}' }),
        JSON.stringify({ msg: '{"walletKey":"[secret]"}' }),
      ],
      ['password: "two words"', 'password: "[secret]"'],
      ['{"coordinatorKey":"abcdef123456"}', '{"coordinatorKey":"[secret]"}'],
    ] as const)
      expect(redactor.text(text)).toBe(kept);
    expect(redactor.count("model text-embed-001, 3 tokens, lease 5").redactions).toBe(0);
  });

  it("that are learnt later are blacked out from then on; short ones are not secrets", () => {
    const redactor = new Redactor(["abc"]);
    expect(redactor.text("abc")).toBe("abc");
    redactor.add("learnt-later-1");
    expect(redactor.count("x learnt-later-1 y learnt-later-1")).toEqual({
      text: "x [secret] y [secret]",
      redactions: 2,
    });
  });
});

describe("the file", () => {
  it("keeps its cap over any number of lines, and goes on where it was", () => {
    const file = path.join(tempFolder(), "logs", "bellows.log");
    const line = `${"x".repeat(99)}\n`;
    for (let start = 0; start < 3; start++) {
      const rolling = new RollingFile({ file, maxBytes: 1_000, keep: 3 });
      for (let i = 0; i < 25; i++) rolling.write(line);
      rolling.close();
    }
    const names = fs.readdirSync(path.dirname(file)).sort();
    expect(names).toEqual(["bellows.1.log", "bellows.2.log", "bellows.log"]);
    for (const name of names) {
      const { size } = fs.statSync(path.join(path.dirname(file), name));
      expect(size).toBeLessThanOrEqual(1_000);
      expect(size % 100).toBe(0);
    }
  });

  it("that can't be written ends nothing", () => {
    const folder = tempFolder();
    fs.writeFileSync(path.join(folder, "logs"), "in the way");
    const rolling = new RollingFile({
      file: path.join(folder, "logs", "bellows.log"),
      maxBytes: 100,
      keep: 2,
    });
    expect(() => rolling.write("line\n")).not.toThrow();
    fs.rmSync(path.join(folder, "logs"));
    rolling.write("line\n");
    expect(fs.readFileSync(path.join(folder, "logs", "bellows.log"), "utf8")).toBe("line\n");
  });
});

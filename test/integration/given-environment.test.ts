/** `--environment FILE`, typed: where no service manager reads such a file (Windows' Task Scheduler), the command itself does. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bellows, RunningDemo, startBellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

const LINES = [
  "# What a person fills in",
  "BELLOWS_KEY_PASSPHRASE=four words make one",
  "AICF_QUEUE_URL=http://127.0.0.1:9",
  "METRICS_ENABLED=0",
  "BATCH_SIZE=3          # of one model",
];

function fileOf(lines: readonly string[], encoding: "utf8" | "utf16le" = "utf8", mark = "") {
  const file = join(tempFolder(), "provider.env");
  writeFileSync(file, `${mark}${lines.join("\r\n")}\r\n`, encoding);
  return file;
}

describe("bellows --environment FILE", () => {
  it("serves with what the file says", async () => {
    const data = tempFolder();
    const words = ["serve", "--environment", fileOf(LINES), "--data", data, "--port", "0", "--no-dashboard"];
    const process = startBellows(words);
    const { settings } = await new RunningDemo(data, process, "live").until(() => true, "it to run");
    expect(settings.values["work.batch_size"]).toMatchObject({
      value: 3,
      source: { kind: "environment", name: "BATCH_SIZE" },
    });
    process.child.kill("SIGTERM");
    expect(await process.exited).toBe(0);
  });

  it("is given with any command, counts behind the environment, and takes what Windows' editors write", async () => {
    const printed = (file: string, env = {}) =>
      bellows(["--environment", file, "config", "print", "--data", tempFolder()], env);
    for (const file of [fileOf(LINES), fileOf(LINES, "utf8", "\ufeff"), fileOf(LINES, "utf16le", "\ufeff")])
      expect((await printed(file)).stdout).toContain("\nbatch_size = 3\n");
    expect((await printed(fileOf(LINES), { BATCH_SIZE: "5" })).stdout).toContain("\nbatch_size = 5\n");
    expect((await printed(fileOf(LINES), { BATCH_SIZE: "" })).stdout).toContain("\nbatch_size = 3\n");
  });

  it("is checked like every other place, and what is wrong is told with its line", async () => {
    const check = (file: string) =>
      bellows(["config", "check", "--environment", file, "--data", tempFolder()]);
    expect(await check(fileOf(LINES))).toMatchObject({
      code: 0,
      stdout: "All settings are right. `bellows serve` would start with them.\n",
    });
    const wrong = fileOf([...LINES, "MAX_CONCURRENCY=many", "BELLOWS_DRAIN_TIMOUT=3s"]);
    const { code, stderr } = await check(wrong);
    expect(code).toBe(2);
    expect(stderr).toContain(`${wrong}:6: MAX_CONCURRENCY "many" is not a whole number`);
    expect(stderr).toContain(`${wrong}:7: BELLOWS_DRAIN_TIMOUT is no setting there is`);
    const nowhere = await check("/nowhere/provider.env");
    expect([nowhere.code, nowhere.stderr]).toEqual([
      2,
      "Error: /nowhere/provider.env is not there. Check the path.\n",
    ]);
    const noLine = await check(fileOf(["so what"]));
    expect(noLine.stderr).toContain("is no line of the form NAME=value");
  });
});

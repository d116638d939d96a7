import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { writeWholeFile } from "../../../src/cli/whole-file.ts";
import { tempFolder } from "../../support/temp-folder.ts";

async function* pieces(...texts: (string | Error)[]): AsyncGenerator<string> {
  for (const text of texts) {
    if (text instanceof Error) throw text;
    yield text;
  }
}
const HELP = "Name another file.";
const isRoot = process.platform === "linux" && process.getuid?.() === 0;
const canMount = isRoot && fs.existsSync("/usr/bin/mount");

function aSmallDisk(kilobytes: number): string {
  const folder = tempFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", folder]);
  onTestFinished(() => void execFileSync("umount", ["-l", folder]));
  return folder;
}

describe("a file that is written piece by piece", () => {
  it("is there whole, and nothing else is", async () => {
    const folder = tempFolder();
    const file = path.join(folder, "earnings.csv");
    await writeWholeFile(file, pieces("a\r\n", "", "b\r\n"), HELP);
    expect(fs.readFileSync(file, "utf8")).toBe("a\r\nb\r\n");
    expect(fs.readdirSync(folder)).toEqual(["earnings.csv"]);
  });

  it("is what it was before when the engine ends midway", async () => {
    const folder = tempFolder();
    const file = path.join(folder, "earnings.csv");
    fs.writeFileSync(file, "last year");
    const gone = new Error("The engine went away");
    await expect(writeWholeFile(file, pieces("half", gone), HELP)).rejects.toBe(gone);
    expect(fs.readFileSync(file, "utf8")).toBe("last year");
    expect(fs.readdirSync(folder)).toEqual(["earnings.csv"]);
  });

  it("replaces what a link leads to, and not the link", async () => {
    const folder = tempFolder();
    const [file, link] = [path.join(folder, "real.csv"), path.join(folder, "link.csv")];
    fs.writeFileSync(file, "old");
    fs.symlinkSync(file, link);
    await writeWholeFile(link, pieces("new"), HELP);
    expect(fs.readFileSync(file, "utf8")).toBe("new");
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it("may be a device, which stays one", async () => {
    await writeWholeFile("/dev/null", pieces("into nothing"), HELP);
    expect(fs.statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it("that can't be written is an error with what to do", async () => {
    const nowhere = path.join(tempFolder(), "no", "such", "folder.csv");
    await expect(writeWholeFile(nowhere, pieces("x"), HELP)).rejects.toMatchObject({
      code: "FILE_NOT_WRITTEN",
      help: HELP,
    });
  });

  it.skipIf(!canMount)("is not cut short where the disk takes only a part of a piece", async () => {
    const folder = aSmallDisk(64);
    const file = path.join(folder, "earnings.csv");
    fs.writeFileSync(file, "last year");
    const written = writeWholeFile(file, pieces("x".repeat(100_000)), HELP);
    await expect(written).rejects.toThrow(/earnings\.csv can't be written \(ENOSPC\)/);
    expect(fs.readFileSync(file, "utf8")).toBe("last year");
    expect(fs.readdirSync(folder)).toEqual(["earnings.csv"]);
  });

  it.skipIf(process.platform === "win32")("keeps the rights of the one before", async () => {
    const file = path.join(tempFolder(), "earnings.csv");
    fs.writeFileSync(file, "last year");
    fs.chmodSync(file, 0o640);
    await writeWholeFile(file, pieces("this year"), HELP);
    expect(fs.statSync(file).mode & 0o777).toBe(0o640);
  });

  it.skipIf(!isRoot)("keeps the owner of the one before", async () => {
    const file = path.join(tempFolder(), "earnings.csv");
    fs.writeFileSync(file, "last year", { mode: 0o600 });
    fs.chownSync(file, 1234, 2345);
    await writeWholeFile(file, pieces("this year"), HELP);
    expect(fs.statSync(file)).toMatchObject({ uid: 1234, gid: 2345 });
    expect(fs.readFileSync(file, "utf8")).toBe("this year");
  });
});

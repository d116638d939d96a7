/** A data folder that can't be used is refused before anything relies on it, with the cause and the way out. */
import fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { prepareDataFolder, writePrivateFile } from "../../../../src/engine/config/data-folder.ts";
import { openInstallation, openOnce } from "../../../../src/engine/config/installation.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

let folder: string;
beforeEach(() => {
  folder = tempFolder();
});

const mode = (file: string) => (fs.statSync(file).mode & 0o777).toString(8);

describe("prepareDataFolder", () => {
  it("makes the folder for its owner only and leaves nothing in it", () => {
    const target = path.join(folder, "a", "b");
    prepareDataFolder(target);
    expect(fs.readdirSync(target)).toEqual([]);
    if (process.platform !== "win32") expect(mode(target)).toBe("700");
  });

  it("says that a file is in the way", () => {
    const file = path.join(folder, "file");
    fs.writeFileSync(file, "");
    for (const target of [file, path.join(file, "below")]) {
      expect(() => prepareDataFolder(target)).toThrowError(
        expect.objectContaining({
          code: "DATA_FOLDER_NOT_A_FOLDER",
          actor: "user",
          message: expect.stringContaining(target),
          help: expect.stringContaining("--data"),
        }),
      );
    }
  });

  // Permission bits don't stop root; the kernel's own file system stops everybody.
  it.runIf(process.platform === "linux")("says that the folder can't be written", () => {
    expect(() => prepareDataFolder("/sys/kernel")).toThrowError(
      expect.objectContaining({
        code: "DATA_FOLDER_READONLY",
        message: expect.stringMatching(
          /^The data folder \/sys\/kernel can't be written \((EROFS|EACCES|EPERM)\)$/,
        ),
        help: expect.stringContaining("BELLOWS_DATA_DIR"),
      }),
    );
  });

  it.runIf(process.platform === "linux")("does not try for ever where nothing can be made", () => {
    expect(() => prepareDataFolder("/proc/nothing/here")).toThrowError(
      expect.objectContaining({
        code: expect.stringMatching(/^DATA_FOLDER_/),
        message: expect.stringContaining("/proc/nothing"),
      }),
    );
  });
});

describe("private files", () => {
  it("can be read by their owner only and are replaced whole", () => {
    const file = path.join(folder, "secret.json");
    writePrivateFile(file, "one");
    writePrivateFile(file, "two");
    expect(fs.readFileSync(file, "utf8")).toBe("two");
    expect(fs.readdirSync(folder)).toEqual(["secret.json"]);
    if (process.platform !== "win32") expect(mode(file)).toBe("600");
  });

  it("are made once and read from then on", () => {
    const first = openInstallation(folder);
    expect(openInstallation(folder)).toEqual(first);
    expect(first.minerId).toMatch(/^bellows-[0-9a-f]{12}$/);
  });

  it.each(["{", '{"minerId":""}'])("that are damaged (%s) are kept and named", (content) => {
    const file = path.join(folder, "ids.json");
    fs.writeFileSync(file, content);
    const open = () => openOnce(file, z.object({ minerId: z.string().min(1) }), () => ({ minerId: "new" }));
    expect(open).toThrowError(
      expect.objectContaining({ code: "DATA_FILE_DAMAGED", message: expect.stringContaining(file) }),
    );
    expect(fs.readFileSync(file, "utf8")).toBe(content);
  });
});

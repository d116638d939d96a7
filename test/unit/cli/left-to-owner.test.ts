/** Root's work in somebody else's folder becomes theirs, and nothing that lies elsewhere does. */
import fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { leftToOwner } from "../../../src/cli/left-to-owner.ts";
import { tempFolder } from "../../support/temp-folder.ts";

/** Nobody in particular. */
const SERVICE = 65_534;
const isRoot = process.platform === "linux" && process.getuid?.() === 0;

let root: string;
let data: string;
beforeEach(() => {
  root = tempFolder();
  data = path.join(root, "data");
  fs.mkdirSync(data);
});

const write = (...at: string[]) => {
  const file = path.join(...at);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, "x");
  return file;
};
const owner = (file: string) => fs.lstatSync(file).uid;

describe.skipIf(!isRoot)("what root makes in a folder of the service's", () => {
  beforeEach(() => fs.chownSync(data, SERVICE, SERVICE));

  it("is theirs when the work is over, folders on the way and all, however it ends", () => {
    const act = () => {
      using _theirs = leftToOwner(path.join(data, "cache/models"));
      write(data, "cache/models/a/one");
      write(data, "cache/models/two");
      throw new Error("it went wrong");
    };
    expect(act).toThrow("went wrong");
    const made = ["cache", "cache/models", "cache/models/a", "cache/models/a/one", "cache/models/two"];
    expect(made.map((name) => owner(path.join(data, name)))).toEqual(made.map(() => SERVICE));
    expect(fs.statSync(path.join(data, "cache")).gid).toBe(SERVICE);
  });

  it("is not what a link leads to, nor what has another name elsewhere", () => {
    const outside = write(root, "outside/passwd");
    const linked = write(root, "outside/shadow");
    const theirs = leftToOwner(path.join(data, "models"));
    write(data, "models/one");
    fs.symlinkSync(path.dirname(outside), path.join(data, "models/link"));
    fs.linkSync(linked, path.join(data, "models/hard"));
    theirs[Symbol.dispose]();
    expect(owner(path.join(data, "models/one"))).toBe(SERVICE);
    expect([owner(outside), owner(linked), owner(path.dirname(outside))]).toEqual([0, 0, 0]);
  });

  it("stays where it is when the folder became a link meanwhile", () => {
    const outside = write(root, "outside/passwd");
    const theirs = leftToOwner(path.join(data, "models"));
    fs.symlinkSync(path.dirname(outside), path.join(data, "models"));
    theirs[Symbol.dispose]();
    expect(owner(outside)).toBe(0);
  });

  it("follows the link that its administrator set before, as far as the place is theirs", () => {
    const disk = path.join(root, "disk");
    fs.mkdirSync(path.join(disk, "models"), { recursive: true });
    fs.chownSync(disk, SERVICE, SERVICE);
    fs.symlinkSync(path.join(disk, "models"), path.join(data, "models"));
    const theirs = leftToOwner(path.join(data, "models"));
    write(disk, "models/one");
    theirs[Symbol.dispose]();
    expect(owner(path.join(disk, "models/one"))).toBe(SERVICE);
  });
});

it.skipIf(!isRoot)("what root makes in its own folder stays its own", () => {
  const theirs = leftToOwner(path.join(data, "models"));
  const made = write(data, "models/one");
  theirs[Symbol.dispose]();
  expect(owner(made)).toBe(0);
});

it("does nothing for somebody who is not root, or where nothing was made", () => {
  const theirs = leftToOwner(path.join(data, "not/there"));
  expect(() => theirs[Symbol.dispose]()).not.toThrow();
});

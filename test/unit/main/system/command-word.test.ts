import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { commandWord } from "../../../../src/main/system/command-word.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

it("names the command as a person can type it in each kind of installation", () => {
  const resources = tempFolder();
  const facts = { packaged: true, appImage: undefined, resources, platform: "linux" } as const;
  expect(commandWord({ ...facts, packaged: false })).toBe("npm run bellows --");
  expect(commandWord(facts)).toBe(path.join(resources, "bin", "bellows"));
  expect(commandWord({ ...facts, platform: "win32", resources: "/Program Files/Bellows" })).toBe(
    '"/Program Files/Bellows/bin/bellows.cmd"',
  );
  expect(commandWord({ ...facts, appImage: "/apps/Bellows.AppImage" })).toBe("/apps/Bellows.AppImage");
  writeFileSync(path.join(resources, "package-type"), "deb");
  expect(commandWord(facts)).toBe("bellows");
});

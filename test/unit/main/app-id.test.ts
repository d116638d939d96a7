import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { APP_ID } from "../../../src/main/app-id.ts";

it("is the name the installer gives the app in Windows' start menu, or no notice is shown", () => {
  const file = new URL("../../../electron-builder.yml", import.meta.url);
  expect(parse(readFileSync(file, "utf8"))).toMatchObject({ appId: APP_ID });
});

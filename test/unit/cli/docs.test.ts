/** docs/cli.md says what there is: every setting, every command, every exit code. */
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { EXIT } from "../../../src/cli/exit-codes.ts";
import { checkConfigFile } from "../../../src/engine/config/check-file.ts";
import { OTHER_NAMES, SETTINGS, type Setting } from "../../../src/engine/config/settings.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const page = fs.readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");
const configuration = fs.readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
const program = fs.readFileSync(new URL("../../../src/cli/program.ts", import.meta.url), "utf8");

describe("docs/cli.md", () => {
  it.each(Object.entries<Setting<unknown>>(SETTINGS))(
    "tells the setting %s as it is",
    (_name, { env, means }) => {
      const line = page.split("\n").find((row) => row.startsWith(`| \`${env}\``));
      expect(line).toContain(means);
    },
  );

  it.each(Object.entries(OTHER_NAMES))("tells %s", (name, means) => {
    expect(page).toMatch(new RegExp(`^\\| \`${name}\` \\|.*${means.replaceAll(/[.*+?()]/g, "\\$&")}`, "m"));
  });

  it.each(
    Object.values<Setting<unknown>>(SETTINGS).flatMap(({ key, env }) => (key === null ? [] : [[key, env]])),
  )("and docs/configuration.md tells the key %s", (key, env) => {
    expect(configuration).toContain(`| \`${key}\` | \`${env}\` |`);
  });

  it("shows configuration files that are right", () => {
    const folder = tempFolder();
    const blocks = [...configuration.matchAll(/(?:^ {4}.*\n|^\n(?= {4}))+/gm)].map(([block]) =>
      block.replaceAll(/^ {4}/gm, ""),
    );
    const files = blocks.filter((block) => /^\[|^\w+:\n/.test(block.trim()));
    expect(files).toHaveLength(2);
    for (const [index, text] of files.entries()) {
      const file = path.join(folder, `example-${index}.${text.trim().startsWith("[") ? "toml" : "yaml"}`);
      fs.writeFileSync(file, text);
      expect(checkConfigFile(file)).toBeGreaterThan(1);
    }
  });

  it("tells every command", () => {
    const names = [...program.matchAll(/\.command\("(\w+)/g)].map((match) => match[1] ?? "");
    expect(names.length).toBeGreaterThan(10);
    for (const name of names.filter((name) => name !== "help" && name !== "show")) {
      expect(page, name).toMatch(new RegExp(`\`bellows ${name}\\b`));
    }
  });

  it("tells every exit code", () => {
    for (const code of Object.values(EXIT)) expect(page).toMatch(new RegExp(`^\\| ${code} \\|`, "m"));
  });
});

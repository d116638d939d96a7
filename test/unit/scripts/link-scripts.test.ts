import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { tempFolder } from "../../support/temp-folder.ts";

const script = new URL("../../../scripts/package/link-scripts.mjs", import.meta.url).href;
const { LINKS, linkScript } = (await import(script)) as {
  LINKS: Record<string, number>;
  linkScript(name: string, template: string): string;
};
// biome-ignore lint/suspicious/noTemplateCurlyInString: the packager's own.
const [EXECUTABLE, PRODUCT] = ["${executable}", "${sanitizedProductName}"];
const templates = new URL("../../../node_modules/app-builder-lib/templates/linux/", import.meta.url);
const theirs = (name: string) => readFileSync(new URL(name, templates), "utf8");

/** As the packager fills it in, in a root of its own and without the tools of a real system. */
function run(name: string, root: string): void {
  const text = linkScript(name, theirs(name))
    .replaceAll(EXECUTABLE, "bellows")
    .replaceAll(PRODUCT, "Bellows")
    .replaceAll("/usr/bin/bellows", path.join(root, "usr/bin/bellows"))
    .replaceAll("/opt/Bellows", path.join(root, "opt/Bellows"));
  const file = path.join(root, name);
  writeFileSync(file, text);
  const tools = path.join(root, "tools");
  mkdirSync(tools, { recursive: true });
  const said = spawnSync("bash", ["-c", `PATH=${tools}; hash -p /bin/ln ln; hash -p /bin/rm rm; . ${file}`], {
    encoding: "utf8",
  });
  expect(said.stderr.replaceAll(/.*(unshare|chmod|apparmor_status|readlink).*\n/g, "")).toBe("");
}

describe("the packages' scripts", () => {
  it.skipIf(process.platform !== "linux")(
    "link /usr/bin/bellows to the command line, and take it away",
    () => {
      const root = tempFolder();
      mkdirSync(path.join(root, "usr/bin"), { recursive: true });
      run("after-install.tpl", root);
      expect(readlinkSync(path.join(root, "usr/bin/bellows"))).toBe(
        path.join(root, "opt/Bellows/resources/bin/bellows"),
      );
      run("after-remove.tpl", root);
      expect(existsSync(path.join(root, "usr/bin/bellows"))).toBe(false);
    },
  );

  it("are refused when the packager links in another way", () => {
    for (const name of Object.keys(LINKS)) {
      expect(() => linkScript(name, theirs(name).replace("/opt/", "/srv/"))).toThrow(name);
    }
  });
});

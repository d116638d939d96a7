/** What the pages for people name is there: files, headings, pictures, and the codes of our errors. */
import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const PICTURES = path.join(REPOSITORY, "docs", "pictures");
const read = (file: string): string => readFileSync(path.join(REPOSITORY, file), "utf8");
const pages = ["README.md", "CONTRIBUTING.md", ...globSync("docs/*.md", { cwd: REPOSITORY })];

/** As a forge makes it from a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

const headingsOf = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading.trim()));

it.each(pages)("%s leads only to what there is", (page) => {
  for (const [, link = ""] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(link)) continue;
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? page : path.join(path.dirname(page), file);
    expect(existsSync(path.join(REPOSITORY, target)), link).toBe(true);
    if (anchor !== undefined) expect(headingsOf(target), link).toContain(anchor);
  }
});

it("docs/troubleshooting.md names no error that Bellows does not raise", () => {
  const sources = globSync("src/**/*.ts", { cwd: REPOSITORY }).map(read).join("\n");
  const rows = read("docs/troubleshooting.md").replace("`LIKE_THIS`", "");
  const names = [...rows.matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?:=\w+)?`/g)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(40);
  const errors = names.filter((name) => !name.startsWith("BELLOWS_"));
  expect(errors.filter((name) => !sources.includes(`"${name}"`))).toEqual([]);
});

describe("docs/pictures", () => {
  const files = readdirSync(PICTURES);

  it("are light, and few", () => {
    expect(files.length).toBeLessThanOrEqual(8);
    for (const file of files) expect(statSync(path.join(PICTURES, file)).size, file).toBeLessThan(150_000);
  });

  it("are all on a page", () => {
    const text = pages.map(read).join("\n");
    for (const file of files) expect(text, file).toContain(`pictures/${file})`);
  });
});

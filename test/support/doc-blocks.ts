/** The shell blocks of README and docs/: those marked `sh test` are typed by a test as they stand. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
/** Every page that a person is sent to. */
export const PAGES = [
  "README.md",
  ...readdirSync(path.join(REPOSITORY, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export interface DocBlock {
  /** Of its first command, in the page. */
  readonly line: number;
  readonly tested: boolean;
  readonly commands: string;
}

/** `page`: as PAGES has it. */
export function shellBlocks(page: string): DocBlock[] {
  const lines = readFileSync(path.join(REPOSITORY, page), "utf8").split("\n");
  const blocks: DocBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const opened = /^```sh( test)?$/.exec(lines[at] ?? "");
    if (opened === null) continue;
    const end = lines.indexOf("```", at + 1);
    if (end === -1) throw new Error(`${page}:${at + 1}: the block is not closed`);
    blocks.push({
      line: at + 2,
      tested: opened[1] !== undefined,
      commands: lines.slice(at + 1, end).join("\n"),
    });
    at = end;
  }
  return blocks;
}

/** README and docs/, typed: what can run here runs as it stands there; for each block that can't, this file says why. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, it } from "vitest";
import { readControlFile } from "../../src/engine/control/control-file.ts";
import { readInventory } from "../../src/engine/fleet/inventory.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { RunningDemo, startBellows } from "../support/bellows.ts";
import { bellowsOnPath, checkout } from "../support/checkout.ts";
import { type DocBlock, PAGES, shellBlocks } from "../support/doc-blocks.ts";
import { expect, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";

sideBySide();

/** Pages whose blocks have a test of their own. */
const ELSEWHERE = new Set(["docs/deploy.md", "docs/operations.md", "docs/metrics.md"]);

const run = promisify(execFile);

/** By a block's first word or words. */
const CANT_RUN: readonly (readonly [start: string, why: string])[] = [
  ["npm start", "the window's own tests start it (test/e2e)"],
  ["npm test", "this runs within it"],
  ["pip install", "fetches gigabytes from another registry"],
  ["node scripts/sign-update.mjs --new-key", "wants an AppImage of a release"],
];

const blocks = PAGES.filter((page) => !ELSEWHERE.has(page)).flatMap((page) =>
  shellBlocks(page).map((block) => ({ page, ...block })),
);
const nameOf = ({ page, line, commands }: DocBlock & { page: string }) =>
  `${page}:${line} ${commands.split("\n")[0]}`;

describe("a block that is not typed", () => {
  it.each(blocks.filter(({ tested }) => !tested).map((block) => [nameOf(block), block] as const))(
    "%s has its reason",
    (_name, { commands }) => {
      expect(CANT_RUN.some(([start]) => commands.startsWith(start))).toBe(true);
    },
  );
});

describe.concurrent("a block that is typed", () => {
  // Two pages may show the same: it is typed once.
  const own = [...Map.groupBy(blocks, ({ commands }) => commands).values()].flatMap(([first]) =>
    first?.tested ? [first] : [],
  );
  it("is not the exception", () => {
    expect(own.length).toBeGreaterThanOrEqual(3);
  });

  it.each(own.map((block) => [nameOf(block), block] as const))(
    "%s runs",
    { timeout: 3 * MINUTE },
    async (_name, { commands }) => {
      const data = tempFolder();
      const env: NodeJS.ProcessEnv = {
        ...process.env,
        PATH: `${bellowsOnPath()}:${process.env.PATH}`,
        BELLOWS_DATA_DIR: data,
        NO_COLOR: "1",
      };
      if (!commands.includes("bellows demo")) {
        const demo = new RunningDemo(data, startBellows(["demo", "--data", data, "--port", "0"]));
        await demo.until(({ headline }) => headline.level === "earning", "work");
        const control = readControlFile(path.join(data, "demo"));
        Object.assign(env, { TOKEN: control?.token, URL: control?.url });
      }
      const typed = run("sh", ["-euc", commands], { cwd: checkout(), env });
      const { stdout } = await typed.catch((thrown: { stdout: string; stderr: string }) => {
        throw new Error(`It failed: ${thrown.stderr}${thrown.stdout.slice(-1000)}`);
      });
      expect(stdout.trim(), "an example shows something").not.toBe("");
      expect(stdout).not.toMatch(/^\{"error":/);
    },
  );
});

describe("the inventory of a fleet in docs/cli.md", () => {
  let text = "";
  beforeAll(() => {
    const page = readFileSync(fileURLToPath(new URL("../../docs/cli.md", import.meta.url)), "utf8");
    text = /```toml fleet\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  });

  it("is one", () => {
    const file = path.join(tempFolder(), "fleet.toml");
    writeFileSync(file, text);
    const { workers, prometheus } = readInventory(file);
    expect(workers.map(({ name }) => name)).toEqual(["office", "rack-1", "rack-2"]);
    expect(prometheus).not.toBeNull();
  });
});

/** docs/metrics.md, typed from the top of a checkout, with the port that is free here in place of 9108. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { prometheusTool } from "../../scripts/setup/prometheus.mjs";
import { MINUTE } from "../../src/shared/durations.ts";
import { RunningDemo, startBellows } from "../support/bellows.ts";
import { shellBlocks } from "../support/doc-blocks.ts";
import { tempFolder } from "../support/temp-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const ADDRESS = "http://127.0.0.1:9108/metrics";
const promtool = prometheusTool("promtool");
const hasCurl = spawnSync("which", ["curl"]).status === 0;

test.skipIf(promtool === null || !hasCurl)(
  "every block of docs/metrics.md runs",
  { timeout: 3 * MINUTE },
  async () => {
    const folder = tempFolder();
    const demo = new RunningDemo(
      folder,
      startBellows(["demo", "--data", folder, "--port", "0"], { METRICS_PORT: "0" }),
    );
    const { engine } = await demo.until(({ engine }) => engine.metricsUrl != null, "metrics", 2 * MINUTE);
    const blocks = shellBlocks("docs/metrics.md");
    expect(blocks.map(({ tested }) => tested)).toEqual([true, true]);
    expect(blocks[0]?.commands).toContain(ADDRESS);
    const env = { ...process.env, PATH: `${path.dirname(promtool ?? "")}:${process.env.PATH}` };
    for (const { line, commands } of blocks) {
      const typed = commands.replaceAll(ADDRESS, engine.metricsUrl ?? "");
      const { status, stdout, stderr } = spawnSync("sh", ["-euc", typed], {
        cwd: REPOSITORY,
        env,
        encoding: "utf8",
      });
      expect(status, `metrics.md:${line}: ${typed}\n${stderr}${stdout}`).toBe(0);
    }
  },
);

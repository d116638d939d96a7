/** A provider key made in a volume without a name, as `docker run` makes one: said at once, and only then. As root, with a mount of our own. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { SECOND } from "../../src/shared/durations.ts";
import { RunningDemo, startProgram } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

const mayMount = process.platform === "linux" && spawnSync("unshare", ["--mount", "true"]).status === 0;
const MOUNT = 'mount --bind "$1" "$2"; shift 2; exec "$@"';
const ENV = {
  BELLOWS_KEY_PASSPHRASE: "four words make one",
  AICF_QUEUE_URL: "http://127.0.0.1:9",
  METRICS_ENABLED: "0",
};

it.skipIf(!mayMount)(
  "is a notice while the key is new, with what keeps it",
  { timeout: 60 * SECOND },
  async () => {
    const data = tempFolder();
    const volume = path.join(tempFolder(), "volumes", "ab".repeat(32), "_data");
    fs.mkdirSync(volume, { recursive: true });
    const start = async () => {
      const serve = ["serve", "--data", data, "--port", "0", "--no-dashboard"];
      const process = startProgram(
        (cli) => ["unshare", "--mount", "sh", "-ec", MOUNT, "sh", volume, data, ...cli, ...serve],
        ENV,
      );
      // From outside the mount its files are the volume's.
      const { engine } = await new RunningDemo(volume, process, "live").until(() => true, "it to run");
      process.child.kill("SIGTERM");
      expect(await process.exited).toBe(0);
      return { notices: engine.notices, log: process.stdout() };
    };
    const first = await start();
    expect(first.notices).toMatchObject([
      {
        code: "KEY_FLEETING",
        message: expect.stringContaining("in a volume without a name"),
        help: `Start again with -v bellows-data:${data}, or export the key now: bellows identity export.`,
      },
    ]);
    expect(first.log).toContain('"code":"KEY_FLEETING"');
    expect((await start()).notices).toEqual([]);
  },
);

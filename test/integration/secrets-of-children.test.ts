/** A whole demo whose environment is full of secrets: of all its processes only the engine's has them too. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { SECOND } from "../../src/shared/durations.ts";
import { SECRET_VARIABLES } from "../../src/shared/secret-variables.ts";
import { commandLine, descendants, RunningDemo, startBellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

const SECRET = "hunter2-and-more-than-16";

it.skipIf(process.platform !== "linux")(
  "no process of ours but the engine inherits a secret",
  async () => {
    const data = tempFolder();
    const env = Object.fromEntries(SECRET_VARIABLES.map((name) => [name, SECRET]));
    const started = startBellows(["demo", "--data", data, "--port", "0"], {
      ...env,
      BELLOWS_TEST_CHILD: "1",
    });
    const demo = new RunningDemo(data, started);
    await demo.until(
      ({ devices }) => devices.some(({ state }) => state === "ready" || state === "working"),
      "a runtime",
    );

    const pids = descendants(started.child.pid ?? 0);
    const part = (pid: number) => /(\w+)\.js\b/.exec(commandLine(pid))?.[1] ?? "other";
    const found = new Map(pids.map((pid) => [part(pid), readFileSync(`/proc/${pid}/environ`, "utf8")]));
    expect([...found.keys()]).toEqual(expect.arrayContaining(["engine", "devnet", "runtime"]));
    for (const [name, environment] of found) {
      expect(environment, name).toContain("BELLOWS_TEST_CHILD=1");
      expect(environment.includes(SECRET), name).toBe(name === "engine");
    }
    started.child.kill("SIGTERM");
    expect(await started.exited).toBe(0);
  },
  90 * SECOND,
);

/** `npm start` in a terminal: what it says, that a second one leads to the first, and that nothing outlives its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { descendants, isAlive } from "../support/bellows.ts";
import { buildApp, desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows, exitOf, REPOSITORY } from "./ui/electron-app.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";

const CTRL_C = "\u0003";
const commandOf = (pid: number): string[] => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");

/** Gives a program a terminal (util-linux). */
const hasTerminals = existsSync("/usr/bin/script");

describe.skipIf(!canShowWindows || !hasTerminals)("npm start", () => {
  const desktop = desktopSuite("start");
  let env: Record<string, string>;

  beforeAll(async () => {
    await buildApp();
    env = desktop.environment();
  }, HOOK_PATIENCE);

  interface Started {
    readonly npm: ChildProcess;
    said(): string;
    /** Everything npm has started, and what that has started. */
    below(): number[];
  }

  /** `terminal`: in one of its own, whose keyboard is npm's stdin here. */
  function npmStart(terminal = false): Started {
    const [program, ...words] = terminal ? ["script", "-qec", "npm start", "/dev/null"] : ["npm", "start"];
    const npm = desktop.track(spawn(program ?? "", words, { cwd: REPOSITORY, env, stdio: "pipe" }));
    let text = "";
    for (const stream of [npm.stdout, npm.stderr])
      stream?.on("data", (chunk: Buffer) => {
        text += chunk.toString("utf8");
      });
    return { npm, said: () => text.replaceAll("\r", ""), below: () => descendants(npm.pid ?? 0) };
  }

  async function ready(terminal = false): Promise<Started> {
    const started = npmStart(terminal);
    await expect.poll(started.said, PATIENCE).toContain("Bellows is ready");
    return started;
  }

  const scriptOf = ({ below }: Started): number => {
    const pid = below().find((each) => commandOf(each)[1] === "scripts/start.mjs");
    if (pid === undefined) throw new Error("scripts/start.mjs does not run");
    return pid;
  };

  /** Every process is gone, and the app had its orderly end. */
  async function endsInOrder({ said }: Started, pids: readonly number[]): Promise<void> {
    await expect.poll(() => pids.filter(isAlive), PATIENCE).toEqual([]);
    expect(said()).toMatch(/^(\^C)?Stopping…\n(.*\n)*Ended\.$/m);
  }

  it("says what happens, where the data is, how to see it and how it ends; Ctrl-C ends it in order", async () => {
    const started = await ready(true);
    const lines = started.said().split("\n");
    const from = lines.indexOf("Starting Bellows…");
    expect(from).toBeGreaterThan(-1);
    // Nothing of the desktop's own complaints between: the demo's markets are the only other line.
    const said = lines.slice(from + 1).filter((line) => line !== "" && !line.startsWith("devnet: "));
    expect(said).toEqual([
      "Bellows is ready: two demo markets on this machine, play money, real work.",
      expect.stringContaining(`Data in ${desktop.folder}`),
      expect.stringContaining("npm run bellows -- dashboard"),
      expect.stringMatching(/Quit .*Ctrl-C/),
    ]);

    const second = npmStart();
    expect(await exitOf(second.npm)).toBe(0);
    expect(second.said()).toContain("its window is brought to the front");

    const pids = started.below();
    started.npm.stdin?.write(CTRL_C);
    await endsInOrder(started, pids);
  });

  it.each(["SIGTERM", "SIGHUP", "SIGKILL"] as const)(
    "npm ended by %s takes the app along, in order",
    async (signal) => {
      const started = await ready();
      const pids = started.below();
      started.npm.kill(signal);
      await endsInOrder(started, pids);
    },
  );

  it("the start script killed hard takes the app along as well", async () => {
    const started = await ready();
    const pids = started.below();
    process.kill(scriptOf(started), "SIGKILL");
    await endsInOrder(started, pids);
  });
});

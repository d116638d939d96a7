/** A full disk: the engine says so in one sentence and ends; with room again it goes on, and nothing computed is lost. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { SECOND } from "../../src/shared/durations.ts";
import { descendants, isAlive, RunningDemo, startBellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

const canMount = process.platform === "linux" && process.getuid?.() === 0 && existsSync("/usr/bin/mount");

/** A disk of its own, `megabytes` big. */
function aSmallDisk(megabytes: number): string {
  const folder = tempFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  onTestFinished(() => void execFileSync("umount", ["-l", folder]));
  return folder;
}

describe.skipIf(!canMount)("a full disk", () => {
  it("ends the demo with its cause and remedy, and leaves no process", async () => {
    const folder = aSmallDisk(7);
    const demo = startBellows(["demo", "--data", folder, "--port", "0", "--rate", "12"]);
    const family = new Set<number>();
    const watch = setInterval(() => {
      for (const pid of descendants(demo.child.pid ?? 0)) family.add(pid);
    }, 200);
    onTestFinished(() => clearInterval(watch));
    expect(await demo.exited).toBe(1);
    expect(demo.stderr()).toMatch(/disk.*full/i);
    expect(demo.stderr()).toMatch(/Free some space/);
    await expect.poll(() => [...family].filter(isAlive), { timeout: 10 * SECOND }).toEqual([]);

    execFileSync("mount", ["-o", "remount,size=64m", folder]);
    const again = new RunningDemo(folder, startBellows(["demo", "--data", folder, "--port", "0"]));
    const state = await again.until((s) => s.throughput.jobsLastMinute > 1, "work after making room");
    expect(state.throughput.acceptedTotal).toBeGreaterThan(0);
    const { jobs } = await again.invoke("jobs.list", { limit: 1000 });
    const computed = jobs.filter((job) => job.digest !== null);
    const lost = computed.filter((job) =>
      ["failed", "expired", "lost", "rejected", "returned"].includes(job.state),
    );
    expect(lost).toEqual([]);
  });
});

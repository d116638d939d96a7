/** Makes what is held stay held: the processes that compute are stopped in the middle of it (Linux). */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { State } from "../../../src/shared/contract/views.ts";
import { descendants } from "../../support/bellows.ts";
import { PATIENCE } from "./patience.ts";

/** Jobs that are not computed yet: what is computed goes on its way though nothing computes. */
export const jobsToCompute = ({ recentJobs }: Pick<State, "recentJobs">): number =>
  recentJobs.filter(({ state }) => state === "leased" || state === "admitted" || state === "running").length;

/** Resolves, once something is held, with what lets it go on. `held`: jobs to compute, as the engine says it. */
export async function holdStill(main: ChildProcess, held: () => Promise<number>): Promise<() => void> {
  const runtimes = () => descendants(main.pid ?? 0).filter((pid) => commandLine(pid).includes("runtime.js"));
  await expect.poll(() => runtimes().length, PATIENCE).toBeGreaterThan(0);
  const still = runtimes();
  for (const pid of still) process.kill(pid, "SIGSTOP");
  await expect.poll(held, PATIENCE).toBeGreaterThan(0);
  return () => {
    for (const pid of still) process.kill(pid, "SIGCONT");
  };
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // It has just ended.
  }
}

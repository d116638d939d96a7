import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ForkProcessHost } from "../../../src/host/fork-host.ts";
import { killLeftovers, type PidNote, PidNotingHost, writePidNote } from "../../../src/host/pid-file.ts";
import type { ManagedProcess, ProcessHost } from "../../../src/host/process-host.ts";
import { childSpec, eventually, isAlive, nextMessage } from "../../fixtures/host/processes.ts";
import { tempFolder } from "../../support/temp-folder.ts";

async function spawnEcho(
  host: ProcessHost = new ForkProcessHost(),
): Promise<ManagedProcess & { pid: number }> {
  const child = host.spawn(childSpec("echo"));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  child.post("hello");
  await nextMessage(child);
  return child as ManagedProcess & { pid: number };
}

describe.runIf(process.platform === "linux")("left-over processes", () => {
  test("a process that is verifiably ours is killed, and its note removed", async () => {
    const folder = tempFolder();
    const child = await spawnEcho();
    writePidNote(folder, "runtime GPU-1/2", child.pid);
    expect(await killLeftovers(folder)).toEqual([{ name: "runtime GPU-1/2", pid: child.pid, killed: true }]);
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ["another start time: the number was used again", { startTicks: "1" }],
    ["another boot", { bootId: "00000000-0000-0000-0000-000000000000" }],
    ["an unknown start time", { startTicks: null }],
  ])("a process with %s is left alone", async (_, change: Partial<PidNote>) => {
    const folder = tempFolder();
    const child = await spawnEcho();
    writePidNote(folder, "runtime cpu", child.pid);
    const file = join(folder, "runtime-cpu.pid");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...change }));
    expect(await killLeftovers(folder)).toEqual([{ name: "runtime cpu", pid: child.pid, killed: false }]);
    expect(isAlive(child.pid)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a note that was cut off, and a folder that is not there, are no errors", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "runtime.pid"), '{"name":"runti');
    expect(await killLeftovers(folder)).toEqual([]);
    expect(await killLeftovers(join(folder, "nothing-here"))).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a noting host keeps a note exactly as long as its process runs", async () => {
    const folder = join(tempFolder(), "run");
    const child = await spawnEcho(new PidNotingHost(new ForkProcessHost(), folder));
    const note = JSON.parse(readFileSync(join(folder, "child-echo.pid"), "utf8"));
    expect(note).toMatchObject({
      name: "child echo",
      pid: child.pid,
      startTicks: expect.stringMatching(/^\d+$/),
    });
    child.kill("SIGTERM");
    await child.exited;
    await eventually(() => readdirSync(folder).length === 0);
  });

  test("the note of a successor under the same name outlives the predecessor's end", async () => {
    const folder = tempFolder();
    const host = new PidNotingHost(new ForkProcessHost(), folder);
    const first = await spawnEcho(host);
    const second = await spawnEcho(host);
    first.kill("SIGKILL");
    await first.exited;
    expect(JSON.parse(readFileSync(join(folder, "child-echo.pid"), "utf8"))).toMatchObject({
      pid: second.pid,
    });
  });
});

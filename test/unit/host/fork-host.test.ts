import { afterEach, describe, expect, test } from "vitest";
import { type ForkHostOptions, ForkProcessHost } from "../../../src/host/fork-host.ts";
import type { ManagedProcess, ProcessSpec } from "../../../src/host/process-host.ts";
import { childSpec, eventually, isAlive, nextMessage } from "../../fixtures/host/processes.ts";

const started: ManagedProcess[] = [];

function spawn(spec: ProcessSpec, options?: ForkHostOptions): ManagedProcess {
  const child = new ForkProcessHost(options).spawn(spec);
  started.push(child);
  return child;
}

afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
});

describe("ForkProcessHost", () => {
  test("runs a TypeScript entry and carries structured messages both ways", async () => {
    const child = spawn(childSpec("echo"));
    const message = { bytes: Uint8Array.of(1, 2, 3), at: new Date(0), nested: new Map([["a", 1n]]) };
    child.post(message);
    expect(await nextMessage(child)).toEqual({ echo: message, pid: child.pid });
  });

  test("gives the child our environment with the changes, and none of our Node options", async () => {
    process.env.BELLOWS_TEST_REMOVED = "yes";
    const child = spawn({
      ...childSpec("environment"),
      env: { BELLOWS_TEST_ADDED: "1", BELLOWS_TEST_REMOVED: undefined },
    });
    const { env, execArgv } = await nextMessage<{ env: Record<string, string>; execArgv: string[] }>(child);
    delete process.env.BELLOWS_TEST_REMOVED;
    expect(env).toMatchObject({ BELLOWS_TEST_ADDED: "1", PATH: process.env.PATH });
    expect(env).not.toHaveProperty("BELLOWS_TEST_REMOVED");
    expect(execArgv).toEqual([]);
  });

  test("an exit is told with its code, after everything the process wrote", async () => {
    const stdout: string[] = [];
    const stderr: string[] = [];
    const child = spawn(childSpec("say"), {
      onStdout: (name, line) => stdout.push(`${name}: ${line}`),
      onStderr: (_, line) => stderr.push(line),
    });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.stderrTail()).toBe("first line\nlast line\n");
    expect(stdout).toEqual(["child say: one", "child say: two"]);
    expect(stderr).toEqual(["first line", "last line"]);
  });

  test("a crash is told with the cause on stderr, of which only the end is kept", async () => {
    const crashed = spawn(childSpec("throw"));
    expect(await crashed.exited).toEqual({ code: 1, signal: null });
    expect(crashed.stderrTail()).toContain("the disk is on fire");

    const loud = spawn(childSpec("loud"));
    await loud.exited;
    expect(loud.stderrTail().length).toBeLessThanOrEqual(8192);
    expect(loud.stderrTail()).toMatch(/line 19999\n$/);
  });

  test("everything posted arrives when the child waits for flush before it exits", async () => {
    const child = spawn(childSpec("flush"));
    const message = nextMessage<{ last: string }>(child);
    expect(await child.exited).toEqual({ code: 7, signal: null });
    expect((await message).last).toBe("word");
  });

  test("a killed process closes its channel, and what is posted to it is dropped", async () => {
    const child = spawn(childSpec("echo"));
    child.post("hello");
    await nextMessage(child);
    const closed = new Promise<void>((resolve) => child.onClose(resolve));
    child.kill("SIGKILL");
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
    await closed;
    child.post("anybody there?");
    child.kill("SIGTERM");
    expect(isAlive(child.pid ?? 0)).toBe(false); // A zombie would still take signal 0.
  });

  test("a program that can't be started ends at once, with the reason in its stderr", async () => {
    const child = spawn(childSpec("echo"), { execPath: "/nonexistent/node" });
    expect(await child.exited).toEqual({ code: null, signal: null });
    expect(child.stderrTail()).toContain("ENOENT");
    expect(child.pid).toBeUndefined();
  });

  test("when we are killed, a child that listens sees its channel close and ends", async () => {
    const parent = spawn(childSpec("parent", "echo"));
    const { grandchild } = await nextMessage<{ grandchild: number }>(parent);
    expect(isAlive(grandchild)).toBe(true);
    parent.kill("SIGKILL");
    await eventually(() => !isAlive(grandchild));
  });

  test("when we exit, even a child that is blocked is ended", async () => {
    const parent = spawn(childSpec("parent", "busy"));
    const { grandchild } = await nextMessage<{ grandchild: number }>(parent);
    expect(isAlive(grandchild)).toBe(true);
    parent.post("exit now");
    expect(await parent.exited).toEqual({ code: 0, signal: null });
    await eventually(() => !isAlive(grandchild));
  });
});

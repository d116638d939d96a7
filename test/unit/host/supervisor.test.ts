import { afterEach, describe, expect, test } from "vitest";
import { ForkProcessHost } from "../../../src/host/fork-host.ts";
import { Supervisor, type SupervisorOptions, type SupervisorState } from "../../../src/host/supervisor.ts";
import { EngineStartingSchema } from "../../../src/shared/config.ts";
import { childSpec, eventually, isAlive } from "../../fixtures/host/processes.ts";

const started: Supervisor[] = [];

/** A supervisor of the given child, with back-offs short enough for a test, and the states it went through. */
function supervise(args: string[], options: Partial<SupervisorOptions> = {}) {
  const supervisor = new Supervisor({
    host: new ForkProcessHost(),
    spec: () => childSpec(...args),
    configure: (child) => child.post({ kind: "configure", config: 42 }),
    isReady: (message) => (message as { kind?: string }).kind === "ready",
    ...options,
    timings: { restartBase: 20, restartCap: 100, ...options.timings },
  });
  started.push(supervisor);
  const states: SupervisorState[] = [];
  supervisor.onState((state) => states.push(state));
  return { supervisor, states, names: () => states.map((state) => state.state) };
}

const reach = (supervisor: Supervisor, state: SupervisorState["state"]) =>
  eventually(() => supervisor.state.state === state, 10_000);

afterEach(async () => {
  for (const supervisor of started.splice(0)) await supervisor.stop();
});

describe("Supervisor", () => {
  test("configures the process and is up when the process says that it is ready", async () => {
    const told: unknown[] = [];
    const { supervisor, names } = supervise(["ready"], {
      isReady: (message) => {
        told.push(message);
        return true;
      },
    });
    supervisor.start();
    const child = await supervisor.whenUp();
    expect(told).toEqual([{ kind: "ready", told: { kind: "configure", config: 42 } }]);
    expect(supervisor.state).toEqual({ state: "up", reason: null, error: null, restarts: 0, pid: child.pid });
    expect(names()).toEqual(["starting", "starting", "up"]);
  });

  test("a killed process is back within a second, as a new process", async () => {
    const { supervisor, names } = supervise(["ready"]);
    supervisor.start();
    const first = await supervisor.whenUp();
    const killedAt = performance.now();
    first.kill("SIGKILL");
    await eventually(() => supervisor.state.state === "up" && supervisor.state.restarts === 1);
    expect(performance.now() - killedAt).toBeLessThan(1000);
    expect(supervisor.child?.pid).not.toBe(first.pid);
    expect(names()).toEqual(["starting", "starting", "up", "restarting", "restarting", "up"]);
  });

  test("while it restarts, the reason is told", async () => {
    const { supervisor, states } = supervise(["ready"]);
    supervisor.start();
    (await supervisor.whenUp()).kill("SIGKILL");
    await eventually(() => supervisor.state.restarts === 1);
    expect(states.find((state) => state.state === "restarting")?.reason).toBe(
      "child ready was ended by SIGKILL",
    );
  });

  test("starts a process again that asks for it, with what is told then, and counts it as no crash", async () => {
    let config = 0;
    const { supervisor, states } = supervise(["restart"], {
      configure: (child) => child.post({ kind: "configure", config }),
      beforeWantedRestart: async () => {
        config += 1;
      },
    });
    supervisor.start();
    await supervisor.whenUp();
    for (let wish = 1; wish <= 6; wish++) {
      supervisor.child?.post("again");
      await eventually(() => supervisor.state.state === "up" && supervisor.state.restarts === wish);
    }
    expect(config).toBe(6);
    expect(states.filter(({ state }) => state === "failed")).toEqual([]);
    expect(states.find(({ state }) => state === "restarting")?.reason).toBe(
      "It starts again with other settings",
    );
  });

  test("does not start again what the new settings don't allow", async () => {
    const { supervisor } = supervise(["restart"], {
      beforeWantedRestart: () => Promise.reject(new Error("BATCH_SIZE is wrong")),
    });
    supervisor.start();
    (await supervisor.whenUp()).post("again");
    await reach(supervisor, "failed");
    expect(supervisor.state.reason).toContain("BATCH_SIZE is wrong");
  });

  test("gives up after five quick crashes in a row, with the cause; a retry by hand begins anew", async () => {
    const { supervisor, states } = supervise(["throw", "no space left"]);
    supervisor.start();
    await expect(supervisor.whenUp()).rejects.toMatchObject({
      code: "PROCESS_NOT_UP",
      message: expect.stringContaining("It ended 5 times in a row right after its start"),
    });
    expect(supervisor.state).toMatchObject({ state: "failed", restarts: 4, pid: null });
    expect(supervisor.state.reason).toContain("Error: no space left");
    states.length = 0;
    supervisor.retry();
    expect(supervisor.state).toMatchObject({ state: "starting", restarts: 0, reason: null });
    await reach(supervisor, "failed");
    expect(states.filter((state) => state.state === "restarting" && state.pid !== null)).toHaveLength(4);
  });

  test("an error that the person must cure ends it at once, with the process's own word", async () => {
    const { supervisor } = supervise(["fatal", "user"]);
    supervisor.start();
    await expect(supervisor.whenUp()).rejects.toMatchObject({
      code: "PORT_BUSY",
      message: "Port 8100 is taken",
    });
    expect(supervisor.state).toMatchObject({
      state: "failed",
      restarts: 0,
      error: { code: "PORT_BUSY", actor: "user" },
    });
  });

  test("what may pass by itself is waited for, however often it ended for it, and said until it has passed", async () => {
    const full = { code: "DATA_FOLDER_FULL", message: "1 MB is free", actor: "machine" } as const;
    let looks = 0;
    const { supervisor, states } = supervise(["fatal", "user"], {
      obstacle: ({ code }) => (code === "PORT_BUSY" ? () => (++looks % 3 === 0 ? null : full) : null),
      timings: { quickCrashLimit: 2 },
    });
    supervisor.start();
    await eventually(() => supervisor.state.restarts >= 4, 10_000);
    expect(states.filter(({ state }) => state === "failed")).toEqual([]);
    const told = states.filter(({ pid }) => pid === null).map(({ state, error }) => [state, error?.code]);
    expect(told.slice(1, 5), "its own word, then what is in the way at each look").toEqual([
      ["restarting", "PORT_BUSY"],
      ["restarting", "DATA_FOLDER_FULL"],
      ["restarting", "DATA_FOLDER_FULL"],
      ["restarting", "PORT_BUSY"],
    ]);
    await supervisor.stop();
    expect(supervisor.state.state).toBe("stopped");
  });

  test("an error of the machine is tried again", async () => {
    const { supervisor } = supervise(["fatal", "machine"]);
    supervisor.start();
    await reach(supervisor, "failed");
    expect(supervisor.state).toMatchObject({ restarts: 4, error: { code: "PORT_BUSY" } });
  });

  test("a process that does not become ready in time is ended and counts as crashed", async () => {
    const { supervisor } = supervise(["mute"], { timings: { readyWithin: 150, quickCrashLimit: 2 } });
    supervisor.start();
    await reach(supervisor, "failed");
    expect(supervisor.state.reason).toContain("child mute was not ready within");
  });

  test("a process whose start takes long is waited for while it says what it does", async () => {
    const { supervisor, states } = supervise(["long-start", "4"], {
      startNews: (message) => EngineStartingSchema.safeParse(message).data ?? null,
    });
    supervisor.start();
    await supervisor.whenUp();
    expect(states.flatMap(({ doing }) => doing?.text ?? [])).toEqual([
      "step 1",
      "step 2",
      "step 3",
      "step 4",
    ]);
    expect(supervisor.state).toMatchObject({ state: "up", restarts: 0 });
    expect(supervisor.state.doing).toBeUndefined();
  });

  test("a process that stayed up for long enough does not count as a quick crash", async () => {
    const { supervisor } = supervise(["ready"], { timings: { quickCrash: 0, quickCrashLimit: 2 } });
    supervisor.start();
    for (let restarts = 0; restarts < 4; restarts++) {
      await eventually(() => supervisor.state.state === "up" && supervisor.state.restarts === restarts);
      supervisor.child?.kill("SIGKILL");
    }
    await eventually(() => supervisor.state.state === "up" && supervisor.state.restarts === 4);
  });

  test("stop ends the process in order", async () => {
    const { supervisor, names } = supervise(["ready"]);
    supervisor.start();
    const child = await supervisor.whenUp();
    await supervisor.stop();
    expect(isAlive(child.pid ?? 0)).toBe(false);
    expect(names().at(-1)).toBe("stopped");
    expect(supervisor.child).toBeNull();
    await expect(supervisor.whenUp()).rejects.toMatchObject({ code: "PROCESS_NOT_UP" });
  });

  test("stop asks in the way it was told to", async () => {
    const { supervisor } = supervise(["echo"], {
      isReady: () => true,
      askToStop: (child) => child.kill("SIGKILL"),
    });
    supervisor.start();
    const child = await supervisor.whenUp();
    await supervisor.stop();
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  });

  test("stop kills what does not end by the deadline", async () => {
    const { supervisor } = supervise(["stubborn"], { timings: { stopWithin: 100 } });
    supervisor.start();
    const child = await supervisor.whenUp();
    await supervisor.stop();
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  });

  test("stop works between two lives, and start after it begins again", async () => {
    const { supervisor } = supervise(["throw"], { timings: { firstRestart: 60_000 } });
    supervisor.start();
    await reach(supervisor, "restarting");
    await supervisor.stop();
    expect(supervisor.state.state).toBe("stopped");
    supervisor.start();
    await reach(supervisor, "restarting");
  });

  test("whoever waits for it can stop waiting", async () => {
    const { supervisor } = supervise(["mute"]);
    supervisor.start();
    const stopping = new AbortController();
    const waiting = supervisor.whenUp(stopping.signal);
    stopping.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});

/** Main of a probe app: drives UtilityProcessHost through everything it promises and prints what happened as one JSON line. */
import { fileURLToPath } from "node:url";
import { app } from "electron";
import type { ManagedProcess } from "../../../../src/host/process-host.ts";
import { UtilityProcessHost } from "../../../../src/main/utility-host.ts";

const entry = (name: string) => fileURLToPath(new URL(`${name}.js`, import.meta.url));

void app.whenReady().then(async () => {
  const lines: string[] = [];
  const host = new UtilityProcessHost({
    brokeredEntries: [entry("runtime")],
    v8Options: ["--max-semi-space-size=1"],
    onStderr: (name, line) => lines.push(`${name}: ${line}`),
  });
  const engine = host.spawn({
    name: "engine",
    entry: entry("engine"),
    args: ["an argument"],
    env: { PROBE_ADDED: "yes", PROBE_REMOVED: undefined },
  });
  let closed = false;
  engine.onClose(() => {
    closed = true;
  });
  // Sent before the process is there: nothing may be lost.
  engine.post({ ask: "echo", bytes: new Uint8Array([1, 2, 255]) });
  const echo = await next(engine);

  const ask = (request: unknown) => {
    engine.post(request);
    return next(engine);
  };
  const brokered = await ask({ ask: "runtime", entry: entry("runtime") });
  const refused = await ask({ ask: "runtime", entry: entry("engine") });
  const killed = await ask({ ask: "kill-runtime" });
  const orphan = (await ask({ ask: "runtime", entry: entry("runtime") })) as { runtimePid: number };

  const { pid } = engine;
  engine.kill("SIGKILL");
  const exit = await engine.exited;
  const orphanEnded = await endsWithin(orphan.runtimePid, 5_000);
  process.stdout.write(
    `${JSON.stringify({ echo, hasPid: typeof pid === "number", brokered, refused, killed, exit, closed, orphanEnded, tail: engine.stderrTail(), lines })}\n`,
  );
  app.exit(0);
});

function next(child: ManagedProcess): Promise<unknown> {
  return new Promise((resolve) => {
    const stop = child.onMessage((message) => {
      if (typeof message === "object" && message !== null && "kind" in message && message.kind === "broker")
        return;
      stop();
      resolve(message);
    });
  });
}

async function endsWithin(pid: number, ms: number): Promise<boolean> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; ) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

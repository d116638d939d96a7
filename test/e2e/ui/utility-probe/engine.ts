/** The probe's engine: answers main, and starts a runtime through the broker as the real engine does. */
import { getHeapSpaceStatistics } from "node:v8";
import { openBrokeredHost } from "../../../../src/host/brokered-host.ts";
import { openParentChannel } from "../../../../src/host/parent-channel.ts";
import type { ManagedProcess } from "../../../../src/host/process-host.ts";

const channel = openParentChannel();
const host = openBrokeredHost();
if (channel === null || host === null) throw new Error("This is no utility process");

const runtimes: ManagedProcess[] = [];
process.stderr.write("the engine's last words\n");

channel.onMessage((message) => {
  const request = message as { ask?: string; bytes?: Uint8Array; entry?: string };
  switch (request.ask) {
    case "echo":
      channel.post({
        kind: channel.kind,
        bytes: request.bytes,
        isTyped: request.bytes instanceof Uint8Array,
        args: process.argv.slice(2),
        added: process.env.PROBE_ADDED,
        removed: process.env.PROBE_REMOVED ?? null,
        nursery: nurseryAfterWork(),
      });
      return;
    case "runtime": {
      const child = host.spawn({ name: "runtime cpu", entry: request.entry ?? "", args: ["7"], env: {} });
      runtimes.push(child);
      child.post({ value: 35 });
      child.onMessage((answer) => channel.post({ answer, runtimePid: child.pid }));
      void child.exited.then((exit) => {
        if (child.pid === undefined) channel.post({ exit, stderr: child.stderrTail() });
      });
      return;
    }
    case "kill-runtime": {
      const [first] = runtimes;
      first?.kill("SIGKILL");
      void first?.exited.then(({ code }) => channel.post({ runtimeEnded: code !== 0 }));
      return;
    }
  }
});

/** Bytes of V8's nursery once it had reason to grow. */
function nurseryAfterWork(): number {
  let kept: object[] = [];
  for (let index = 0; index < 2_000_000; index++) {
    kept.push({ index });
    if (kept.length > 20_000) kept = [];
  }
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")?.space_size ?? 0;
}

/** The engine as a process of its own: configured by its first message, then it serves the contract to its parent. */
import { openBrokeredHost } from "../host/brokered-host.ts";
import { ForkProcessHost } from "../host/fork-host.ts";
import { openParentChannel } from "../host/parent-channel.ts";
import type { ParentChannel } from "../host/process-host.ts";
import {
  ConfigureSchema,
  type EngineConfig,
  EngineConfigSchema,
  type EngineLeft,
  type EngineReady,
  type EngineStarting,
} from "../shared/config.ts";
import { serveContract } from "../shared/contract/rpc.ts";
import { toErrorValue } from "../shared/errors.ts";
import { RESTART_WANTED } from "../shared/restart.ts";
import { type Engine, startEngine } from "./engine.ts";
import { asLedgerError } from "./ledger/database.ts";

const parent = openParentChannel();
if (parent === null) {
  process.stderr.write(
    "Error: this is a part of Bellows; start it with `bellows serve` or `bellows demo`.\n",
  );
  process.exit(2);
}
// What nobody caught ends the engine with its reason said; its supervisor starts it again from the ledger.
process.once("uncaughtException", (thrown) => void die(parent, asLedgerError(thrown)));
configured(parent)
  .then((first) => serve(first, parent))
  .catch((thrown) => die(parent, thrown));

interface Configured {
  readonly config: EngineConfig;
  /** Until then the end of the parent ends this process at once: there is nothing yet to put in order. */
  readonly stopWaiting: () => void;
}

/** Resolves with the first message's configuration. */
function configured(channel: ParentChannel): Promise<Configured> {
  return new Promise((resolve, reject) => {
    const stopWaiting = channel.onClose(() => process.exit(0));
    const stop = channel.onMessage((message) => {
      const first = ConfigureSchema.safeParse(message);
      if (!first.success) return;
      stop();
      const config = EngineConfigSchema.safeParse(first.data.config);
      if (config.success) resolve({ config: config.data, stopWaiting });
      else reject(config.error);
    });
  });
}

async function serve({ config, stopWaiting }: Configured, channel: ParentChannel): Promise<void> {
  const host = openBrokeredHost() ?? new ForkProcessHost();
  const engine = await startEngine(config, host, {
    tell: (news) => {
      channel.post({ kind: "engine-starting", ...news } satisfies EngineStarting);
      // What comes next may keep this process from sending anything.
      return channel.flush();
    },
  });
  stopWaiting();
  channel.onClose(() => void engine.shutdown({ orphaned: true }));
  // More than once, where a whole group is told: the second must not cut the first short.
  process.on("SIGTERM", () => void engine.shutdown());
  // A terminal's Ctrl-C and its end reach the whole group: our parent decides what they mean.
  for (const name of ["SIGINT", "SIGHUP"] as const) process.on(name, () => undefined);

  const contract = serveContract(engine.handlers, channel);
  engine.onDelta((delta) => contract.emit("state.delta", delta));
  channel.post(readyMessage(engine));
  await engine.ended;
  if (!engine.restartWanted) process.exit(0);
  channel.post({ kind: "engine-left", wish: engine.wish } satisfies EngineLeft);
  await channel.flush();
  process.exit(RESTART_WANTED);
}

function readyMessage(engine: Engine): EngineReady {
  const { control } = engine;
  return {
    kind: "engine-ready",
    control: control && { url: control.url, dashboardUrl: control.dashboardUrl },
  };
}

async function die(channel: ParentChannel, thrown: unknown): Promise<void> {
  const error = toErrorValue(thrown);
  if (error.actor === "bug" && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
  channel.post({ kind: "fatal", error });
  await channel.flush();
  process.exit(1);
}

/**
 * The devnet's process. Its parent says {kind:"configure",config} and hears {kind:"ready",…} or {kind:"fatal",error}; it
 * ends at {kind:"end"}. A SIGTERM may have gone to the whole group, and a parent that is gone leaves an engine behind: then
 * the markets stay until that one has given back what it holds.
 */
import { openParentChannel } from "../host/parent-channel.ts";
import type { ParentChannel } from "../host/process-host.ts";
import { ConfigureSchema, type DevnetConfig, DevnetConfigSchema, EndSchema } from "../shared/config.ts";
import { asFullDisk } from "../shared/disk-room.ts";
import { MILLISECOND, SECOND } from "../shared/durations.ts";
import { AppError, toErrorValue } from "../shared/errors.ts";
import { delay } from "../shared/wait.ts";
import { type Devnet, startDevnet } from "./devnet.ts";

/** Longer than an engine takes to end in order that was asked to, and than one whose parent is gone. */
const ASKED_STAYS = 9 * SECOND;
const ORPHAN_STAYS = 3 * SECOND;
const LOOK = 100 * MILLISECOND;

const channel = openParentChannel();
if (channel === null) {
  process.stderr.write("The devnet is started by Bellows: run `bellows devnet` or `bellows demo`.\n");
  process.exitCode = 1;
} else {
  serve(channel);
}

function serve(parent: ParentChannel): void {
  let starting: Promise<Devnet> | undefined;

  const end = async (patience = 0): Promise<void> => {
    const devnet = await starting;
    const last = performance.now() + patience;
    while (performance.now() < last && (await devnet?.isUsed())) await delay(LOOK);
    await devnet?.close();
    process.exit(0);
  };
  const fail = async (error: unknown): Promise<void> => {
    parent.post({ kind: "fatal", error: toErrorValue(asFullDisk(error)) });
    await parent.flush();
    process.exit(1);
  };

  process.once("uncaughtException", (error) => {
    // A full disk passes; anything else ends it as if nobody had listened, and it is started again.
    if (asFullDisk(error) !== error) return void fail(error);
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
  parent.onMessage((message) => {
    if (EndSchema.safeParse(message).success) void end().catch(fail);
    const configure = ConfigureSchema.safeParse(message);
    if (!configure.success || starting) return;
    starting = (async () => {
      const config = readConfig(configure.data.config);
      return startDevnet(config, { log: (line) => process.stderr.write(`${line}\n`) });
    })();
    starting.then(({ ready }) => parent.post(ready), fail);
  });
  parent.onClose(() => void end(ORPHAN_STAYS).catch(fail));
  process.on("SIGTERM", () => void end(ASKED_STAYS).catch(fail));
  // A terminal's Ctrl-C reaches the whole group: the markets stay until the engine has submitted, then the parent ends us.
  for (const name of ["SIGINT", "SIGHUP"] as const) process.on(name, () => undefined);
}

function readConfig(given: unknown): DevnetConfig {
  const config = DevnetConfigSchema.safeParse(given);
  if (config.success) return config.data;
  const problems = config.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new AppError({
    code: "BAD_CONFIG",
    message: `The devnet was started with a configuration it does not understand (${problems})`,
    actor: "bug",
    help: "Please report this with the diagnostics file.",
  });
}

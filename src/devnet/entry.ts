/**
 * The devnet's process. Its parent says {kind:"configure",config} and hears {kind:"ready",…} or {kind:"fatal",error};
 * it ends in order on SIGTERM or SIGINT, and when the parent is gone.
 */
import { openParentChannel } from "../host/parent-channel.ts";
import type { ParentChannel } from "../host/process-host.ts";
import { ConfigureSchema, type DevnetConfig, DevnetConfigSchema } from "../shared/config.ts";
import { AppError, toErrorValue } from "../shared/errors.ts";
import { type Devnet, startDevnet } from "./devnet.ts";

const channel = openParentChannel();
if (channel === null) {
  process.stderr.write("The devnet is started by Bellows: run `bellows devnet` or `bellows demo`.\n");
  process.exitCode = 1;
} else {
  serve(channel);
}

function serve(parent: ParentChannel): void {
  let starting: Promise<Devnet> | undefined;

  const end = async (): Promise<void> => {
    const devnet = await starting;
    await devnet?.close();
    process.exit(0);
  };
  const fail = async (error: unknown): Promise<void> => {
    parent.post({ kind: "fatal", error: toErrorValue(error) });
    await parent.flush();
    process.exit(1);
  };

  parent.onMessage((message) => {
    const configure = ConfigureSchema.safeParse(message);
    if (!configure.success || starting) return;
    starting = (async () => {
      const config = readConfig(configure.data.config);
      return startDevnet(config, { log: (line) => process.stderr.write(`${line}\n`) });
    })();
    starting.then(({ ready }) => parent.post(ready), fail);
  });
  const onEnd = () => void end().catch(fail);
  parent.onClose(onEnd);
  process.on("SIGTERM", onEnd);
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

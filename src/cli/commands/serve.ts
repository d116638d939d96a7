/** `bellows serve`: the engine in this process, for servers and for whoever wants no window. */
import { chooseMode, type Flags, loadConfig, unusedNames } from "../../engine/config/from-environment.ts";
import { ForkProcessHost } from "../../host/fork-host.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { refuseSecondEngine } from "../engine-client.ts";
import { addressField, fields, marketName } from "../format.ts";
import { LiveLog } from "../live-log.ts";
import { listenForStop } from "../signals.ts";

export async function serve(context: CliContext, flags: Flags): Promise<void> {
  const { terminal, env, paths } = context;
  if (chooseMode({ env, flags }) === "demo") throw noMarket();
  const config = loadConfig({ env, flags, paths });
  await refuseSecondEngine(config.dataFolder);
  for (const { name, reason } of unusedNames(env)) terminal.note(`Note: ${name} is not used: ${reason}.`);

  // Loaded only here: it brings SQLite, which no other command needs.
  const { startEngine } = await import("../../engine/engine.ts");
  using signals = listenForStop(() => undefined);
  const engine = await startEngine(config, new ForkProcessHost());
  try {
    const log = new LiveLog((line) => terminal.print(line));
    using _deltas = disposable(engine.onDelta((delta) => log.show(delta.slices, delta.at)));
    const { state, at } = engine.snapshot();
    const header = fields([
      ...state.markets.map(({ id, endpoint }) => [marketName(id), endpoint] as const),
      ...(engine.control ? [addressField(engine.control)] : []),
      ["Data", config.dataFolder],
    ]);
    for (const line of header) terminal.print(line);
    log.show(state, at);
    await Promise.race([signals.whenAsked, engine.ended]);
    if (signals.asked.aborted) terminal.note("Stopping: leases are given back, results submitted.");
  } finally {
    await engine.shutdown();
  }
}

function disposable(dispose: () => void): Disposable {
  return { [Symbol.dispose]: dispose };
}

function noMarket(): AppError {
  return new AppError({
    code: "NO_MARKET",
    message: "No market is configured",
    actor: "user",
    help: "Set AITBC_COORDINATOR_URL with AITBC_COORDINATOR_KEY, or AICF_QUEUE_URL; or try `bellows demo`, which needs neither.",
  });
}

/** The names and flags of `bellows aitbc`. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { lazy } from "../lazy.ts";
import type { AitbcFlags } from "./aitbc-desk.ts";

const {
  aitbcCapabilities,
  aitbcDeregister,
  aitbcEarnings,
  aitbcGpus,
  aitbcHealth,
  aitbcHeartbeat,
  aitbcMetrics,
  aitbcProfiles,
  aitbcRegister,
  aitbcScan,
  aitbcStake,
  aitbcStakes,
  aitbcUnstake,
} = lazy(() => import("./aitbc.ts"));
const { aitbcOffer, aitbcOffers, aitbcPreview, aitbcPrices, aitbcReprice, aitbcWithdraw } = lazy(
  () => import("./aitbc-offers.ts"),
);

type Options = Readonly<Record<string, unknown>>;
type Run = (context: CliContext, flags: AitbcFlags, options: Options, argument: string) => Promise<void>;

export function aitbcProgram(context: CliContext, dataFolder: () => string | undefined): Command {
  const aitbc = new Command("aitbc")
    .description("AITBC's provider commands: register, offer GPUs, look, stake")
    .helpOption("-h, --help", "Print help")
    .helpCommand(false);

  const add = (name: string, means: string, run: Run): Command => {
    const command = aitbc
      .command(name)
      .description(means)
      .option("--gpu <url>", "gpu service (AITBC_GPU_URL)")
      .option("--coordinator <url>", "coordinator (AITBC_COORDINATOR_URL)")
      .option("--rpc <url>", "chain node (AITBC_RPC_URL)")
      .option("--miner <id>", "Name of this machine there (AITBC_MINER_ID)")
      .addOption(new Option("--json", "Print one line of JSON"));
    const takesArgument = name.includes("<");
    command.action((first: string | Options, second: Options) => {
      const options = takesArgument ? second : (first as Options);
      return run(context, flagsIn(options, dataFolder()), options, takesArgument ? String(first) : "");
    });
    return command;
  };
  const target = (command: Command) =>
    command
      .option("--device <gpu>", "One GPU (default: all)")
      .option("--board <board>", "gpu-service or coordinator (default: both)");

  const priced = (command: Command) =>
    command
      .option("--price <ait>", "A fixed price: AIT per hour")
      .option("--strategy <name>", "Follow the market: median, utilisation, or percentile:P")
      .option("--lowest <ait>", "With a strategy: never less than this");

  add("health", "Which services answer, and of which era", aitbcHealth);
  add("register", "Make this machine known at every configured service", aitbcRegister);
  add("deregister", "Take it back; an engine must not run", aitbcDeregister);
  add("heartbeat", "Send one heartbeat, where it does no harm", aitbcHeartbeat);
  add("gpus", "GPUs the services list for this machine", (ctx, flags, { all }) =>
    aitbcGpus(ctx, { ...flags, all: all === true }),
  ).option("--all", "Those of everybody");
  add("offers", "GPUs offered, and what became of each offer", aitbcOffers);
  priced(
    target(
      add("offer", "Offer GPUs for rent", (ctx, flags, options) =>
        aitbcOffer(ctx, { ...flags, ...targetIn(options), ...priceIn(options) }),
      ),
    ),
  );
  priced(
    target(
      add("reprice", "Another price for GPUs that are offered", (ctx, flags, options) =>
        aitbcReprice(ctx, { ...flags, ...targetIn(options), ...priceIn(options) }),
      ),
    ),
  );
  priced(
    add("preview", "What a price or strategy would come to; changes nothing", (ctx, flags, options) =>
      aitbcPreview(ctx, {
        ...flags,
        ...targetIn(options),
        ...priceIn(options),
        occupancy: text(options.occupancy),
      }),
    ).option("--device <gpu>", "The GPU (default: the only one)"),
  ).option("--occupancy <percent>", "Share of its time that it is rented (default: as measured, else 50)");
  target(
    add("withdraw", "Take offers back; a rented GPU's ends with its booking", (ctx, flags, options) =>
      aitbcWithdraw(ctx, { ...flags, ...targetIn(options) }),
    ),
  );
  add("prices <model>", "What GPUs of a model cost an hour", (ctx, flags, _options, model) =>
    aitbcPrices(ctx, { ...flags, model }),
  );
  add("earnings", "What the services say was earned, and the wallet's balance", aitbcEarnings);
  add("capabilities", "Tell the gpu service what this machine can do", (ctx, flags, { set }) =>
    aitbcCapabilities(ctx, { ...flags, set: String(set) }),
  ).requiredOption("--set <json>", "A JSON object");
  add("profiles", "Consumer GPU profiles of the gpu service", (ctx, flags, { architecture, minMemory }) =>
    aitbcProfiles(ctx, { ...flags, architecture: text(architecture), minMemory: text(minMemory) }),
  )
    .option("--architecture <name>", "ampere, ada_lovelace, turing, …")
    .option("--min-memory <gb>", "At least this much");
  add("scan", "Let the gpu service look for GPUs on its own host", aitbcScan);
  add("metrics <gpu>", "Metrics the gpu service keeps of a GPU", (ctx, flags, _options, gpuId) =>
    aitbcMetrics(ctx, { ...flags, gpuId }),
  );
  add("stake", "Stake on AITBC's chain", (ctx, flags, { amount, days }) =>
    aitbcStake(ctx, { ...flags, amount: String(amount), days: String(days) }),
  )
    .requiredOption("--amount <ait>", "AIT; the chain counts 3600ths")
    .option("--days <n>", "How long it is locked", "30");
  add("unstake <stake>", "Release a stake whose time is over", (ctx, flags, _options, stakeId) =>
    aitbcUnstake(ctx, { ...flags, stakeId }),
  );
  add("stakes", "Stakes and bonds of the wallet", aitbcStakes);
  return aitbc;
}

function flagsIn(options: Options, data: string | undefined): AitbcFlags {
  return {
    data,
    gpu: text(options.gpu),
    coordinator: text(options.coordinator),
    rpc: text(options.rpc),
    miner: text(options.miner),
    json: options.json === true,
  };
}

const targetIn = (options: Options) => ({ device: text(options.device), board: text(options.board) });

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const priceIn = ({ price, strategy, lowest }: Options) => ({
  price: text(price),
  strategy: text(strategy),
  lowest: text(lowest),
});

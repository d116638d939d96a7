/** The names and flags of `bellows aicf`; the guide's spelling of each command works too. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { lazy } from "../lazy.ts";
import type { AicfFlags } from "./aicf-counter.ts";

const {
  aicfBalance,
  aicfHeartbeat,
  aicfJobs,
  aicfLeases,
  aicfRegister,
  aicfSettle,
  aicfStake,
  aicfStatus,
  aicfSubmit,
  aicfUnstake,
} = lazy(() => import("./aicf.ts"));
const { aicfClaim } = lazy(() => import("./aicf-claim.ts"));

type Options = Readonly<Record<string, unknown>>;
type Run = (context: CliContext, flags: AicfFlags & { json: boolean }, options: Options) => Promise<void>;

export function aicfProgram(context: CliContext, dataFolder: () => string | undefined): Command {
  const aicf = new Command("aicf")
    .description("AICF's provider commands: register, stake, look, submit, get paid")
    .helpOption("-h, --help", "Print help")
    .helpCommand(false);

  const add = (name: string, guideNames: readonly string[], means: string, run: Run): Command => {
    const command = aicf
      .command(name)
      .aliases([...guideNames])
      .description(means)
      .option("--rpc <url>", "Animica node (RPC_URL; default http://127.0.0.1:8545)")
      .option("--queue <url>", "AICF queue (AICF_QUEUE_URL; default http://127.0.0.1:8700)")
      .option("--chain-id <n>", "Chain (CHAIN_ID; default 1)")
      .option("--id <provider>", "Provider id (PROVIDER_ID; default: from this machine's key)")
      .addOption(new Option("--provider <provider>", "The same as --id").hideHelp())
      .addOption(new Option("--json", "Print one line of JSON"));
    command.action((options: Options) => run(context, flagsIn(options, dataFolder()), options));
    return command;
  };

  add("register", ["provider-register"], "Make this provider known", (ctx, flags, { caps }) =>
    aicfRegister(ctx, { ...flags, caps: text(caps) }),
  )
    .option("--name <name>", "Name shown (PROVIDER_NAME)")
    .option("--caps <caps>", "What it does: AI", "AI")
    .option("--endpoint <url>", "Address told to the market (PROVIDER_ENDPOINT)")
    .option("--region <region>", "Region (PROVIDER_REGION)");
  add("stake", ["provider-stake"], "Add to the stake", (ctx, flags, { amount, withoutBackup }) =>
    aicfStake(ctx, { ...flags, amount: String(amount), withoutBackup: withoutBackup === true }),
  )
    .requiredOption("--amount <nano>", "In nano: 100 ANM are 100000000000")
    .option("--without-backup", "Although no backup of the key was checked (play money)");
  add("unstake", ["provider-withdraw"], "Start to release some of the stake", (ctx, flags, { amount }) =>
    aicfUnstake(ctx, { ...flags, amount: String(amount) }),
  ).requiredOption("--amount <nano>", "In nano");
  add("status", [], "What the market says of this provider, and what to do", aicfStatus);
  add("heartbeat", ["provider-heartbeat"], "Send one heartbeat", (ctx, flags, { print }) =>
    aicfHeartbeat(ctx, { ...flags, print: print === true }),
  ).option("--print", "Send nothing: show the state and the leases held");
  add("leases", [], "Leases the market says are held", aicfLeases);
  add("jobs", ["queue-list"], "The queue's jobs", (ctx, flags, { providers, status, limit }) =>
    aicfJobs(ctx, { ...flags, providers: providers === true, status: text(status), limit: text(limit) }),
  )
    .option("--providers", "The providers instead")
    .option("--status <status>", "queued, leased, completed, expired or failed")
    .option("--limit <n>", "How many (default 50)");
  add("submit", ["queue-submit"], "Submit a job, as a customer does", (ctx, flags, options) =>
    aicfSubmit(ctx, {
      ...flags,
      kind: String(options.kind),
      model: String(options.model),
      input: String(options.input),
      fee: text(options.fee),
    }),
  )
    .option("--kind <kind>", "AI", "AI")
    .requiredOption("--model <model>", "Such as text-embed-001")
    .requiredOption("--input <json>", "A JSON list of texts, or one text")
    .option("--fee <nano>", "What it pays (default: the market's price)");
  add("balance", ["payouts-inspect"], "What the market owes and paid, job by job", (ctx, flags, { limit }) =>
    aicfBalance(ctx, { ...flags, limit: text(limit) }),
  ).option("--limit <n>", "How many jobs, the newest first (default 20; --json has all)");
  add("claim", [], "Move what is settled to the balance", aicfClaim);
  add("settle", ["settle-epoch"], "Devnet only: end the epoch now", aicfSettle);
  return aicf;
}

function flagsIn(options: Options, data: string | undefined): AicfFlags & { json: boolean } {
  return {
    data,
    rpc: text(options.rpc),
    queue: text(options.queue),
    chainId: text(options.chainId),
    id: text(options.id) ?? text(options.provider),
    name: text(options.name),
    region: text(options.region),
    endpoint: text(options.endpoint),
    json: options.json === true,
  };
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

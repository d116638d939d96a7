/** The command line: names, options and help; what a command does stands in commands/. */
import { Command, CommanderError, Option } from "commander";
import type { Flags } from "../engine/config/from-environment.ts";
import { chooseMode } from "../engine/config/from-environment.ts";
import { duration as readDuration } from "../engine/config/parsers.ts";
import { OTHER_NAMES, SETTINGS, type Setting, type SettingName } from "../engine/config/settings.ts";
import { MarketIdSchema } from "../shared/contract/views.ts";
import { HOUR, SECOND } from "../shared/durations.ts";
import { SECRET_VARIABLES } from "../shared/secret-variables.ts";
import { aicfProgram } from "./commands/aicf-program.ts";
import { aitbcProgram } from "./commands/aitbc-program.ts";
import { addBooks } from "./commands/books-program.ts";
import { configProgram } from "./commands/config-program.ts";
import { addDevices } from "./commands/devices-program.ts";
import { GPU_PACK } from "./commands/gpu-pack-program.ts";
import { identityProgram } from "./commands/identity-program.ts";
import { addKeptFolder } from "./commands/kept-folder-program.ts";
import { addLedger } from "./commands/ledger-program.ts";
import { LLAMA } from "./commands/llama-program.ts";
import { addMachine } from "./commands/machine-program.ts";
import { addModels } from "./commands/models-program.ts";
import { runIntent, VERBS, type Verb } from "./commands/run-intent.ts";
import { addService } from "./commands/service-program.ts";
import type { CliContext } from "./context.ts";
import type { EngineClient } from "./engine-client.ts";
import { EXIT, EXIT_CODES_HELP, type ExitCode, exitCodeOf } from "./exit-codes.ts";
import { fields } from "./format.ts";
import { GivenEnvironment } from "./given-environment.ts";
import type { JobsDesk } from "./jobs-desk.ts";
import { lazy } from "./lazy.ts";
import { addSettingOptions, flagsFrom } from "./setting-options.ts";
import { readFlag, usageError } from "./usage.ts";

const { dashboard } = lazy(() => import("./commands/dashboard.ts"));
const { demo, demoUntilAccepted } = lazy(() => import("./commands/demo.ts"));
const { devnet } = lazy(() => import("./commands/devnet.ts"));
const { fleet } = lazy(() => import("./commands/fleet.ts"));
const { jobs, jobsQuery, receipt, showJob } = lazy(() => import("./commands/jobs.ts"));
const { selfTest } = lazy(() => import("./commands/self-test.ts"));
const { serve } = lazy(() => import("./commands/serve.ts"));
const { status } = lazy(() => import("./commands/status.ts"));
const { verify } = lazy(() => import("./commands/verify.ts"));
const { findEngine } = lazy(() => import("./engine-client.ts"));
const { openJobsDesk } = lazy(() => import("./jobs-desk.ts"));

const ENGINE_SETTINGS = [
  "controlPort",
  "dashboard",
  "gpuBackend",
  "maxConcurrency",
  "batchSize",
  "modelFolders",
  "startAs",
] as const;
const MARKET_SETTINGS = [
  "aitbcGpuUrl",
  "aitbcCoordinatorUrl",
  "aitbcRpcUrl",
  "aicfQueueUrl",
  "aicfRpcUrl",
] as const;
const SERVICE_SETTINGS = ["logLevel", "logFormat", "drainTimeout"] as const;
const DEMO_SETTINGS = ["demoRate", "demoEpoch", "demoDialect"] as const;

/** Runs one command line (without node and script) and says how it went; errors are printed, never thrown. */
export async function runCli(args: readonly string[], given: CliContext): Promise<ExitCode> {
  const outcome: Outcome = { code: EXIT.ok };
  const environment = new GivenEnvironment(given.env);
  const context: CliContext = { ...given, readSecretFiles: () => environment.readSecretFiles() };
  try {
    await createProgram(context, outcome, environment).parseAsync([...args], { from: "user" });
    return outcome.code;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok; // Help or version was shown.
    if (thrown instanceof CommanderError && thrown.code === "commander.help") return EXIT.usage; // No command: all are listed.
    const error =
      thrown instanceof CommanderError ? wrongCommandLine(thrown) : environment.withPlaces(thrown);
    context.terminal.error(error);
    return exitCodeOf(error);
  }
}

/** Set by a command that ends well with an answer of no. */
interface Outcome {
  code: ExitCode;
}

type Options = Readonly<Record<string, unknown>>;

function createProgram(context: CliContext, outcome: Outcome, environment: GivenEnvironment): Command {
  const program = new Command("bellows")
    .description("Turn NVIDIA GPUs into an earning AI compute provider.")
    .version(context.paths.version, "-v, --version", "Print the version")
    .addOption(new Option("-V").hideHelp())
    .helpOption("-h, --help", "Print help")
    .helpCommand(false)
    .option(
      "--config <file>",
      "Configuration file, .toml or .yaml (default: bellows.toml in the data folder)",
    )
    .option("--data <dir>", `Folder of ledger, keys and logs (default ${context.paths.defaultDataFolder})`)
    .option("--environment <file>", "Settings as NAME=value lines, for what the environment does not say")
    .hook("preAction", () => {
      const file = textOf(program.opts().environment);
      if (file !== undefined) environment.take(file);
      environment.readSecretFiles();
    })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      "after",
      `\nMore: bellows help <command>, bellows help environment, bellows help exit-codes`,
    );

  const flagsOf = (options: Options, names: readonly SettingName[]): Flags => ({
    ...flagsFrom(options, names),
    ...flagsFrom(program.opts(), ["dataFolder", "configFile"]),
  });
  const withEngine = async (act: (engine: EngineClient) => Promise<void>) =>
    act(await findEngine({ env: context.env, paths: context.paths, flags: flagsOf({}, []) }));
  const withJobs = async (act: (desk: JobsDesk) => Promise<void>) => {
    const desk = await openJobsDesk({ env: context.env, paths: context.paths, flags: flagsOf({}, []) });
    try {
      await act(desk);
    } finally {
      desk.close();
    }
  };

  const upSettings = [...ENGINE_SETTINGS, ...MARKET_SETTINGS, ...SERVICE_SETTINGS, ...DEMO_SETTINGS];
  addSettingOptions(program.command("up"), upSettings)
    .description("Serve the configured markets, or run the demo when none is")
    .action(async (options: Options) => {
      const flags = flagsOf(options, upSettings);
      const mode = chooseMode({ env: context.env, paths: context.paths, flags });
      // Typed by a person, whatever it writes to.
      await (mode === "live" ? serve(context, flags, "human") : demo(context, flags));
    });

  const serveSettings = [...ENGINE_SETTINGS, ...MARKET_SETTINGS, ...SERVICE_SETTINGS];
  addSettingOptions(program.command("serve"), serveSettings)
    .description("Earn on the configured markets, without a window")
    .action((options: Options) => serve(context, flagsOf(options, serveSettings)));

  const demoSettings = [...ENGINE_SETTINGS, ...DEMO_SETTINGS];
  addSettingOptions(program.command("demo"), demoSettings)
    .description("Earn play money on two markets that run on this machine")
    .option("--until-accepted <n>", "A fresh demo that ends when each market accepted n results")
    .option("--timeout <time>", "With --until-accepted: give up after this long (default 120s)")
    .option("--json", "With --until-accepted: print one line of JSON")
    .action(async (options: Options) => {
      const flags = flagsOf(options, demoSettings);
      const { untilAccepted, timeout, json } = options;
      if (typeof untilAccepted === "string") {
        return demoUntilAccepted(context, flags, {
          untilAccepted,
          timeout: textOf(timeout),
          json: json === true,
        });
      }
      for (const [flag, value] of [
        ["--timeout", timeout],
        ["--json", json],
      ]) {
        if (value !== undefined) throw usageError(`${flag} only goes with --until-accepted`);
      }
      await demo(context, flags);
    });

  program
    .command("devnet")
    .description("Run the two markets alone, to try clients against")
    .option("--coordinator-port <port>", "AITBC coordinator", "8203")
    .option("--chain-port <port>", "AITBC chain node", "8202")
    .option("--queue-port <port>", "AICF queue", "8700")
    .option("--node-port <port>", "Animica node", "8545")
    .option("--epoch <time>", "AICF settlement period", "10s")
    .option(
      "--aitbc-dialect <era>",
      "AITBC gpu service of this era beside it: guide, today, or coordinator for none",
      "coordinator",
    )
    .option("--gpu-port <port>", "AITBC gpu service", "8101")
    .option("--quirks-off <list>", "Oddities of AITBC's services to do without, separated by commas")
    .option("--demand <rate>", "Jobs offered per second and market; 0 for none", "1")
    .option("--json", "Print the addresses and keys as one line of JSON")
    .action((options: Options) =>
      devnet(context, {
        data: textOf(program.opts().data),
        coordinatorPort: String(options.coordinatorPort),
        chainPort: String(options.chainPort),
        queuePort: String(options.queuePort),
        nodePort: String(options.nodePort),
        epoch: String(options.epoch),
        aitbcDialect: String(options.aitbcDialect),
        gpuPort: String(options.gpuPort),
        quirksOff: textOf(options.quirksOff),
        demand: String(options.demand),
        json: options.json === true,
      }),
    );

  const jsonOption = () => new Option("--json", "Print one line of JSON");
  program
    .command("status")
    .description("What the engine does and earns, and if nothing, why")
    .addOption(jsonOption())
    .action((options: Options) =>
      withEngine((engine) => status(context, engine, { json: options.json === true })),
    );

  for (const verb of Object.keys(VERBS) as Verb[]) {
    const command = program.command(verb).description(VERBS[verb].means).addOption(jsonOption());
    if (verb === "finish")
      command.option("--wait <time>", "End when nothing is held, or fail after this long");
    command.action(({ json, wait }: Options) => {
      const waitMs =
        typeof wait === "string" ? readFlag("--wait", wait, readDuration(SECOND, 24 * HOUR)) : null;
      return withEngine((engine) => runIntent(context, engine, verb, { json: json === true, waitMs }));
    });
  }

  addDevices(program, context, withEngine);

  program
    .command("self-test")
    .description("Compute a known answer on each device: right, how fast, how hot; with an engine or without")
    .option("--device <id>", "Only this one; `bellows devices --json` names them")
    .addOption(jsonOption())
    .action(async ({ device, json }: Options) => {
      const where = { env: context.env, paths: context.paths, flags: flagsOf({}, []) };
      const good = await selfTest(context, where, { device: textOf(device), json: json === true });
      if (!good) outcome.code = EXIT.checkFailed;
    });

  addBooks(program, context, withEngine);

  const jobsCommand = program
    .command("jobs")
    .description("The newest jobs; with an engine or without")
    .option("--limit <n>", "How many (default 50, at most 1000)")
    .option("--market <id>", `Only of ${MarketIdSchema.options.join(" or ")}`)
    .option("--state <state>", "Only in this state, such as accepted or failed")
    .option("--before <cursor>", "Older ones, as the last page said")
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const query = await jobsQuery({
        limit: textOf(options.limit),
        market: textOf(options.market),
        state: textOf(options.state),
        before: textOf(options.before),
      });
      return withJobs((desk) => jobs(context, desk, query, { json: options.json === true }));
    });
  jobsCommand
    .command("show <lease>")
    .description("One job with its history")
    .addOption(jsonOption())
    .action((lease: string, _options: Options, command: Command) =>
      withJobs((desk) => showJob(context, desk, lease, { json: command.optsWithGlobals().json === true })),
    );

  program
    .command("receipt <lease>")
    .description("The signed receipt of a job, as JSON; with an engine or without")
    .option("-o, --output <file>", "Write it to a file")
    .addOption(new Option("--json", "Print it on one line"))
    .action((lease: string, { output, json }: Options) =>
      withJobs((desk) => receipt(context, desk, lease, { file: textOf(output), json: json === true })),
    );

  program
    .command("verify <receipt>")
    .description("Check a receipt offline: signature, model, digests; - reads stdin")
    .option("--output <file>", "The result bytes, to check them against the receipt's digests")
    .option("--key <sha3-256>", "The key the provider is known by, to check that it signed")
    .option("--recompute", "Compute this machine's own job again from what its ledger kept, and compare")
    .addOption(jsonOption())
    .action(async (file: string, { output, key, recompute, json }: Options) => {
      const where = { env: context.env, paths: context.paths, flags: flagsOf({}, []) };
      const good = await verify(context, where, file, {
        output: textOf(output),
        key: textOf(key),
        recompute: recompute === true,
        json: json === true,
      });
      if (!good) outcome.code = EXIT.checkFailed;
    });

  program.addCommand(configProgram(context, () => flagsOf({}, [])));
  program.addCommand(aitbcProgram(context, () => textOf(program.opts().data)));
  program.addCommand(aicfProgram(context, () => textOf(program.opts().data)));
  program.addCommand(
    identityProgram(
      context,
      () => textOf(program.opts().data),
      () => {
        outcome.code = EXIT.checkFailed;
      },
    ),
  );

  addLedger(program, context, () => ({ env: context.env, paths: context.paths, flags: flagsOf({}, []) }));
  addMachine(program, context, () => ({ env: context.env, paths: context.paths, flags: flagsOf({}, []) }));
  addModels(program, context, () => textOf(program.opts().data));
  for (const commands of [GPU_PACK, LLAMA])
    addKeptFolder(
      commands,
      program,
      context,
      () => textOf(program.opts().data),
      () => {
        outcome.code = EXIT.checkFailed;
      },
    );

  addService(
    program,
    context,
    () => flagsOf({}, []),
    () => {
      outcome.code = EXIT.notRunning;
    },
  );

  program
    .command("fleet")
    .description("Many workers in one table: state, GPUs, earnings, service, differences; only reads")
    .option("-f, --file <file>", "The inventory, TOML or YAML (default: fleet.toml here, else the engine's)")
    .option("--prometheus <url>", "Instead: every worker that this Prometheus scrapes")
    .option("--job <name>", "Scrape job of its workers (default: what the inventory says, else bellows)")
    .addOption(jsonOption())
    .action(async ({ file, prometheus, job, json }: Options) => {
      const names = { file: textOf(file), prometheus: textOf(prometheus), job: textOf(job) };
      const options = { ...names, flags: flagsOf({}, []), json: json === true };
      if (!(await fleet(context, options))) outcome.code = EXIT.checkFailed;
    });

  program
    .command("dashboard")
    .description("Print a new address that opens the dashboard once")
    .addOption(jsonOption())
    .action((options: Options) =>
      withEngine((engine) => dashboard(context, engine, { json: options.json === true })),
    );

  const printVersion = () => context.terminal.print(context.paths.version);
  program.command("version").description("Print the version").action(printVersion);
  program.on("option:V", () => {
    printVersion();
    throw new CommanderError(0, "commander.version", context.paths.version);
  });

  program
    .command("help [topic]")
    .description("Help on a command, on environment, or on exit-codes")
    .action((topic: string | undefined) => showHelp(context, program, topic));

  tellErrorsOnce(program);
  return program;
}

/** What is wrong with a command line is thrown and printed here, never by commander as well; whichever command it is of. */
function tellErrorsOnce(command: Command): void {
  command.configureOutput({ outputError: () => undefined }).exitOverride();
  for (const sub of command.commands) tellErrorsOnce(sub);
}

function showHelp({ terminal }: CliContext, program: Command, topic: string | undefined): void {
  switch (topic) {
    case undefined:
      program.outputHelp();
      break;
    case "exit-codes":
      terminal.print(EXIT_CODES_HELP);
      break;
    case "environment":
      terminal.print(
        "Settings: a flag wins over the environment, that over the configuration file, that over what the app saved.\n",
      );
      for (const line of environmentLines()) terminal.print(line);
      terminal.print(
        `\nEach of these may lie in a file, which its name with _FILE names: ${SECRETS.join(", ")}.`,
      );
      break;
    default: {
      const command = program.commands.find((candidate) => candidate.name() === topic);
      if (command === undefined)
        throw usageError(`There is no help on "${topic}"`, "Run `bellows help` for the list");
      command.outputHelp();
    }
  }
}

const SECRETS: readonly string[] = SECRET_VARIABLES;

export function environmentLines(): string[] {
  const settings: Setting<unknown>[] = Object.values(SETTINGS);
  return fields([...settings.map(({ env, means }) => [env, means] as const), ...Object.entries(OTHER_NAMES)]);
}

/** Commander's message as one sentence: `There is no option --prot. Did you mean --port?` */
function wrongCommandLine(error: CommanderError) {
  const [first = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const guess = /\(Did you mean (.*)\?\)/.exec(suggestion ?? "")?.[1];
  const sentence = first.charAt(0).toUpperCase() + first.slice(1);
  return usageError(
    sentence,
    guess === undefined ? "Run `bellows help` for what there is" : `Did you mean ${guess}?`,
  );
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

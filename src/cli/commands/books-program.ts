/** The commands about money earned and about what was done: their options, read and handed on. */
import { type Command, Option } from "commander";
import { oneOf, wholeNumber } from "../../engine/config/parsers.ts";
import { ActivityLevelSchema } from "../../shared/contract/activity.ts";
import { WRITE_OFF_DAYS } from "../../shared/contract/earnings.ts";
import { type MarketId, MarketIdSchema } from "../../shared/contract/market-id.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { lazy } from "../lazy.ts";
import { readFlag, usageError } from "../usage.ts";

const { activity } = lazy(() => import("./activity.ts"));
const { earnings, takeBack, writeOff } = lazy(() => import("./earnings.ts"));

const MOST_DAYS = 3660;
const MOST_EVENTS = 1000;

type WithEngine = (work: (engine: EngineClient) => Promise<void>) => Promise<void>;
type Options = Readonly<Record<string, string | boolean | undefined>>;

const MARKETS = MarketIdSchema.options.join(" or ");

const textOf = (value: string | boolean | undefined): string | undefined =>
  typeof value === "string" ? value : undefined;

function marketIn({ market }: Options): MarketId | undefined {
  const text = textOf(market);
  return text === undefined ? undefined : readFlag("--market", text, oneOf(...MarketIdSchema.options));
}

function missingMarket(): never {
  throw usageError("No market is named", `Name it with --market: ${MARKETS}`);
}

/** The local midnight at which a day begins, unix ms. */
function dayIn(flag: string, value: string | boolean | undefined): number | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  const at = new Date(Number(year), Number(month) - 1, Number(day));
  if (at.getMonth() !== Number(month) - 1 || at.getDate() !== Number(day))
    throw usageError(`${flag} "${text}" is no day`, "Write it as 2026-01-31");
  return at.getTime();
}

export function addBooks(program: Command, context: CliContext, withEngine: WithEngine): void {
  const earningsCommand = program
    .command("earnings")
    .description("What each market brought, day by day; the whole ledger as CSV")
    .option("--days <n>", "How many days, today among them", "7")
    .option("--market <id>", `Only of ${MARKETS}; also of one that is not configured any more`)
    .option("--csv <file>", "Write every accepted job and each rental to a CSV file; - is stdout")
    .option("--by <day>", "With --csv: accepted, or paid for what was credited", "accepted")
    .option("--from <date>", "With --csv: from this day on, 2026-01-01")
    .option("--until <date>", "With --csv: before this day")
    .addOption(new Option("--json", "Print one line of JSON"))
    .action((options: Options) => {
      const days = readFlag("--days", String(options.days), wholeNumber(1, MOST_DAYS));
      const by = readFlag("--by", String(options.by), oneOf("accepted", "paid"));
      const wish = {
        ...{ days, by, csv: textOf(options.csv), json: options.json === true },
        market: marketIn(options),
        from: dayIn("--from", options.from),
        until: dayIn("--until", options.until),
      };
      if (wish.csv === undefined && (wish.from ?? wish.until) !== undefined)
        throw usageError("--from and --until are of the file", "Say with --csv where to write it");
      return withEngine((engine) => earnings(context, engine, wish));
    });
  earningsCommand
    .command("write-off")
    .description("What a market has owed for long; with --yes it is waited for no more")
    .option("--older-than <days>", "Accepted longer ago than this", String(WRITE_OFF_DAYS))
    .option("--yes", "Write it off")
    // --market and --json are read by the command above, wherever they stand.
    .action((_: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const days = readFlag(
        "--older-than",
        String(options.olderThan),
        wholeNumber(WRITE_OFF_DAYS, MOST_DAYS),
      );
      const market = marketIn(options) ?? missingMarket();
      const rest = { yes: options.yes === true, json: options.json === true };
      return withEngine((engine) => writeOff(context, engine, { market, days, ...rest }));
    });
  earningsCommand
    .command("take-back")
    .description("Wait again for what was written off last")
    .action((_: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const market = marketIn(options) ?? missingMarket();
      return withEngine((engine) => takeBack(context, engine, { market, json: options.json === true }));
    });

  program
    .command("activity")
    .description("What the engine did and why, the newest first")
    .option("--limit <n>", "How many", "30")
    .option("--search <words>", "Only where these stand in the event")
    .option("--type <type>", "Only of this type, such as market-error")
    .option("--market <id>", `Only of ${MARKETS}`)
    .option("--level <level>", "This level or a worse one: info, notice or problem")
    .addOption(new Option("--json", "Print one line of JSON"))
    .action((options: Options) => {
      const limit = readFlag("--limit", String(options.limit), wholeNumber(1, MOST_EVENTS));
      const [text, type] = [textOf(options.search), textOf(options.type)];
      const [market, level] = [textOf(options.market), textOf(options.level)];
      const filter = {
        ...(text !== undefined && { text }),
        ...(type !== undefined && { type }),
        ...(market !== undefined && {
          market: readFlag("--market", market, oneOf(...MarketIdSchema.options)),
        }),
        ...(level !== undefined && {
          level: readFlag("--level", level, oneOf(...ActivityLevelSchema.options)),
        }),
      };
      return withEngine((engine) =>
        activity(context, engine, { filter, limit, json: options.json === true }),
      );
    });
}

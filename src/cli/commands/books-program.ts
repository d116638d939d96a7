/** The commands about money earned and about what was done: their options, read and handed on. */
import { type Command, Option } from "commander";
import { oneOf, wholeNumber } from "../../engine/config/parsers.ts";
import { ActivityLevelSchema } from "../../shared/contract/activity.ts";
import { MarketIdSchema } from "../../shared/contract/views.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { lazy } from "../lazy.ts";
import { readFlag } from "../usage.ts";

const { activity } = lazy(() => import("./activity.ts"));
const { earnings } = lazy(() => import("./earnings.ts"));

const MOST_DAYS = 3660;
const MOST_EVENTS = 1000;

type WithEngine = (work: (engine: EngineClient) => Promise<void>) => Promise<void>;
type Options = Readonly<Record<string, string | boolean | undefined>>;

const textOf = (value: string | boolean | undefined): string | undefined =>
  typeof value === "string" ? value : undefined;

export function addBooks(program: Command, context: CliContext, withEngine: WithEngine): void {
  program
    .command("earnings")
    .description("What each market brought, day by day; the whole ledger as CSV")
    .option("--days <n>", "How many days, today among them", "7")
    .option("--csv <file>", "Write every accepted job to a CSV file; - is stdout")
    .addOption(new Option("--json", "Print one line of JSON"))
    .action((options: Options) => {
      const days = readFlag("--days", String(options.days), wholeNumber(1, MOST_DAYS));
      return withEngine((engine) =>
        earnings(context, engine, { days, csv: textOf(options.csv), json: options.json === true }),
      );
    });

  program
    .command("activity")
    .description("What the engine did and why, the newest first")
    .option("--limit <n>", "How many", "30")
    .option("--search <words>", "Only where these stand in the event")
    .option("--type <type>", "Only of this type, such as market-error")
    .option("--market <id>", `Only of ${MarketIdSchema.options.join(" or ")}`)
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

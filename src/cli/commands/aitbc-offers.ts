/**
 * `bellows aitbc offers|offer|reprice|withdraw|preview|prices`: renting GPUs out, through the running engine, which
 * keeps what is listed true (program: aitbc-program.ts).
 */
import type { EnergyCost, OfferPreview, OfferView, PriceStrategy } from "../../shared/contract/offers.ts";
import { AppError } from "../../shared/errors.ts";
import { toMoneyValue } from "../../shared/money.ts";
import type { CliContext } from "../context.ts";
import { type EngineClient, findEngine } from "../engine-client.ts";
import { ago, dateTime, fields, money, orUnknown, short, table, UNKNOWN } from "../format.ts";
import { usageError } from "../usage.ts";
import { type AitbcFlags, readAmount } from "./aitbc-desk.ts";

const MARKET = "aitbc";

/** What a price would come to, before anything is published. */
export async function aitbcPreview(
  context: CliContext,
  flags: OfferFlags & PriceFlags & { occupancy?: string | undefined },
): Promise<void> {
  const strategy = strategyOf(flags);
  const occupancy = flags.occupancy === undefined ? undefined : Number(flags.occupancy) / 100;
  if (occupancy !== undefined && !(occupancy >= 0 && occupancy <= 1))
    throw usageError(`--occupancy "${flags.occupancy}" is not a percentage`, "Write 0 to 100");
  const engine = await engineOf(context, flags);
  const device = flags.device ?? (await onlyGpu(engine));
  const input = {
    market: MARKET,
    device,
    strategy,
    ...(occupancy === undefined ? {} : { occupancy }),
  } as const;
  const preview = await engine.invoke("offers.preview", input);
  if (flags.json) return context.terminal.json(preview);
  for (const line of previewLines(preview)) context.terminal.print(line);
}

function previewLines({
  price,
  how,
  cheaper,
  quote,
  floor,
  occupancy,
  perHour,
  test,
}: OfferPreview): string[] {
  const share = (value: number) => `${Math.round(value * 100)} %`;
  const cost = (energy: EnergyCost) => `${(Number(energy.micros) / 1e6).toFixed(4)} ${energy.currency}`;
  const floorText =
    floor.price !== null ? money(floor.price) : floor.cost !== null ? cost(floor.cost) : UNKNOWN;
  return fields([
    ["Price", price === null ? UNKNOWN : `${money(price)} an hour`],
    ["How", how],
    [
      "Market",
      quote === null
        ? "nobody offers such a GPU"
        : quote.source === "guide"
          ? "the guide: too few offers are seen"
          : `${quote.sample} offers${cheaper === null ? "" : `, ${share(cheaper)} of them cheaper`}`,
    ],
    ["Floor", floor.missing === null ? floorText : `${floorText} (${floor.missing})`],
    [
      "Net",
      perHour === null
        ? UNKNOWN
        : `${money(perHour.net)} an hour if rented ${share(occupancy.share)} of the time`,
    ],
    ["Electricity", perHour?.energy ? `${cost(perHour.energy)} an hour` : UNKNOWN],
    ["Self-test", test.text],
  ]);
}

async function onlyGpu(engine: EngineClient): Promise<string> {
  const { devices } = await engine.invoke("devices.list", {});
  const gpus = devices.filter(({ kind }) => kind === "gpu");
  if (gpus.length === 1 && gpus[0]) return gpus[0].id;
  throw usageError(
    gpus.length === 0 ? "This machine has no GPU to offer" : "There are several GPUs",
    gpus.length === 0 ? "`bellows devices` says why" : "Name one with --device",
  );
}

interface PriceFlags {
  readonly price?: string | undefined;
  readonly strategy?: string | undefined;
  readonly lowest?: string | undefined;
}

/** `--price 20`, or `--strategy median|utilisation|percentile:40` with `--lowest 15`. */
function strategyOf({ price, strategy, lowest }: PriceFlags): PriceStrategy {
  if (strategy === undefined || strategy === "fixed") {
    if (price === undefined) throw usageError("No price is given", "Write --price AIT or --strategy median");
    if (lowest !== undefined)
      throw usageError("--lowest is for strategies that follow the market", "Leave it away");
    return { kind: "fixed", price: toMoneyValue(readAmount("--price", price)) };
  }
  if (price !== undefined)
    throw usageError("--price is a fixed price; a strategy finds its own", "Write one of the two");
  const floor = { lowest: lowest === undefined ? null : toMoneyValue(readAmount("--lowest", lowest)) };
  if (strategy === "median" || strategy === "utilisation") return { kind: strategy, ...floor };
  const percentile = Number(/^percentile:(\d{1,2})$/.exec(strategy)?.[1] ?? 0);
  if (percentile >= 1) return { kind: "percentile", percentile, ...floor };
  throw usageError(
    `--strategy "${strategy}" is none`,
    "Write median, utilisation or percentile:P with P from 1 to 99",
  );
}

interface OfferFlags extends AitbcFlags {
  readonly device?: string | undefined;
  readonly board?: string | undefined;
}

export async function aitbcOffers(context: CliContext, flags: AitbcFlags): Promise<void> {
  const engine = await engineOf(context, flags);
  showOffers(context, flags, (await engine.invoke("offers.list", {})).offers);
}

/** Also a new price for what is offered already. */
export async function aitbcOffer(context: CliContext, flags: OfferFlags & PriceFlags): Promise<void> {
  const strategy = strategyOf(flags);
  const engine = await engineOf(context, flags);
  const input = { market: MARKET, ...targetOf(flags), strategy } as const;
  showOffers(context, flags, (await engine.invoke("offers.offer", input)).offers);
}

export async function aitbcReprice(context: CliContext, flags: OfferFlags & PriceFlags): Promise<void> {
  const engine = await engineOf(context, flags);
  const { offers } = await engine.invoke("offers.list", {});
  const there = offers.filter(({ market, wanted }) => market === MARKET && wanted);
  if (!there.some(({ device }) => flags.device === undefined || device === flags.device)) {
    throw new AppError({
      code: "NO_SUCH_OFFER",
      message: flags.device === undefined ? "No GPU is offered" : `The GPU "${flags.device}" is not offered`,
      actor: "user",
      help: "Offer it with `bellows aitbc offer --price AIT`.",
    });
  }
  await aitbcOffer(context, flags);
}

export async function aitbcWithdraw(context: CliContext, flags: OfferFlags): Promise<void> {
  const engine = await engineOf(context, flags);
  const input = { market: MARKET, ...targetOf(flags) } as const;
  showOffers(context, flags, (await engine.invoke("offers.withdraw", input)).offers);
}

export async function aitbcPrices(context: CliContext, flags: AitbcFlags & { model: string }): Promise<void> {
  const engine = await engineOf(context, flags);
  const { quote } = await engine.invoke("prices.quote", { market: MARKET, model: flags.model });
  if (flags.json) return context.terminal.json(quote);
  if (quote === null) return context.terminal.print(`Nobody knows what a ${flags.model} costs.`);
  const { low, middle, high, sample, ageMs, source } = quote;
  context.terminal.print(`${money(low)} to ${money(high)} an hour, in the middle ${money(middle)}`);
  context.terminal.print(
    source === "guide"
      ? "By the market's guide: too few offers are seen."
      : `From ${sample} offers, the newest ${Math.round((ageMs ?? 0) / 1000)} s old.`,
  );
}

const engineOf = (context: CliContext, flags: AitbcFlags) =>
  findEngine({ env: context.env, paths: context.paths, flags: { dataFolder: flags.data } });

const targetOf = ({ device, board }: OfferFlags) => ({
  ...(device === undefined ? {} : { device }),
  ...(board === undefined ? {} : { board }),
});

function showOffers(context: CliContext, flags: AitbcFlags, all: readonly OfferView[]): void {
  const offers = all.filter(({ market }) => market === MARKET);
  const { terminal } = context;
  if (flags.json) {
    terminal.json(offers);
    return;
  }
  if (offers.length === 0) {
    terminal.print("No GPU is offered. `bellows aitbc offer --price AIT` offers them.");
    return;
  }
  for (const line of table<OfferView>(
    [
      { title: "GPU", value: (offer) => short(offer.device) },
      { title: "Board", value: (offer) => offer.board },
      { title: "Offer", value: (offer) => orUnknown(offer.offerId) },
      { title: "State", value: (offer) => offer.state },
      { title: "Price", align: "right", value: (offer) => money(offer.price) },
      { title: "By", value: ({ strategy }) => strategyWord(strategy) },
      { title: "Listed", align: "right", value: (offer) => money(offer.listedPrice) },
      { title: "Until", value: (offer) => dateTime(offer.booking?.endsAt ?? null) },
      { title: "Checked", value: (offer) => ago(offer.checkedAt, context.now()) },
    ],
    offers,
  ))
    terminal.print(line);
  for (const { board, waiting, drift, error } of offers) {
    if (waiting !== null)
      terminal.note(`${board}: ${waiting.text}.${waiting.help === null ? "" : ` ${waiting.help}`}`);
    if (drift !== null) terminal.note(`${board}: ${drift}.`);
    if (error !== null)
      terminal.note(`${board}: ${error.message}.${error.help === undefined ? "" : ` ${error.help}`}`);
  }
}

const strategyWord = (strategy: PriceStrategy): string =>
  strategy.kind === "percentile" ? `percentile ${strategy.percentile}` : strategy.kind;

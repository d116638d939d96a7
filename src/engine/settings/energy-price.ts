/** What electricity costs at a moment: the price of a kWh, or the second tariff's during its local hours. */
import type { CurrencyCode } from "../../shared/money.ts";
import type { Electricity } from "../pricing/floor.ts";
import type { LiveSettings } from "./settings.ts";

/** null: nobody said what it costs. `at`: unix ms; hours are the machine's local ones. */
export function energyPriceAt(settings: Pick<LiveSettings, "value">, at: number): Electricity | null {
  const price = settings.value("energyPrice");
  if (price === undefined) return null;
  const second = settings.value("energySecondPrice");
  const hours = settings.value("energySecondHours");
  const isSecond = second !== undefined && hours !== undefined && isWithin(hours, at);
  return {
    currency: settings.value("energyCurrency") ?? "EUR",
    microsPerKwh: BigInt(isSecond ? second : price),
    restWatts: settings.value("restOfSystemWatts") ?? 0,
    worthOf: (coin) => {
      const micros = coinWorth(settings, coin);
      return micros === null ? null : BigInt(micros);
    },
  };
}

/** Of one whole coin, millionths of the person's currency; null: nobody said. */
export function coinWorth(settings: Pick<LiveSettings, "value">, coin: CurrencyCode): number | null {
  return settings.value(coin === "AIT" ? "aitWorth" : "anmWorth") ?? null;
}

/** Hours that end before they begin go on past midnight. */
function isWithin({ from, to }: { from: string; to: string }, at: number): boolean {
  const now = new Date(at);
  const minute = now.getHours() * 60 + now.getMinutes();
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  return begin < end ? minute >= begin && minute < end : minute >= begin || minute < end;
}

const minutesOf = (clock: string) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));

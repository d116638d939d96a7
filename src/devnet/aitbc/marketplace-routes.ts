/** The marketplace routes of the coordinator, as recorded: who may list, who may book, and what a miner's key may not (§7). */
import { PyFloat, type PyObject, type PyValue, pyFloat } from "../python-json.ts";
import { malformedUtc, naiveUtc } from "../python-time.ts";
import { formatE8, parseAmountE8 } from "./amounts.ts";
import { endOf, type Marketplace } from "./marketplace.ts";
import type { Call, Route } from "./route.ts";
import { dict, type Field, nullable, text, validate, withDefault } from "./validation.ts";
import { detail, json } from "./wire.ts";

const MAX_HOURS = 8760;
const E8 = 100_000_000;
const DEFAULT_PRICE_E8 = 5_000_000;

const hours: Field<number> = {
  fallback: null,
  read: (value) => {
    const number = value instanceof PyFloat ? value.value : value;
    return typeof number === "number" && number >= 0 && number <= MAX_HOURS
      ? { value: number }
      : { message: "Input should be a valid number", code: "float_type" };
  },
};
const BOOK = { duration_hours: hours, job_id: nullable(text) };
const SELL = {
  gpu_id: text,
  listing_price: text,
  seller_id: nullable(text),
  description: withDefault(text, ""),
};

export function marketplaceRoutes(market: Marketplace): Route[] {
  const route = (
    method: Route["method"],
    path: string,
    role: Route["role"],
    handle: Route["handle"],
  ): Route => {
    return { method, path: `/v1/marketplace${path}`, role, limit: 200, handle };
  };

  const register = ({ body }: Call) => {
    const { gpu } = validate(body, { gpu: dict });
    const { miner_id, miner, name, memory_gb, compute_capability, price_per_hour } = gpu;
    const price = price_per_hour === undefined ? DEFAULT_PRICE_E8 : priceE8(price_per_hour);
    const model = String(name ?? "Unknown");
    const gpu_id = market.register({
      miner: String(miner_id ?? miner ?? ""),
      model,
      memory_gb: Math.floor(Number(memory_gb ?? 0)),
      compute_capability: String(compute_capability ?? ""),
      price_e8: price ?? DEFAULT_PRICE_E8,
    });
    const message = `GPU ${model} registered successfully`;
    return json(200, {
      gpu_id,
      status: "registered",
      message,
      price_per_hour: String(price_per_hour ?? "0.05"),
    });
  };

  const list = () =>
    json(
      200,
      market.list().map((gpu) => ({
        id: gpu.id,
        miner_id: gpu.miner,
        model: gpu.model,
        memory_gb: gpu.memory_gb,
        cuda_version: gpu.compute_capability,
        region: "default",
        price_per_hour: formatE8(gpu.price_e8),
        status: gpu.status,
        capabilities: [],
        created_at: `${naiveUtc(gpu.created_at)}Z`,
        average_rating: pyFloat(0),
        total_reviews: 0,
      })),
    );

  const orders = ({ query }: Call) =>
    json(
      200,
      market.bookings(query("status")).map((booking) => {
        const gpu = market.get(booking.gpu);
        return {
          order_id: booking.id,
          gpu_id: booking.gpu,
          gpu_model: gpu?.model ?? "",
          miner_id: gpu?.miner ?? "",
          duration_hours: pyFloat(booking.hours),
          total_cost: formatE8(Math.round(booking.hourly_e8 * booking.hours)),
          status: booking.status,
          created_at: `${naiveUtc(booking.starts_at)}Z`,
          job_id: booking.job,
        };
      }),
    );

  const book = ({ caller, param, body }: Call) => {
    const { duration_hours, job_id } = validate(body, BOOK);
    const gpu = market.get(param("gpu"));
    if (!gpu) return detail(404, `GPU ${param("gpu")} not found`);
    const booking = market.book(gpu.id, caller.id, duration_hours, job_id);
    if (!booking) return detail(409, `GPU ${gpu.id} is not available`);
    const hourly = formatE8(booking.hourly_e8);
    return json(201, {
      booking_id: booking.id,
      gpu_id: gpu.id,
      status: "booked",
      total_cost: formatE8(Math.round(booking.hourly_e8 * booking.hours)),
      base_price: formatE8(gpu.price_e8),
      dynamic_price: hourly,
      price_per_hour: hourly,
      start_time: `${naiveUtc(booking.starts_at)}Z`,
      end_time: `${naiveUtc(endOf(booking))}Z`,
      pricing_factors: pricingFactors(gpu.price_e8),
      confidence_score: pyFloat(0.75),
    });
  };

  // A miner's key passes the gate and is then refused: these want the token of a miner, which nobody issues.
  const needsToken = () =>
    json(401, { detail: "Authorization header required" }, { "www-authenticate": "Bearer" });
  const release = ({ param }: Call) => {
    const gpu_id = param("gpu");
    const booking = market.release(gpu_id);
    if (!booking)
      return json(200, {
        status: "already_available",
        gpu_id,
        message: `GPU ${gpu_id} is already available`,
      });
    const refund = pyFloat((booking.hourly_e8 * booking.hours) / E8 / 2);
    return json(200, { status: "released", gpu_id, refund, message: `GPU ${gpu_id} released` });
  };
  const sell = ({ body }: Call) => {
    const { gpu_id, listing_price, seller_id, description } = validate(body, SELL);
    const price = parseAmountE8(listing_price);
    if (price === null || !market.get(gpu_id)) return detail(404, `GPU ${gpu_id} not found`);
    market.relist(gpu_id, price);
    const timestamp = malformedUtc(Date.now());
    return json(200, { gpu_id, seller_id, listing_price, status: "listed", description, timestamp });
  };

  return [
    route("POST", "/gpu/register", "miner", register),
    route("GET", "/gpu/list", "anyone", list),
    route("GET", "/orders", "anyone", orders),
    route("POST", "/gpu/:gpu/book", "client", book),
    route("POST", "/gpu/:gpu/confirm", "miner", needsToken),
    tokenOnly(route("POST", "/gpu/:gpu/release", "anyone", release), needsToken),
    tokenOnly(route("POST", "/gpu/sell", "anyone", sell), needsToken),
  ];
}

/** Any Bearer token is somebody's in the devnet; a key is not enough. */
function tokenOnly(route: Route, refuse: () => Response): Route {
  return { ...route, handle: (call) => (call.bearer ? route.handle(call) : refuse()) };
}

function priceE8(value: PyValue): number | null {
  const plain = value instanceof PyFloat ? value.value : value;
  return typeof plain === "string" || typeof plain === "number" ? parseAmountE8(plain) : null;
}

function pricingFactors(baseE8: number): PyObject {
  return {
    base_price: formatE8(baseE8),
    demand_multiplier: "1.0",
    supply_multiplier: "1.0",
    time_multiplier: "1.0",
    performance_multiplier: "1.0",
    competition_multiplier: "1.0",
    sentiment_multiplier: "1.0",
    regional_multiplier: "1.0",
    confidence_score: pyFloat(0.8),
    risk_adjustment: "0.0",
    demand_level: pyFloat(0.5),
    supply_level: pyFloat(0.5),
    market_volatility: pyFloat(0.1),
    provider_reputation: pyFloat(1),
    utilization_rate: pyFloat(0.5),
    historical_performance: pyFloat(1),
  };
}

/** The six read and claim methods that upstream's node has, once for JSON-RPC and once for REST (protocols/aicf.md §1). */
import { badRequest, Refusal, unknownJob, unknownProvider } from "./errors.ts";
import { JOB_STATES, type JobState } from "./job-state.ts";
import type { AicfMarket } from "./market.ts";
import { jobView } from "./views.ts";

export interface JobQuery {
  readonly kind: unknown;
  readonly status: unknown;
  readonly providerId: unknown;
  readonly requester: unknown;
  readonly offset: unknown;
  readonly limit: unknown;
}

export function listProviders(market: AicfMarket, query: { offset: unknown; limit: unknown }) {
  const offset = wholeNumber("offset", query.offset);
  const items = market.registry
    .list(offset, wholeNumber("limit", query.limit))
    .map((provider) => market.registry.view(provider));
  return { items, nextOffset: offset + items.length };
}

export function getProvider(market: AicfMarket, providerId: unknown) {
  const provider = market.registry.find(identifier("providerId", providerId));
  if (!provider) throw notFound(unknownProvider(String(providerId)));
  return market.registry.view(provider);
}

export function listJobs(market: AicfMarket, query: JobQuery) {
  const kind = oneOf(query.kind, ["AI", "QUANTUM"]);
  const offset = wholeNumber("offset", query.offset);
  const limit = wholeNumber("limit", query.limit);
  const status: JobState | null = oneOf(query.status, JOB_STATES);
  if (kind === "QUANTUM") return { items: [], nextOffset: offset };
  const filter = {
    status,
    providerId: text(query.providerId),
    requester: text(query.requester),
    offset,
    limit,
  };
  const items = market.jobs.list(filter).map(jobView);
  return { items, nextOffset: offset + items.length };
}

export function getJob(market: AicfMarket, jobId: unknown) {
  const job = market.jobs.get(identifier("jobId", jobId));
  if (!job) throw unknownJob(String(jobId));
  return jobView(job);
}

export function claimPayout(market: AicfMarket, providerId: unknown, uptoEpoch: unknown) {
  const { id } = getProvider(market, providerId);
  return market.treasury.claim(id, uptoEpoch == null ? null : wholeNumber("uptoEpoch", uptoEpoch));
}

export function getBalance(market: AicfMarket, providerId: unknown) {
  return market.treasury.balance(getProvider(market, providerId).id);
}

/** Query strings into what the methods take. */
export function jobQuery(query: Readonly<Record<string, string>>): JobQuery {
  return {
    kind: query.kind,
    status: query.status,
    providerId: query.providerId,
    requester: query.requester,
    offset: number(query.offset, 0),
    limit: number(query.limit, 100),
  };
}

export function number(value: string | undefined, fallback: number): number {
  return value === undefined ? fallback : Number(value);
}

/** Upstream reports an unknown provider with its general code. */
function notFound(refusal: Refusal): Refusal {
  return new Refusal(404, "AICF_ERROR", refusal.message);
}

function wholeNumber(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw badRequest(`${name} must be a non-negative integer`);
}

function identifier(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw badRequest(`${name} must be a non-empty string`);
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | null {
  if (value === undefined || value === null) return null;
  const known = allowed.find((candidate) => candidate === value);
  if (known !== undefined) return known;
  throw badRequest(`invalid value '${String(value)}', allowed: ${allowed.join(", ")}`);
}

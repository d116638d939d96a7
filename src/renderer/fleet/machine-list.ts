/** Which machines are listed, and in what order: pure, so that thousands are a matter of milliseconds. */
import type { FleetMachine, WorkerFacts } from "../../shared/contract/fleet.ts";
import {
  hottest,
  isUnusable,
  isWell,
  leasesHeld,
  nearestLimit,
  oldestHeartbeat,
} from "../../shared/fleet.ts";
import { CURRENCIES, type CurrencyCode, CurrencyCodeSchema } from "../../shared/money.ts";

export const SHOW = ["all", "trouble", "unreached"] as const;
export type Show = (typeof SHOW)[number];

export interface MachineFilter {
  readonly text: string | undefined;
  readonly show: Show;
}

export type SortColumn =
  | "state"
  | "name"
  | "version"
  | "gpus"
  | "hottest"
  | "heartbeat"
  | "held"
  | "accepted"
  | "service"
  | CurrencyCode;

export interface Sort {
  readonly column: SortColumn;
  readonly up: boolean;
}

/** Trouble first, then by name. */
export const FIRST_SORT: Sort = { column: "state", up: true };

/** What the newest look found out; null: nothing, it was not reached. */
export function factsOf({ error, last }: FleetMachine): WorkerFacts | null {
  return error === null ? (last?.facts ?? null) : null;
}

/** 0: not reached, 1: needs a look, 2: a limit is near, 3: fine. */
export function concern(machine: FleetMachine): 0 | 1 | 2 | 3 {
  const facts = factsOf(machine);
  // In the middle of an update it is nobody's fault, and nothing else is known of it.
  if (facts === null) return machine.otherVersion === undefined ? 0 : 1;
  const service = nearestLimit(facts.service)?.state;
  if (!isWell(facts) || service === "breached" || facts.gpus.some(isUnusable)) return 1;
  return service === "warning" ? 2 : 3;
}

export function listed(machines: readonly FleetMachine[], filter: MachineFilter, sort: Sort): FleetMachine[] {
  const words = filter.text?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  return machines
    .filter((machine) => isShown(machine, filter.show) && fits(machine, words))
    .map((machine) => ({ machine, key: keyOf(machine, sort.column) }))
    .sort((a, b) => byKey(a.key, b.key, sort.up) || byName.compare(a.machine.name, b.machine.name))
    .map(({ machine }) => machine);
}

function isShown(machine: FleetMachine, show: Show): boolean {
  switch (show) {
    case "all":
      return true;
    case "trouble":
      return concern(machine) < 3;
    case "unreached":
      return machine.error !== null && machine.otherVersion === undefined;
  }
}

/** Each word in its name, address, version, or the names of its GPUs. */
function fits({ name, where, otherVersion, last }: FleetMachine, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const facts = last?.facts;
  const text = [name, where, otherVersion ?? facts?.version, ...(facts?.gpus ?? []).map((gpu) => gpu.name)]
    .join("\n")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** "rack-10" comes after "rack-9". */
const byName = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

type Key = number | string | null;

/** What is not known comes last, whichever way it is sorted. */
function byKey(a: Key, b: Key, up: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = typeof a === "string" || typeof b === "string" ? byName.compare(String(a), String(b)) : a - b;
  return up ? order : -order;
}

function keyOf(machine: FleetMachine, column: SortColumn): Key {
  if (column === "state") return concern(machine);
  if (column === "name") return machine.name;
  const facts = factsOf(machine);
  if (facts === null) return null;
  switch (column) {
    case "version":
      return facts.version;
    case "gpus":
      return facts.gpus.filter(({ usable }) => usable).length;
    case "hottest":
      return hottest(facts.gpus);
    case "heartbeat":
      return oldestHeartbeat(facts.markets);
    case "held":
      return leasesHeld(facts.markets);
    case "accepted":
      return facts.accepted;
    case "service":
      return serviceKey(facts);
    default:
      return settledCoins(facts, column);
  }
}

const LEAST_ROOM = { breached: 0, warning: 1, good: 2, unknown: 3 } as const;

/** The measure's state first, then how much of its limit is left, squeezed between two states. */
function serviceKey({ service }: WorkerFacts): number | null {
  const measure = nearestLimit(service);
  if (measure === null) return null;
  const room =
    measure.distance === null || measure.limit === 0 ? 0 : measure.distance / Math.abs(measure.limit);
  return LEAST_ROOM[measure.state] + Math.atan(room) / Math.PI;
}

/** For sorting only. */
function settledCoins(facts: WorkerFacts, currency: CurrencyCode): number | null {
  const minor = settledIn(facts, currency);
  return minor === null ? null : Number(minor) / Number(CURRENCIES[currency].scale);
}

/** Minor units over all markets that pay in this currency; null: none does. */
export function settledIn({ earnings }: WorkerFacts, currency: CurrencyCode): bigint | null {
  const paid = earnings.filter(({ settled }) => settled.currency === currency);
  return paid.length === 0 ? null : paid.reduce((sum, { settled }) => sum + BigInt(settled.minor), 0n);
}

export const isCurrency = (column: SortColumn): column is CurrencyCode =>
  CurrencyCodeSchema.safeParse(column).success;

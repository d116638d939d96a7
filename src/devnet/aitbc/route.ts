/** What one route of the coordinator is, apart from HTTP: who may call it, how often, and what it answers. */
import type { PyValue } from "../python-json.ts";
import type { Caller, Role } from "./access.ts";

export interface Call {
  readonly caller: Caller;
  /** A Bearer token came along, whoever's it is. */
  readonly bearer: boolean;
  /** undefined: none was sent. */
  readonly body: PyValue | undefined;
  param(name: string): string;
  query(name: string): string | null;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** `anyone`: no key is looked at. */
  readonly role: Role | "anyone";
  /** Calls per minute and address, when limits are on. */
  readonly limit: number;
  handle(call: Call): Response;
}

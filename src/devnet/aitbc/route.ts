/** What one route of the coordinator is, apart from HTTP: who may call it, how often, and what it answers. */
import type { PyValue } from "../python-json.ts";
import type { Caller, Role } from "./access.ts";

export interface Call {
  readonly caller: Caller;
  /** undefined: none was sent. */
  readonly body: PyValue | undefined;
  param(name: string): string;
  query(name: string): string | null;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly role: Role;
  /** Calls per minute and address, when limits are on. */
  readonly limit: number;
  handle(call: Call): Response;
}

/**
 * Who is calling the coordinator, and may that role use this route: default deny, as upstream's security matrix has it
 * (protocols/aitbc.md §2.1). A Bearer header is judged before X-Api-Key; in the devnet any Bearer token is a client.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { denied } from "./wire.ts";

export type Role = "miner" | "client";
export interface Caller {
  readonly role: Role;
  /** Miner id or client id. */
  readonly id: string;
}

export class AccessControl {
  readonly #minerApiKey: string;

  constructor(minerApiKey: string) {
    this.#minerApiKey = minerApiKey;
  }

  /** The caller, or the refusal to send. */
  identify(headers: Headers): Caller | Response {
    const bearer = headers.get("authorization");
    if (bearer !== null) {
      const token = /^Bearer (\S+)$/.exec(bearer)?.[1];
      if (token === undefined) return denied(401, "Invalid token");
      return { role: "client", id: `client-${sha256(token).toString("hex").slice(0, 8)}` };
    }
    const key = headers.get("x-api-key");
    if (key === null || key === "") return denied(401, "Authentication required");
    if (!timingSafeEqual(sha256(key), sha256(this.#minerApiKey))) return denied(401, "Invalid API key");
    // The key is not bound to an id: whoever holds it may name any miner, or be known by the key itself.
    return { role: "miner", id: headers.get("x-miner-id") || key };
  }

  /** The caller in the role a route asks for, or the refusal. */
  require(role: Role, headers: Headers): Caller | Response {
    const caller = this.identify(headers);
    if (caller instanceof Response || caller.role === role) return caller;
    return denied(403, "Forbidden");
  }

  /** Answer for a route that nobody may use, because it does not exist. */
  refuseUnlisted(headers: Headers): Response {
    const caller = this.identify(headers);
    return caller instanceof Response ? caller : denied(403, "Forbidden");
  }
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

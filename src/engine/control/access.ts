/**
 * Who may speak to the control API: a program that can read the control file (bearer token), or a browser that was
 * given a link with a one-time token, which it trades for a session cookie.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const TOKEN_BYTES = 32;
/** More links or browsers than this were never meant; the oldest goes. */
const MAX_OPEN_LINKS = 16;
const MAX_SESSIONS = 64;

export type Caller = "program" | "browser";

export class Access {
  /** For programs, as written to the control file. */
  readonly token = newToken();
  readonly #links = new Set<string>();
  readonly #sessions = new Set<string>();
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** A token that opens one session, once. */
  newLinkToken(): string {
    const token = newToken();
    remember(this.#links, hash(token), MAX_OPEN_LINKS);
    return token;
  }

  /** The Set-Cookie value of a new session, or null when the token is unknown or was used before. */
  openSession(linkToken: string): string | null {
    if (!this.#links.delete(hash(linkToken))) return null;
    const session = newToken();
    remember(this.#sessions, hash(session), MAX_SESSIONS);
    return `${this.#cookieName}=${session}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** null: nobody we know. */
  callerOf(headers: Pick<IncomingHttpHeaders, "authorization" | "cookie">): Caller | null {
    const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (bearer !== undefined) return equal(bearer, this.token) ? "program" : null;
    const session = cookieValue(headers.cookie ?? "", this.#cookieName);
    return session !== null && this.#sessions.has(hash(session)) ? "browser" : null;
  }

  /**
   * Is the request meant for us, by one of us? Any other Host is a rebound DNS name; any other Origin is another page,
   * and pages of other ports on this machine do send our SameSite cookie.
   */
  comesFromHere(headers: Pick<IncomingHttpHeaders, "host" | "origin">): boolean {
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    const host = headers.host?.toLowerCase();
    if (host === undefined || !hosts.includes(host)) return false;
    return headers.origin === undefined || hosts.some((own) => headers.origin === `http://${own}`);
  }

  /** Cookies are shared by all ports of a host: the port in the name keeps two engines apart. */
  get #cookieName(): string {
    return `bellows_${this.#port}`;
  }
}

function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** Tokens are kept and looked up by hash, so that the time of a look-up says nothing about them. */
function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

function equal(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(hash(a)), Buffer.from(hash(b)));
}

function remember(set: Set<string>, value: string, limit: number): void {
  set.add(value);
  const [oldest] = set;
  if (set.size > limit && oldest !== undefined) set.delete(oldest);
}

function cookieValue(header: string, name: string): string | null {
  for (const part of header.split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name && value !== undefined) return value;
  }
  return null;
}

/** Blacks out what must not leave this machine: every secret that is known by value, and what looks like one by its place. */
import { SECRET_VARIABLES } from "../../shared/secret-variables.ts";

export const REDACTED = "[secret]";

/** Shorter ones would black out half of every text. */
const SHORTEST = 6;

/** Names whose value is a secret, in any spelling. */
const NAMES =
  "\\b[\\w-]{0,40}(?:passphrase|password|secret|api[_-]?key|coordinator[_-]?key|wallet[_-]?key|private[_-]?key|token|mnemonic|seed)";

/**
 * Bearer tokens, one-time links, user names in addresses, and `name=value` of a telling name. Quotation marks stay as they
 * are, escaped or not: a line of JSON must be one afterwards.
 */
const PATTERNS: readonly [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+(?!\[)[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [/([#?&](?:token|key|api_key|secret|signature)=)(?!\[)[^&\s"'<>\\]+/gi, `$1${REDACTED}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s:@"'\\]+:[^/\s@"'\\]+@/gi, `$1${REDACTED}@`],
  [new RegExp(`(${NAMES}\\\\*["']?\\s*[:=]\\s*\\\\*["'])(?!\\[)[^"'\\\\]{4,}`, "gi"), `$1${REDACTED}`],
  [new RegExp(`(${NAMES}\\\\*["']?\\s*[:=]\\s*)(?!\\[)[^\\s,;}\\]"'\\\\]{6,}`, "gi"), `$1${REDACTED}`],
];

export class Redactor {
  /** The longest first: a secret may be the beginning of another. */
  #values: readonly string[] = [];

  constructor(secrets: Iterable<string | null | undefined> = []) {
    for (const secret of secrets) this.add(secret);
  }

  /** From now on this value is blacked out wherever it stands, also as a URL or JSON writes it. */
  add(secret: string | null | undefined): void {
    if (secret == null || secret.length < SHORTEST) return;
    for (const form of [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      base64(secret),
    ])
      if (!this.#values.includes(form))
        this.#values = [...this.#values, form].sort((a, b) => b.length - a.length);
  }

  text(text: string): string {
    return this.count(text).text;
  }

  /** The text without secrets, and how many places that took. */
  count(text: string): { text: string; redactions: number } {
    let clean = text;
    let redactions = 0;
    const put = (replacement: string) => {
      redactions += 1;
      return replacement;
    };
    for (const value of this.#values) {
      if (!clean.includes(value)) continue;
      clean = clean.replaceAll(value, () => put(REDACTED));
    }
    for (const [pattern, replacement] of PATTERNS) {
      clean = clean.replace(pattern, (_whole, name: string) => put(replacement.replace("$1", () => name)));
    }
    return { text: clean, redactions };
  }
}

/** Secrets of this process's environment. */
export function secretsIn(env: Readonly<Record<string, string | undefined>>): string[] {
  return SECRET_VARIABLES.flatMap((name) => env[name] ?? []);
}

const base64 = (secret: string) => Buffer.from(secret, "utf8").toString("base64");

/** Readers for one setting's text: each returns the value or throws a `Refusal` saying why not and what to write. */
import path from "node:path";
import { DAY, GIB, HOUR, KIB, MIB, MILLISECOND, MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { parseDecimal } from "../../shared/money.ts";
import { type WantedBackend, WantedBackendSchema } from "../../shared/runtime/protocol.ts";

/** Why a text can't be used (`reason` follows the setting's name) and what to write instead. */
export class Refusal extends Error {
  readonly fix: string;

  constructor(reason: string, fix: string) {
    super(reason);
    this.fix = fix;
  }
}

/** A base address without a trailing slash, a query, a fragment or a password; `like` is the one to follow. */
export function httpUrlLike(like: string) {
  return (text: string): string => baseAddress(text, `Write it like ${like}`);
}

export const httpUrl = httpUrlLike("http://127.0.0.1:8700");

function baseAddress(text: string, example: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text))
    throw new Refusal("has no http:// or https:// in front", example);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw new Refusal("is not an address", example);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new Refusal(`starts with ${url.protocol}//, but only http and https are spoken`, example);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Refusal(
      "holds a user name or password",
      "Take the part before the @ away; addresses are shown on screen",
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw new Refusal("has a ? or # part", `Give the base address only. ${example}`);
  }
  return url.href.replace(/\/+$/, "");
}

/** The chain's base address; the node's own `/rpc` prefix may be written or left off. */
export function chainUrl(text: string): string {
  return httpUrlLike("http://127.0.0.1:8202")(text).replace(/\/rpc$/, "");
}

/** A WebSocket's address, under the same rules. */
export function wsUrl(text: string): string {
  if (!/^wss?:\/\//i.test(text)) {
    throw new Refusal("has no ws:// or wss:// in front", "Write it like ws://127.0.0.1:8700/ws");
  }
  return httpUrl(text.replace(/^ws/i, "http")).replace(/^http/, "ws");
}

export function wholeNumber(minimum: number, maximum: number) {
  return (text: string): number => {
    if (!/^-?\d+$/.test(text)) {
      throw new Refusal("is not a whole number", `Write a number from ${minimum} to ${maximum}`);
    }
    const value = Number(text);
    if (value < minimum || value > maximum) {
      throw new Refusal(
        value < minimum ? `is less than ${minimum}` : `is more than ${maximum}`,
        `Write a number from ${minimum} to ${maximum}`,
      );
    }
    return value;
  };
}

export const port = (text: string): number => {
  try {
    return wholeNumber(0, 65_535)(text);
  } catch {
    throw new Refusal("is not a port", "Write a number from 1 to 65535, or 0 for any free port");
  }
};

/** A positive decimal number, for rates. */
export function positiveNumber(maximum: number) {
  return (text: string): number => {
    const value = decimal(text);
    if (!(value > 0 && value <= maximum)) {
      throw new Refusal("is not a rate", `Write a number above 0, at most ${maximum}`);
    }
    return value;
  };
}

/** A rate that may be none. */
export function rateOrNone(maximum: number) {
  return (text: string): number => {
    const value = decimal(text);
    if (!(value <= maximum)) {
      throw new Refusal("is not a rate", `Write a number up to ${maximum}, or 0 for none`);
    }
    return value;
  };
}

/** NaN: not a decimal number without a sign. */
function decimal(text: string): number {
  return /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
}

export function oneOf<const T extends readonly string[]>(...choices: T) {
  return (text: string): T[number] => {
    const match = choices.find((choice) => choice === text.toLowerCase());
    if (match === undefined) {
      throw new Refusal("is none of the choices", `Write one of ${choices.join(", ")}`);
    }
    return match;
  };
}

/** GPU_BACKEND; the guide's `rocm` gets its own answer, because it is meant well. */
export function gpuBackend(text: string): WantedBackend {
  if (text.toLowerCase() === "rocm") {
    throw new Refusal(
      "is experimental and not built in",
      "Write webgpu to try an AMD GPU, or auto for the best that works",
    );
  }
  return oneOf(...WantedBackendSchema.options)(text);
}

export function yesNo(text: string): boolean {
  const word = text.toLowerCase();
  if (["1", "true", "yes", "on"].includes(word)) return true;
  if (["0", "false", "no", "off"].includes(word)) return false;
  throw new Refusal("is neither yes nor no", "Write 1 or 0");
}

const DURATION_UNITS = { ms: MILLISECOND, s: SECOND, m: MINUTE, h: HOUR, d: DAY } as const;

/** `90s`, `5m`, `1.5h`; a bare number is seconds, as in the provider guides. Result in milliseconds. */
export function duration(minimumMs: number, maximumMs: number) {
  return (text: string): number => {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
    if (!match) throw new Refusal("is not a length of time", "Write it like 90s, 5m or 1h");
    const ms = Math.round(
      Number(match[1]) * DURATION_UNITS[(match[2] ?? "s") as keyof typeof DURATION_UNITS],
    );
    if (ms < minimumMs || ms > maximumMs) {
      throw new Refusal(
        ms < minimumMs ? "is too short" : "is too long",
        `Write a time from ${minimumMs / SECOND}s to ${maximumMs / SECOND}s`,
      );
    }
    return ms;
  };
}

const SIZE_UNITS = { "": 1, K: KIB, M: MIB, G: GIB } as const;

/** `500M`, `2G`, or bytes. */
export function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMG]?)i?B?$/i.exec(text);
  const bytes = match
    ? Number(match[1]) * SIZE_UNITS[(match[2] ?? "").toUpperCase() as keyof typeof SIZE_UNITS]
    : Number.NaN;
  if (!Number.isSafeInteger(Math.round(bytes)))
    throw new Refusal("is not a size", "Write it like 500M or 2G");
  return Math.round(bytes);
}

/** A size that is a limit: 0 would mean never. */
export function positiveByteSize(text: string): number {
  const bytes = byteSize(text);
  if (bytes === 0) throw new Refusal("is nothing", "Write a size above 0, such as 5M, or leave it out");
  return bytes;
}

/** Names separated by commas. */
export function nameList(text: string): readonly string[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) throw new Refusal("names nothing", "Write names like text-embed-001,clip-ViT-B/32");
  return names;
}

/** An id that goes into headers and paths: letters, digits and `_ . : -`. */
export function identifier(text: string): string {
  if (text.length > 120) throw new Refusal("is longer than 120 characters", "Choose a shorter one");
  if (!/^[\w.:-]+$/.test(text)) {
    throw new Refusal("holds a character that ids can't have", "Use letters, digits and _ . : - only");
  }
  return text;
}

/** A name or region shown to people. */
export function label(text: string): string {
  if (text.length > 120) throw new Refusal("is longer than 120 characters", "Choose a shorter one");
  if (/\p{Cc}/u.test(text)) throw new Refusal("holds a control character", "Write it on one line");
  return text;
}

/** A key sent as an HTTP header. What an example file left in its place is caught here, not by a 401 hours later. */
export function secret(text: string): string {
  if (/^\$\{?\w+\}?$|redacted|change[-_]?me|^<.*>$|^your[-_ ]/i.test(text)) {
    throw new Refusal(
      "is the placeholder of an example",
      "Put the key there that the market's operator gave you",
    );
  }
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw new Refusal(
      "holds a space or a character that a key can't have",
      "Copy the key again, without line breaks",
    );
  }
  return text;
}

const MIN_SHARED_SECRET = 16;

/** A secret that signs: too short a one could be guessed from a signature. */
export function signingSecret(text: string): string {
  if (secret(text).length < MIN_SHARED_SECRET) {
    throw new Refusal(
      `is shorter than ${MIN_SHARED_SECRET} characters`,
      "Choose a longer one: openssl rand -hex 32 makes one",
    );
  }
  return text;
}

/** A payout address: 0x…, ait1… or aitbc1…, three spellings of the same 20 bytes (protocols/aitbc.md §8). */
export function aitWallet(text: string): string {
  if (!/^(0x[0-9a-f]{40}|(ait|aitbc)1[0-9a-z]{6,90})$/i.test(text)) {
    throw new Refusal("is not an AITBC address", "Write an address that starts with 0x, ait1 or aitbc1");
  }
  return text;
}

/** Whole ANM in decimal; returned in nano. */
export function anmAmount(text: string): string {
  try {
    const { minor } = parseDecimal("ANM", text);
    if (minor < 0n) throw new Refusal("is negative", "Write an amount of ANM such as 100");
    return minor.toString();
  } catch (thrown) {
    if (thrown instanceof AppError)
      throw new Refusal("is not an amount of ANM", "Write an amount of ANM such as 100");
    throw thrown;
  }
}

/** One folder; a relative one counts from where the command was typed. */
export function folder(text: string): string {
  if (text.includes("\0")) throw new Refusal("is not a path", "Write the path of a folder");
  return path.resolve(text);
}

/** Folders in the operating system's PATH notation. */
export function folderList(text: string): readonly string[] {
  return text
    .split(path.delimiter)
    .filter((part) => part !== "")
    .map(folder);
}

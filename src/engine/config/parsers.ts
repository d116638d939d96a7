/** Readers for one setting's text: each returns the value or throws a `Refusal` saying why not and what to write. */
import { isIP } from "node:net";
import path from "node:path";
import { readBaseAddress } from "../../shared/base-address.ts";
import {
  LEAST_TEMPERATURE_LIMIT,
  MOST_TEMPERATURE_LIMIT,
  type PresenceWindow,
} from "../../shared/contract/presence.ts";
import { DAY, GIB, HOUR, KIB, MIB, MILLISECOND, MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, unreachable } from "../../shared/errors.ts";
import { parseDecimal } from "../../shared/money.ts";
import { type WantedBackend, WantedBackendSchema } from "../../shared/runtime/protocol.ts";
import { parseHours, parseWindow, WindowTextError } from "../../shared/week-windows.ts";
import { loopbackAddress, OLLAMA_DEFAULT } from "../ollama/address.ts";
import { Refusal } from "./refusal.ts";
import { type Reader, shaped } from "./shape.ts";

/** A base address without a trailing slash, a query, a fragment or a password; `like` is the one to follow. */
export function httpUrlLike(like: string): Reader<string> {
  return shaped({ kind: "text", example: like }, (text) => baseAddress(text, `Write it like ${like}`));
}

export const httpUrl = httpUrlLike("http://127.0.0.1:8700");

function baseAddress(text: string, example: string): string {
  const reading = readBaseAddress(text);
  if ("address" in reading) return reading.address;
  switch (reading.fault) {
    case "noScheme":
      throw new Refusal("has no http:// or https:// in front", example);
    case "noAddress":
      throw new Refusal("is not an address", example);
    case "otherScheme":
      throw new Refusal(`starts with ${reading.scheme}, but only http and https are spoken`, example);
    case "secretInAddress":
      throw new Refusal(
        "holds a user name or password",
        "Take the part before the @ away; addresses are shown on screen",
      );
    case "hasQuery":
      throw new Refusal("has a ? or # part", `Give the base address only. ${example}`);
    default:
      return unreachable(reading.fault);
  }
}

/** The chain's base address; the node's own `/rpc` prefix may be written or left off. */
export const chainUrl: Reader<string> = shaped({ kind: "text", example: "http://127.0.0.1:8202" }, (text) => {
  return httpUrlLike("http://127.0.0.1:8202")(text).replace(/\/rpc$/, "");
});

/** A WebSocket's address, under the same rules. */
export const wsUrl: Reader<string> = shaped({ kind: "text", example: "ws://127.0.0.1:8700/ws" }, (text) => {
  if (!/^wss?:\/\//i.test(text)) {
    throw new Refusal("has no ws:// or wss:// in front", "Write it like ws://127.0.0.1:8700/ws");
  }
  return httpUrl(text.replace(/^ws/i, "http")).replace(/^http/, "ws");
});

export function wholeNumber(minimum: number, maximum: number): Reader<number> {
  return shaped({ kind: "integer", minimum, maximum }, (text) => {
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
  });
}

export const port: Reader<number> = shaped({ kind: "integer", minimum: 0, maximum: 65_535 }, (text) => {
  try {
    return wholeNumber(0, 65_535)(text);
  } catch {
    throw new Refusal("is not a port", "Write a number from 1 to 65535, or 0 for any free port");
  }
});

/** An address of this machine to listen on, as a number: a name could mean another one tomorrow. */
export const listenAddress: Reader<string> = shaped({ kind: "text", example: "127.0.0.1" }, (text) => {
  if (text.toLowerCase() === "localhost") return "127.0.0.1";
  if (isIP(text) === 0) {
    throw new Refusal(
      "is not an IP address",
      "Write 127.0.0.1, or 0.0.0.0 for every address of this machine",
    );
  }
  return text;
});

/** A positive decimal number, for rates. */
export function positiveNumber(maximum: number): Reader<number> {
  return shaped({ kind: "number", minimum: 0, maximum }, (text) => {
    const value = decimal(text);
    if (!(value > 0 && value <= maximum)) {
      throw new Refusal("is not a rate", `Write a number above 0, at most ${maximum}`);
    }
    return value;
  });
}

/** A rate that may be none. */
export function rateOrNone(maximum: number): Reader<number> {
  return shaped({ kind: "number", minimum: 0, maximum }, (text) => {
    const value = decimal(text);
    if (!(value <= maximum)) {
      throw new Refusal("is not a rate", `Write a number up to ${maximum}, or 0 for none`);
    }
    return value;
  });
}

/** NaN: not a decimal number without a sign. */
function decimal(text: string): number {
  return /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
}

export function oneOf<const T extends readonly string[]>(...choices: T): Reader<T[number]> {
  return shaped({ kind: "choice", choices }, (text) => {
    const match = choices.find((choice) => choice === text.toLowerCase());
    if (match === undefined) {
      throw new Refusal("is none of the choices", `Write one of ${choices.join(", ")}`);
    }
    return match;
  });
}

/** GPU_BACKEND; the guide's `rocm` gets its own answer, because it is meant well. */
export const gpuBackend: Reader<WantedBackend> = shaped(
  { kind: "choice", choices: WantedBackendSchema.options },
  (text) => {
    if (text.toLowerCase() === "rocm") {
      throw new Refusal(
        "is experimental and not built in",
        "Write webgpu to try an AMD GPU, or auto for the best that works",
      );
    }
    return oneOf(...WantedBackendSchema.options)(text);
  },
);

/** The one that runs here, wherever its own variable says. */
export function isOllamaAuto(text: string | undefined): boolean {
  return ["auto", "on", "yes", "1", "true"].includes(text?.toLowerCase() ?? "");
}

/** Whether, and where, an Ollama is used: never one on another machine. */
export const ollama: Reader<"off" | "auto" | string> = shaped({ kind: "text", example: "auto" }, (text) => {
  const word = text.toLowerCase();
  if (["off", "no", "0", "false"].includes(word)) return "off";
  if (isOllamaAuto(word)) return "auto";
  const address = loopbackAddress(text);
  if (address !== null) return address;
  throw new Refusal(
    "is neither off, auto nor the address of an Ollama on this machine",
    `Write auto, or an address like ${OLLAMA_DEFAULT}`,
  );
});

export const anyText: Reader<string> = shaped({ kind: "text" }, (text) => text);

export const yesNo: Reader<boolean> = shaped({ kind: "boolean" }, (text) => {
  const word = text.toLowerCase();
  if (["1", "true", "yes", "on"].includes(word)) return true;
  if (["0", "false", "no", "off"].includes(word)) return false;
  throw new Refusal("is neither yes nor no", "Write 1 or 0");
});

const DURATION_UNITS = { ms: MILLISECOND, s: SECOND, m: MINUTE, h: HOUR, d: DAY } as const;

/** `90s`, `5m`, `1.5h`; a bare number is seconds, as in the provider guides. Result in milliseconds. */
export function duration(minimumMs: number, maximumMs: number): Reader<number> {
  return shaped({ kind: "duration" }, (text) => {
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
  });
}

const SIZE_UNITS = { "": 1, K: KIB, M: MIB, G: GIB } as const;

/** `500M`, `2G`, or bytes. */
export const byteSize: Reader<number> = shaped({ kind: "size" }, (text) => {
  const match = /^(\d+(?:\.\d+)?)\s*([KMG]?)i?B?$/i.exec(text);
  const bytes = match
    ? Number(match[1]) * SIZE_UNITS[(match[2] ?? "").toUpperCase() as keyof typeof SIZE_UNITS]
    : Number.NaN;
  if (!Number.isSafeInteger(Math.round(bytes)))
    throw new Refusal("is not a size", "Write it like 500M or 2G");
  return Math.round(bytes);
});

/** A size that is a limit: 0 would mean never. */
export const positiveByteSize: Reader<number> = shaped({ kind: "size" }, (text) => {
  const bytes = byteSize(text);
  if (bytes === 0) throw new Refusal("is nothing", "Write a size above 0, such as 5M, or leave it out");
  return bytes;
});

/** Names separated by commas. */
export const nameList: Reader<readonly string[]> = shaped({ kind: "list", separator: "," }, (text) => {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) throw new Refusal("names nothing", "Write names like text-embed-001,clip-ViT-B/32");
  return names;
});

/** An id that goes into headers and paths: letters, digits and `_ . : -`. */
/** As CUDA has it: numbers or the beginnings of ids; -1 leaves out all. */
export const gpuList: Reader<readonly string[]> = shaped({ kind: "list", separator: "," }, (text) => {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const wrong = names.find((name) => !/^(-1|\d{1,3}|(GPU|MIG)-[\w/-]+)$/.test(name));
  if (names.length === 0 || wrong !== undefined)
    throw new Refusal("does not name GPUs", "Write numbers like 0,1, or ids like GPU-5e1a8f0c");
  return names;
});

export const identifier: Reader<string> = shaped({ kind: "text" }, (text) => {
  if (text.length > 120) throw new Refusal("is longer than 120 characters", "Choose a shorter one");
  if (!/^[\w.:-]+$/.test(text)) {
    throw new Refusal("holds a character that ids can't have", "Use letters, digits and _ . : - only");
  }
  return text;
});

/** A name or region shown to people. */
export const label: Reader<string> = shaped({ kind: "text" }, (text) => {
  if (text.length > 120) throw new Refusal("is longer than 120 characters", "Choose a shorter one");
  if (/\p{Cc}/u.test(text)) throw new Refusal("holds a control character", "Write it on one line");
  return text;
});

/** A key sent as an HTTP header. What an example file left in its place is caught here, not by a 401 hours later. */
export const secret: Reader<string> = shaped({ kind: "text" }, (text) => {
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
});

const MIN_SHARED_SECRET = 16;

/** A secret that signs: too short a one could be guessed from a signature. */
export const signingSecret: Reader<string> = shaped({ kind: "text" }, (text) => {
  if (secret(text).length < MIN_SHARED_SECRET) {
    throw new Refusal(
      `is shorter than ${MIN_SHARED_SECRET} characters`,
      "Choose a longer one: openssl rand -hex 32 makes one",
    );
  }
  return text;
});

/** A payout address: 0x…, ait1… or aitbc1…, three spellings of the same 20 bytes (protocols/aitbc.md §8). */
export const aitWallet: Reader<string> = shaped({ kind: "text" }, (text) => {
  if (!/^(0x[0-9a-f]{40}|(ait|aitbc)1[0-9a-z]{6,90})$/i.test(text)) {
    throw new Refusal("is not an AITBC address", "Write an address that starts with 0x, ait1 or aitbc1");
  }
  return text;
});

/** Whole ANM in decimal; returned in nano. */
export const anmAmount: Reader<string> = shaped({ kind: "text", example: "100" }, (text) => {
  try {
    const { minor } = parseDecimal("ANM", text);
    if (minor < 0n) throw new Refusal("is negative", "Write an amount of ANM such as 100");
    return minor.toString();
  } catch (thrown) {
    if (thrown instanceof AppError)
      throw new Refusal("is not an amount of ANM", "Write an amount of ANM such as 100");
    throw thrown;
  }
});

/** One folder; a relative one counts from where the command was typed. */
export const folder: Reader<string> = shaped({ kind: "text" }, (text) => {
  if (text.includes("\0")) throw new Refusal("is not a path", "Write the path of a folder");
  return path.resolve(text);
});

/** Folders in the operating system's PATH notation. */
export const folderList: Reader<readonly string[]> = shaped(
  { kind: "list", separator: path.delimiter },
  (text) => {
    return text
      .split(path.delimiter)
      .filter((part) => part !== "")
      .map(folder);
  },
);

/** Names separated by commas, or none at all. */
export const nameListOrNone: Reader<readonly string[]> = shaped({ kind: "list", separator: "," }, (text) =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== ""),
);

/** A price of a kilowatt-hour, up to six decimals; returned in millionths. */
export const decimalPrice: Reader<number> = millionths(100);

/** What a market's coin is worth, in millionths. */
export const coinWorth: Reader<number> = millionths(1_000_000);

function millionths(most: number): Reader<number> {
  return shaped({ kind: "number", minimum: 0, maximum: most }, (text) => {
    const match = /^(\d{1,7})(?:\.(\d{1,6}))?$/.exec(text);
    const value = match ? Number(match[1]) * 1_000_000 + Number((match[2] ?? "").padEnd(6, "0")) : Number.NaN;
    if (!(value <= most * 1_000_000)) {
      throw new Refusal("is not a price", `Write a number up to ${most} with a point, such as 0.31`);
    }
    return value;
  });
}

/** ISO 4217. */
export const currencyCode: Reader<string> = shaped({ kind: "text", example: "EUR" }, (text) => {
  if (!/^[a-z]{3}$/i.test(text))
    throw new Refusal("is no currency", "Write its three letters, such as EUR or USD");
  return text.toUpperCase();
});

/** `--config`: the ending says which language it is in. */
export const configFile: Reader<string> = shaped({ kind: "text", example: "bellows.toml" }, (text) => {
  if (!/\.(toml|ya?ml)$/i.test(text)) {
    throw new Refusal("ends neither in .toml nor in .yaml", "Name a file whose ending says what it is");
  }
  return path.resolve(text);
});

/** A fleet's machines; where a relative path counts from is for whoever reads it. */
export const inventoryFile: Reader<string> = shaped({ kind: "text", example: "fleet.toml" }, (text) => {
  if (text.includes("\0")) throw new Refusal("is not a path", "Write the path of a file");
  if (!/\.(toml|ya?ml)$/i.test(text)) {
    throw new Refusal("ends neither in .toml nor in .yaml", "Name a file whose ending says what it is");
  }
  return text;
});

/** Local hours of each day, such as 22:00-06:00; the text itself, checked. */
export const dayHours: Reader<{ readonly from: string; readonly to: string }> = shaped(
  { kind: "text", example: "22:00-06:00" },
  (text) => windowRead(() => parseHours(text), "Write them like 22:00-06:00"),
);

export const weekWindows: Reader<readonly PresenceWindow[]> = shaped(
  { kind: "list", separator: ";" },
  (text) =>
    text
      .split(";")
      .filter((part) => part.trim() !== "")
      .map((part) =>
        windowRead(
          () => parseWindow(part),
          "Write each window like Mon-Fri 18:00-23:00 or Sat,Sun 00:00-24:00",
        ),
      ),
);

function windowRead<T>(parse: () => T, fix: string): T {
  try {
    return parse();
  } catch (thrown) {
    if (thrown instanceof WindowTextError) throw new Refusal(thrown.message, fix);
    throw thrown;
  }
}

/** Degrees Celsius, or 0 for none: null. */
export const temperatureLimit: Reader<number | null> = shaped(
  { kind: "integer", minimum: 0, maximum: MOST_TEMPERATURE_LIMIT },
  (text) => {
    const value = wholeNumber(0, MOST_TEMPERATURE_LIMIT)(text);
    if (value > 0 && value < LEAST_TEMPERATURE_LIMIT)
      throw new Refusal(
        "is cooler than any card gets while the machine is on",
        `Write a number from ${LEAST_TEMPERATURE_LIMIT} to ${MOST_TEMPERATURE_LIMIT}, or 0 for none`,
      );
    return value === 0 ? null : value;
  },
);

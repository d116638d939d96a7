/**
 * A sentence of the engine: in English for logs, scripts and the terminal, and beside it by key and values, so that a
 * screen can say it in its own language (hear.ts). What has no key (a market's own words, an error's message) is shown
 * as it came.
 *
 * English is put together here: the translator and the texts of every screen in every language are no load for an engine.
 */
import { z } from "zod";
import type { ErrorValue } from "../errors.ts";
import { engine } from "./en/engine.ts";
import { showValue } from "./numbers.ts";

export interface Said {
  readonly key: string;
  /** A value may itself be something said: the reason within a sentence. */
  readonly values: Readonly<Record<string, string | number | Said>>;
}

export const SaidSchema: z.ZodType<Said> = z.object({
  key: z.string().max(100),
  values: z.record(z.string().max(40), z.union([z.string().max(2000), z.number(), z.lazy(() => SaidSchema)])),
});

/** The forms of a plural are one key. */
type Base<K extends string> = K extends `${infer Stem}_${"one" | "other"}` ? Stem : K;
export type EngineKey = Base<keyof typeof engine>;

export interface Sentence {
  readonly text: string;
  readonly said: Said;
}

export function say(key: EngineKey, values: Said["values"] = {}): Sentence {
  const said = { key, values };
  return { text: inEnglish(said), said };
}

/** With its key where it has one: what a market or a driver said has none. */
export interface Spoken {
  readonly text: string;
  readonly said?: Said | undefined;
}

export const SpokenSchema = z.object({ text: z.string().max(4000), said: SaidSchema.optional() });

/** What is wrong and what to do about it, as views carry the two. */
export interface Advised {
  readonly text: string;
  readonly said?: Said | undefined;
  readonly help: string | null;
  readonly helpSaid?: Said | undefined;
}

export function advise(what: Spoken, help: Spoken | null): Advised {
  return {
    text: what.text,
    ...(what.said && { said: what.said }),
    help: help?.text ?? null,
    ...(help?.said && { helpSaid: help.said }),
  };
}

/** As a value within a sentence. */
export const within = ({ text, said }: Spoken): Said | string => said ?? text;

/** An error's own sentence, as a part of another one: heard by its code. */
export function sayError({ code, message }: Pick<ErrorValue, "code" | "message">): Sentence {
  const plain = message.replace(/\.$/, "");
  return { text: plain, said: { key: "error", values: { code, message: plain } } };
}

/** What can be done about an error; null: nobody knows. */
export function sayRemedy({ code, help }: Pick<ErrorValue, "code" | "help">): Sentence | null {
  return help === undefined ? null : { text: help, said: { key: "remedy", values: { code, help } } };
}

/** As a column of text keeps it; what an older version wrote is the text alone. */
export const packSentence = ({ text, said }: Spoken): string =>
  said === undefined ? text : JSON.stringify({ text, said });

export function unpackSentence(packed: string): Spoken {
  if (!packed.startsWith('{"text":')) return { text: packed };
  return SpokenSchema.parse(JSON.parse(packed));
}

export function isSaid(value: Said["values"][string]): value is Said {
  return typeof value === "object";
}

const WORDS: Readonly<Record<string, string>> = engine;
/** `{{name}}` and `{{name, capital}}`, as in every catalogue (words.ts). */
const PLACE = /\{\{(\w+)(?:, *(\w+))?\}\}/g;

function inEnglish({ key, values }: Said): string {
  const { count } = values;
  const plural = count === undefined ? undefined : WORDS[`${key}_${count === 1 ? "one" : "other"}`];
  return (plural ?? WORDS[key] ?? key).replaceAll(PLACE, (_place, name: string, format?: string) => {
    const value = values[name] ?? "";
    return showValue(isSaid(value) ? inEnglish(value) : value, format, "en");
  });
}

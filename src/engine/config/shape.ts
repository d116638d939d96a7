/**
 * How a setting is written in a file: every setting is read from text, and its shape says which TOML or YAML value makes
 * that text. The same shape becomes its line in the JSON Schema and tells the app which control to draw.
 */
import { Refusal } from "./refusal.ts";

export type Shape =
  | { readonly kind: "text"; readonly example?: string }
  | { readonly kind: "integer"; readonly minimum: number; readonly maximum: number }
  | { readonly kind: "number"; readonly minimum: number; readonly maximum: number }
  | { readonly kind: "boolean" }
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  /** "90s", "5m", "1h", or whole seconds. */
  | { readonly kind: "duration" }
  /** "500M", "2G", or bytes. */
  | { readonly kind: "size" }
  | { readonly kind: "list"; readonly separator: string };

export type RawValue = string | number | boolean | readonly string[];

/** Reads one setting's text, and knows how a file writes it. */
export interface Reader<T> {
  (text: string): T;
  readonly shape: Shape;
}

export function shaped<T>(shape: Shape, read: (text: string) => T): Reader<T> {
  return Object.assign((text: string) => read(text), { shape });
}

/** The text of a file's value. Throws Refusal when it is of another kind. */
export function textOfRaw(shape: Shape, raw: unknown): string {
  switch (shape.kind) {
    case "text":
      if (typeof raw === "string") return raw;
      if (typeof raw === "number" || typeof raw === "bigint")
        throw new Refusal("is a number, not a text", "Put it in quotation marks");
      throw new Refusal(`is ${kindOf(raw)}, not a text`, `Write one text${example(shape.example)}`);
    case "choice":
      if (typeof raw === "string") return raw;
      throw new Refusal(
        `is ${kindOf(raw)}, not a text`,
        `Write one of ${shape.choices.map(quote).join(", ")}`,
      );
    case "integer":
    case "number":
      if (typeof raw === "number" || typeof raw === "bigint") return plainNumber(raw);
      if (typeof raw === "string" && raw.trim() !== "" && Number.isFinite(Number(raw)))
        throw new Refusal("is a text, not a number", "Take the quotation marks away");
      throw new Refusal(
        `is ${kindOf(raw)}, not a number`,
        `Write a number from ${shape.minimum} to ${shape.maximum}`,
      );
    case "boolean":
      if (typeof raw === "boolean") return raw ? "1" : "0";
      throw new Refusal(`is ${kindOf(raw)}, neither true nor false`, "Write true or false");
    case "duration":
      if (typeof raw === "string") return raw;
      if (typeof raw === "number" || typeof raw === "bigint") return plainNumber(raw);
      throw new Refusal(`is ${kindOf(raw)}, not a length of time`, 'Write it like "90s", "5m" or "1h"');
    case "size":
      if (typeof raw === "string") return raw;
      if (typeof raw === "number" || typeof raw === "bigint") return plainNumber(raw);
      throw new Refusal(`is ${kindOf(raw)}, not a size`, 'Write it like "500M" or "2G"');
    case "list":
      return listText(shape.separator, raw);
  }
}

function listText(separator: string, raw: unknown): string {
  if (!Array.isArray(raw)) {
    throw new Refusal(`is ${kindOf(raw)}, not a list`, 'Write it in brackets, like ["one", "two"]');
  }
  for (const part of raw) {
    if (typeof part !== "string")
      throw new Refusal(`holds ${kindOf(part)}, and only texts belong in it`, 'Write it like ["one", "two"]');
    if (part.includes(separator))
      throw new Refusal(
        `has an entry with "${separator}" in it`,
        "Write each entry as a text of its own in the list",
      );
  }
  return raw.join(separator);
}

/** The value a file would hold for this text; for showing and saving. */
export function rawOfText(shape: Shape, text: string): RawValue {
  switch (shape.kind) {
    case "boolean":
      return ["1", "true", "yes", "on"].includes(text.toLowerCase());
    case "integer":
    case "number":
      return Number(text);
    case "list":
      return text
        .split(shape.separator)
        .map((part) => part.trim())
        .filter((part) => part !== "");
    case "choice":
      return text.toLowerCase();
    case "text":
    case "duration":
    case "size":
      return text;
  }
}

export function jsonSchemaOf(shape: Shape): Record<string, unknown> {
  switch (shape.kind) {
    case "text":
      return { type: "string", ...(shape.example === undefined ? {} : { examples: [shape.example] }) };
    case "choice":
      return { enum: [...shape.choices] };
    case "integer":
      return { type: "integer", minimum: shape.minimum, maximum: shape.maximum };
    case "number":
      return { type: "number", minimum: shape.minimum, maximum: shape.maximum };
    case "boolean":
      return { type: "boolean" };
    case "duration":
      return { type: ["string", "integer"], pattern: "^\\d+(\\.\\d+)?(ms|s|m|h|d)?$", minimum: 0 };
    case "size":
      return { type: ["string", "integer"], pattern: "^\\d+(\\.\\d+)?\\s*[KMGkmg]?i?B?$", minimum: 0 };
    case "list":
      return { type: "array", items: { type: "string" } };
  }
}

/** 1e21 and the like are no way to write a setting. */
const plainNumber = (raw: number | bigint): string =>
  typeof raw === "bigint" || Number.isSafeInteger(raw) ? String(raw) : raw.toString();

const quote = (text: string) => `"${text}"`;
const example = (text: string | undefined) => (text === undefined ? "" : ` like "${text}"`);

/** In words: "a list". */
export function kindOf(raw: unknown): string {
  if (raw === null || raw === undefined) return "empty";
  if (Array.isArray(raw)) return "a list";
  if (raw instanceof Date) return "a date";
  switch (typeof raw) {
    case "string":
      return "a text";
    case "number":
    case "bigint":
      return "a number";
    case "boolean":
      return "true or false";
    default:
      return "a section";
  }
}

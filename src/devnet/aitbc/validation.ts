/** Request bodies checked as pydantic does, with its words, so that the coordinator's recorded 422s come out the same. */
import { isPyObject, PyFloat, type PyObject, type PyValue } from "../python-json.ts";
import { parseAmountE8 } from "./amounts.ts";

export interface Problem {
  readonly field: string;
  readonly message: string;
  readonly code: string;
}

/** How one member is read: its value, or what pydantic says against it. */
export interface Field<T> {
  readonly fallback: { readonly value: T } | null;
  read(value: PyValue): { readonly value: T } | { readonly message: string; readonly code: string };
}

export type Shape = Readonly<Record<string, Field<unknown>>>;
export type Values<S> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never };

const DICT = { message: "Input should be a valid dictionary", code: "dict_type" };
const STRING = { message: "Input should be a valid string", code: "string_type" };
const LIST = { message: "Input should be a valid list", code: "list_type" };
const DECIMAL = { message: "Input should be a valid decimal", code: "decimal_parsing" };
const INT_TYPE = { message: "Input should be a valid integer", code: "int_type" };
const INT_TEXT = {
  message: "Input should be a valid integer, unable to parse string as an integer",
  code: "int_parsing",
};
const INT_FRACTION = {
  message: "Input should be a valid integer, got a number with a fractional part",
  code: "int_from_float",
};

const field = <T>(read: Field<T>["read"]): Field<T> => ({ fallback: null, read });

export const dict = field<PyObject>((value) => (isPyObject(value) ? { value } : DICT));
export const text = field<string>((value) => (typeof value === "string" ? { value } : STRING));
export const texts = field<readonly string[]>((value) => {
  if (!Array.isArray(value)) return LIST;
  return value.every((item) => typeof item === "string") ? { value } : STRING;
});
export const integer = field<number>((value) => {
  if (typeof value === "number") return { value };
  if (typeof value === "string") return /^\s*[+-]?\d+\s*$/.test(value) ? { value: Number(value) } : INT_TEXT;
  if (value instanceof PyFloat) return Number.isInteger(value.value) ? { value: value.value } : INT_FRACTION;
  return INT_TYPE;
});
/** AIT with at most 8 decimals, as e8. */
export const amount = field<number>((value) => {
  const plain = value instanceof PyFloat ? value.value : value;
  const e8 = typeof plain === "string" || typeof plain === "number" ? parseAmountE8(plain) : null;
  return e8 === null ? DECIMAL : { value: e8 };
});

/** Absent means `fallback`. */
export function withDefault<T>(inner: Field<T>, fallback: T): Field<T> {
  return { fallback: { value: fallback }, read: inner.read };
}

/** Absent and null mean null. */
export function nullable<T>(inner: Field<T>): Field<T | null> {
  return {
    fallback: { value: null },
    read: (value) => (value === null ? { value: null } : inner.read(value)),
  };
}

/** A body that pydantic would refuse; the app answers 422 with the problems. */
export class InvalidBody extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ field, message }) => `${field}: ${message}`).join("; "));
    this.name = "InvalidBody";
    this.problems = problems;
  }
}

/** Unknown members are ignored; throws InvalidBody with the first problem of each member. `undefined`: no body. */
export function validate<S extends Shape>(body: PyValue | undefined, shape: S): Values<S> {
  if (body === undefined) {
    throw new InvalidBody([{ field: "body", message: "Field required", code: "missing" }]);
  }
  if (!isPyObject(body)) {
    const message = "Input should be a valid dictionary or object to extract fields from";
    throw new InvalidBody([{ field: "body", message, code: "model_attributes_type" }]);
  }
  const problems: Problem[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { fallback, read }] of Object.entries(shape)) {
    const given = body[name];
    if (given === undefined) {
      if (fallback) values[name] = fallback.value;
      else problems.push({ field: `body.${name}`, message: "Field required", code: "missing" });
      continue;
    }
    const outcome = read(given);
    if ("value" in outcome) values[name] = outcome.value;
    else problems.push({ field: `body.${name}`, ...outcome });
  }
  if (problems.length > 0) throw new InvalidBody(problems);
  return values as Values<S>;
}

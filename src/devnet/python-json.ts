/**
 * JSON as Python reads and writes it. Upstream's services are Python: 2.0 and 2 are different numbers there, in what
 * they answer and in what they sign, so a float keeps its type from the request to the receipt.
 */

/** A number that Python holds as float; its text always shows it (2.0, 1e-07). */
export class PyFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A plain `number` is a Python int here. */
export type PyValue = null | boolean | number | bigint | string | PyFloat | readonly PyValue[] | PyObject;
export interface PyObject {
  readonly [key: string]: PyValue;
}

export const pyFloat = (value: number): PyFloat => new PyFloat(value);

export function isPyObject(value: PyValue | undefined): value is PyObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof PyFloat);
}

/** Numeric value of an int or float; null for anything else. */
export function pyNumber(value: PyValue | undefined): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return value instanceof PyFloat ? value.value : null;
}

/** Throws SyntaxError like JSON.parse. */
export function parsePython(text: string): PyValue {
  return JSON.parse(text, reviveNumber as (this: unknown, key: string, value: unknown) => unknown) as PyValue;
}

function reviveNumber(this: unknown, _key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== "number" || context.source === undefined) return value;
  if (/[.eE]/.test(context.source)) return new PyFloat(value);
  return Number.isSafeInteger(value) ? value : BigInt(context.source);
}

export interface DumpOptions {
  /** `sort_keys=True`. */
  readonly sortKeys?: boolean;
  /** `ensure_ascii=True`. */
  readonly ascii?: boolean;
  /** Leave out members whose value is null, at every depth. */
  readonly dropNulls?: boolean;
}

/** json.dumps with separators=(",", ":"). */
export function dumpPython(value: PyValue, options: DumpOptions = {}): string {
  if (value === null) return "null";
  if (value instanceof PyFloat) return pyFloatText(value.value);
  if (typeof value === "string") return options.ascii ? asciiString(value) : JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  if (isArray(value)) return `[${value.map((item) => dumpPython(item, options)).join(",")}]`;
  const keys = Object.keys(value).filter((key) => !(options.dropNulls && value[key] === null));
  if (options.sortKeys) keys.sort(byCodePoint);
  const members = keys.map((key) => {
    const name = options.ascii ? asciiString(key) : JSON.stringify(key);
    return `${name}:${dumpPython(value[key] ?? null, options)}`;
  });
  return `{${members.join(",")}}`;
}

/** repr(float): always a point or an exponent, exponent form below 1e-4 and from 1e16 on. */
export function pyFloatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (Object.is(value, -0)) return "-0.0";
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e16)) {
    const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
    const sign = exponent.startsWith("-") ? "-" : "+";
    return `${mantissa}e${sign}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}

function isArray(value: PyValue): value is readonly PyValue[] {
  return Array.isArray(value);
}

function asciiString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Python sorts strings by code point, JavaScript by UTF-16 unit. */
function byCodePoint(a: string, b: string): number {
  const left = Array.from(a, (char) => char.codePointAt(0) ?? 0);
  const right = Array.from(b, (char) => char.codePointAt(0) ?? 0);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

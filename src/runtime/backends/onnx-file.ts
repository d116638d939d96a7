/**
 * Just enough of ONNX's protobuf (onnx.proto3) to write a tiny graph and to read where a graph keeps its weights.
 * Wire format: https://protobuf.dev/programming-guides/encoding/
 */
import { AppError } from "../../shared/errors.ts";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** One field of a message: its number and its payload (for LENGTH), or null for a number. */
interface Field {
  readonly number: number;
  readonly bytes: Uint8Array | null;
}

// ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What to look into, by message type: field number → the message type it holds. */
const NESTED: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  Model: { 7: "Graph", 20: "Training", 25: "Function" },
  Training: { 1: "Graph", 2: "Graph" },
  Function: { 7: "Node", 11: "Attribute" },
  Graph: { 1: "Node", 5: "Tensor", 15: "SparseTensor" },
  Node: { 5: "Attribute" },
  Attribute: { 5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor" },
  SparseTensor: { 1: "Tensor", 2: "Tensor" },
  Tensor: { 13: "ExternalData" },
};
const DEEPEST_NESTING = 64;

/** Every external-data location that any tensor of the model names. Throws MODEL_UNREADABLE. */
export function externalLocations(model: Uint8Array): Set<string> {
  const found = new Set<string>();
  collect("Model", model, 0, found);
  return found;
}

function collect(type: string, message: Uint8Array, depth: number, found: Set<string>): void {
  if (depth > DEEPEST_NESTING) throw unreadable("its graphs are nested too deep");
  if (type === "ExternalData") {
    const [key, value] = [textField(message, 1), textField(message, 2)];
    if (key === "location" && value !== null) found.add(value);
    return;
  }
  for (const field of fields(message)) {
    const inner = NESTED[type]?.[field.number];
    if (inner !== undefined && field.bytes) collect(inner, field.bytes, depth + 1, found);
  }
}

function textField(message: Uint8Array, number: number): string | null {
  let last: string | null = null; // protobuf: the last one of a repeated singular field counts.
  for (const field of fields(message)) {
    if (field.number === number && field.bytes) last = new TextDecoder().decode(field.bytes);
  }
  return last;
}

function* fields(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined || scale > 2 ** 63) throw unreadable("it ends within a number");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === VARINT) varint();
    else if (wire === FIXED64) at += 8;
    else if (wire === FIXED32) at += 4;
    else if (wire !== LENGTH) throw unreadable(`it has a field of the unknown wire type ${wire}`);
    const length = wire === LENGTH ? varint() : 0;
    if (at + length > message.length) throw unreadable("it ends within a field");
    yield { number, bytes: wire === LENGTH ? message.subarray(at, at + length) : null };
    at += length;
  }
}

function unreadable(why: string): AppError {
  return new AppError({
    code: "MODEL_UNREADABLE",
    message: `The graph is not an ONNX file: ${why}`,
    actor: "machine",
  });
}

// ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

type Content = number | string | Uint8Array;
type Message = readonly (readonly [field: number, content: Content])[];

/** A protobuf message from field numbers and numbers (varint), texts, or nested messages. */
export function encodeMessage(message: Message): Uint8Array {
  const parts = message.map(([number, content]) => {
    if (typeof content === "number")
      return Uint8Array.of(...varintBytes(number * 8 + VARINT), ...varintBytes(content));
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return Buffer.concat([
      Uint8Array.of(...varintBytes(number * 8 + LENGTH), ...varintBytes(bytes.length)),
      bytes,
    ]);
  });
  return new Uint8Array(Buffer.concat(parts));
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
}

const FLOAT = 1;
const IR_VERSION = 8;
const OPSET = 17;

/** A model of one node over float inputs and one float output "y", each given with its shape. */
export function oneNodeModel(
  operator: string,
  inputs: Record<string, readonly number[]>,
  output: readonly number[],
): Uint8Array {
  const valueInfo = (name: string, shape: readonly number[]) => {
    const dimensions = encodeMessage(shape.map((size) => [1, encodeMessage([[1, size]])] as const));
    const tensorType = encodeMessage([[1, FLOAT], [2, dimensions]]); // biome-ignore format: a table
    return encodeMessage([[1, name], [2, encodeMessage([[1, tensorType]])]]); // biome-ignore format: a table
  };
  const names = Object.keys(inputs);
  const node = encodeMessage([...names.map((name) => [1, name] as const), [2, "y"], [4, operator]]);
  const graph = encodeMessage([
    [1, node],
    [2, "probe"],
    ...Object.entries(inputs).map(([name, shape]) => [11, valueInfo(name, shape)] as const),
    [12, valueInfo("y", output)],
  ]);
  return encodeMessage([[1, IR_VERSION], [7, graph], [8, encodeMessage([[1, ""], [2, OPSET]])]]); // biome-ignore format: a table
}

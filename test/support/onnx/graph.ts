/** Writes small ONNX graphs, so that a task whose real model can't be had is tested on a model that can. */
import { encodeMessage } from "../../../src/runtime/backends/onnx-file.ts";

/** onnx.proto TensorProto.DataType and AttributeProto.AttributeType. */
export const FLOAT = 1;
export const INT64 = 7;
const ATTRIBUTE_INT = 2;
const IR_VERSION = 8;
const OPSET = 17;

export interface Value {
  readonly name: string;
  readonly type: typeof FLOAT | typeof INT64;
  /** A text is a size that is only known at run time. */
  readonly shape: readonly (number | string)[];
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number>>;
}

export interface Weights {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly weights: readonly Weights[];
  readonly nodes: readonly Node[];
}

type Field = readonly [number, number | string | Uint8Array];

export function encodeGraph({ inputs, outputs, weights, nodes }: Graph): Uint8Array {
  const graph = encodeMessage([
    ...nodes.map((node): Field => [1, encodeNode(node)]),
    [2, "test"],
    ...weights.map((each): Field => [5, encodeWeights(each)]),
    ...inputs.map((value): Field => [11, encodeValue(value)]),
    ...outputs.map((value): Field => [12, encodeValue(value)]),
  ]);
  const opset: Field[] = [
    [1, ""],
    [2, OPSET],
  ];
  return encodeMessage([
    [1, IR_VERSION],
    [7, graph],
    [8, encodeMessage(opset)],
  ]);
}

function encodeNode({ op, inputs, output, attributes = {} }: Node): Uint8Array {
  return encodeMessage([
    ...inputs.map((name): Field => [1, name]),
    [2, output],
    [4, op],
    ...Object.entries(attributes).map(([name, value]): Field => {
      const attribute: Field[] = [
        [1, name],
        [3, value],
        [20, ATTRIBUTE_INT],
      ];
      return [5, encodeMessage(attribute)];
    }),
  ]);
}

function encodeWeights({ name, shape, data }: Weights): Uint8Array {
  return encodeMessage([
    ...shape.map((size): Field => [1, size]),
    [2, data instanceof Float32Array ? FLOAT : INT64],
    [8, name],
    [9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
  ]);
}

function encodeValue({ name, type, shape }: Value): Uint8Array {
  const dimensions = shape.map(
    (size): Field => [1, encodeMessage([[typeof size === "number" ? 1 : 2, size]])],
  );
  const tensor: Field[] = [
    [1, type],
    [2, encodeMessage(dimensions)],
  ];
  const value: Field[] = [
    [1, name],
    [2, encodeMessage([[1, encodeMessage(tensor)]])],
  ];
  return encodeMessage(value);
}

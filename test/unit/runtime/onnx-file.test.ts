import fc from "fast-check";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { encodeMessage, externalLocations, oneNodeModel } from "../../../src/runtime/backends/onnx-file.ts";
import { AppError } from "../../../src/shared/errors.ts";

/** onnx.proto3 field numbers: where a tensor can hide in a model. */
const tensorAt = (location: string) =>
  encodeMessage([
    [1, 4],
    [8, "weights"],
    [13, encodeMessage([[1, "offset"], [2, "0"]])],
    [13, encodeMessage([[1, "location"], [2, location]])],
    [14, 1],
  ]); // biome-ignore format: field numbers in pairs
const attribute = (field: number, content: Uint8Array) =>
  encodeMessage([
    [1, "a"],
    [field, content],
    [20, 4],
  ]);
const node = (attributes: Uint8Array) =>
  encodeMessage([
    [4, "If"],
    [5, attributes],
  ]);
const graph = (field: number, content: Uint8Array) =>
  encodeMessage([
    [2, "g"],
    [field, content],
  ]);
const model = (graph: Uint8Array) =>
  encodeMessage([
    [1, 8],
    [7, graph],
  ]);

describe("external data locations", () => {
  test.each([
    ["an initialiser", model(graph(5, tensorAt("w.bin")))],
    ["a sparse initialiser", model(graph(15, encodeMessage([[1, tensorAt("w.bin")]])))],
    ["a node's tensor", model(graph(1, node(attribute(5, tensorAt("w.bin")))))],
    ["a node's list of tensors", model(graph(1, node(attribute(10, tensorAt("w.bin")))))],
    ["the graph within a node", model(graph(1, node(attribute(6, graph(5, tensorAt("w.bin"))))))],
    ["a function", encodeMessage([[25, encodeMessage([[7, node(attribute(5, tensorAt("w.bin")))]])]])],
    ["the training part", encodeMessage([[20, encodeMessage([[2, graph(5, tensorAt("w.bin"))]])]])],
  ])("are found in %s", (_, bytes) => {
    expect(externalLocations(bytes)).toEqual(new Set(["w.bin"]));
  });

  test("a graph without any has none", () => {
    expect(externalLocations(oneNodeModel("MatMul", { a: [2, 2], b: [2, 2] }, [2, 2]))).toEqual(new Set());
  });

  test("a graph in a graph in a graph without end is refused", () => {
    let inner = graph(5, tensorAt("w.bin"));
    for (let depth = 0; depth < 100; depth++) inner = graph(1, node(attribute(6, inner)));
    expect(() => externalLocations(model(inner))).toThrow(
      expect.objectContaining({ code: "MODEL_UNREADABLE" }),
    );
  });

  test("bytes that are no ONNX file are refused or hold nothing, never an accident", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(externalLocations(bytes).size).toBeLessThanOrEqual(bytes.length);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
          expect((thrown as AppError).code).toBe("MODEL_UNREADABLE");
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the graphs that prove a device", () => {
  const counting = (shape: number[]) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return new Tensor(
      "float32",
      Float32Array.from({ length: size }, (_, i) => i + 1),
      shape,
    );
  };

  test.each([
    { operator: "MatMul", a: [2, 2], b: [2, 2], output: [2, 2], expected: [7, 10, 15, 22] },
    { operator: "Conv", a: [1, 1, 2, 2], b: [1, 1, 1, 1], output: [1, 1, 2, 2], expected: [1, 2, 3, 4] },
  ])(
    "$operator is a valid model that computes what is expected of it",
    async ({ operator, a, b, output, expected }) => {
      const session = await InferenceSession.create(oneNodeModel(operator, { a, b }, output), {
        executionProviders: ["cpu"],
      });
      const { y } = await session.run({ a: counting(a), b: counting(b) });
      await session.release();
      expect(y?.data).toEqual(Float32Array.from(expected));
    },
  );
});

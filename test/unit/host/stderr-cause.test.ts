import { describe, expect, test } from "vitest";
import { causeFromStderr } from "../../../src/host/stderr-cause.ts";

describe("the cause in a dead process's stderr", () => {
  test.each([
    ["nothing", "", null],
    ["blank lines only", "\n \n", null],
    [
      "an uncaught exception: its message, not Node's closing line or a stack frame",
      "file:///app/entry.ts:3\n  throw new Error('x');\n        ^\n\nError: the disk is on fire\n    at main (file:///app/entry.ts:3:9)\n\nNode.js v24.9.0\n",
      "Error: the disk is on fire",
    ],
    [
      "our own fatal record, also when others wrote after it",
      '{"level":"fatal","code":"CUDA_UNAVAILABLE","message":"CUDA does not start","actor":"user"}\nsome error in a destructor\n',
      "CUDA does not start",
    ],
    [
      "ONNX Runtime's log, without colours and time stamp",
      "\u001b[1;31m2026-11-21 21:03:10.841614143 [E:onnxruntime:onnxruntime-node, provider_bridge_ort.cc:2146 Create] Failed to load library /lib/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory\n\u001b[m\n",
      "Failed to load library /lib/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory",
    ],
    [
      "glibc's word",
      "some chatter\nterminate called after throwing an instance of 'std::bad_alloc'\n",
      "terminate called after throwing an instance of 'std::bad_alloc'",
    ],
    ["chatter without any error: the last line", "loading\nloaded 3 of 5\n", "loaded 3 of 5"],
    [
      "a JSON line of another kind is a line like others",
      '{"level":"info","message":"hello"}\n',
      '{"level":"info","message":"hello"}',
    ],
  ])("%s", (_, stderr, cause) => {
    expect(causeFromStderr(stderr)).toBe(cause);
  });

  test("is cut to a readable length", () => {
    expect(causeFromStderr(`Error: ${"x".repeat(5000)}`)).toHaveLength(300);
  });
});

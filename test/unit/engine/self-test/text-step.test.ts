import { expect, test } from "vitest";
import type { ResolvedModel } from "../../../../src/engine/models/store.ts";
import type { DeviceRuntime } from "../../../../src/engine/runtime-client/device-runtime.ts";
import { textStep } from "../../../../src/engine/self-test/text-step.ts";
import { AppError, type ErrorCode } from "../../../../src/shared/errors.ts";
import { encodeResult } from "../../../../src/shared/results.ts";

const model = { model: { id: "some-text-model" }, spec: {} } as unknown as ResolvedModel;
const never = new AbortController().signal;

/** Writes these tokens, one list after the other. */
function runtimeThat(...answers: (readonly number[] | AppError)[]): DeviceRuntime {
  const run = async () => {
    const next = answers.shift();
    if (next instanceof AppError || next === undefined) throw next;
    const bytes = encodeResult({ kind: "generate", text: "x", tokenIds: next });
    return { items: [{ key: "self-test", ok: true, bytes }] };
  };
  return { run } as unknown as DeviceRuntime;
}

const error = (code: ErrorCode) => new AppError({ code, message: "It is away", actor: "machine" });

test("the same text twice is right, another one is wrong, and none at all is no failure of the device", async () => {
  expect(await textStep(runtimeThat([1, 2, 3], [1, 2, 3]), model, never)).toMatchObject({
    name: "text",
    ok: true,
    detail: expect.stringMatching(
      /^Ollama wrote the same 3 tokens twice with some-text-model, \d+ a second$/,
    ),
  });
  expect(await textStep(runtimeThat([1, 2, 3], [1, 2, 4]), model, never)).toMatchObject({ ok: false });
  expect(await textStep(runtimeThat([1], error("OLLAMA_UNREACHABLE")), model, never)).toMatchObject({
    name: "text",
    ok: null,
    detail: "no text by Ollama: It is away",
  });
});

test("stopped by the person, it says nothing", async () => {
  await expect(textStep(runtimeThat(error("RUNTIME_STOPPED")), model, never)).rejects.toMatchObject({
    code: "RUNTIME_STOPPED",
  });
});

/** A device that our own process and an Ollama share: never both at once. */
import { expect, test } from "vitest";
import type { OllamaRequest, OllamaRuntime } from "../../../../src/engine/ollama/runtime.ts";
import type {
  DeviceRuntime,
  RunAnswer,
  RunRequest,
  RuntimeStatus,
} from "../../../../src/engine/runtime-client/device-runtime.ts";
import { SharedDevice } from "../../../../src/engine/runtime-client/shared-device.ts";

const never = new AbortController().signal;
const TEXT = {
  task: "generate",
  id: "t",
  version: "1",
  ollama: { name: "t:1" },
} as unknown as OllamaRequest["model"];
const OWN = { task: "embed", id: "e", version: "1" } as unknown as RunRequest["model"];

/** Answers when it is told to; stopping takes until `free` is called. */
function scripted(name: string, log: string[]) {
  const answers: (() => void)[] = [];
  let free: () => void = () => undefined;
  const status = {
    state: "asleep",
    reason: null,
    pid: null,
    runtimeClass: null,
    textsPerSecond: null,
  } as RuntimeStatus;
  const runtime = {
    device: { id: "GPU-1", kind: "gpu" },
    status,
    onStatus: () => () => undefined,
    holds: () => false,
    canRun: () => true,
    holdsDevice: false,
    owns: ({ pid }: { pid: number }) => pid === 4711,
    run: () => {
      log.push(`${name} runs`);
      return new Promise<RunAnswer>((resolve) => answers.push(() => resolve({} as RunAnswer)));
    },
    stop: () => {
      log.push(`${name} stops`);
      return new Promise<void>((resolve) => {
        free = () => {
          log.push(`${name} is free`);
          resolve();
        };
      });
    },
    killNow: () => log.push(`${name} is killed`),
  };
  return { runtime, answer: () => answers.shift()?.(), free: () => free() };
}

function open(kind: "gpu" | "cpu" = "gpu") {
  const log: string[] = [];
  const own = scripted("own", log);
  const ollama = scripted("ollama", log);
  own.runtime.device.kind = kind;
  const device = new SharedDevice(
    own.runtime as unknown as DeviceRuntime,
    ollama.runtime as unknown as OllamaRuntime,
    () => true,
  );
  const run = (model: RunRequest["model"]) =>
    device.run({ model, items: [], deadlineMs: 1000, signal: never });
  return { log, own, ollama, device, run };
}

test("the other one begins when what was under way is answered and the memory is free", async () => {
  const { log, own, ollama, run } = open();
  const [one, two] = [run(OWN), run(OWN)];
  const text = run(TEXT);
  const three = run(OWN);
  await expect.poll(() => log).toEqual(["own runs", "own runs"]);
  own.answer();
  await one;
  own.answer();
  await two;
  await expect.poll(() => log.slice(2)).toEqual(["own stops"]);
  own.free();
  await expect.poll(() => log.slice(3)).toEqual(["own is free", "ollama runs"]);
  ollama.answer();
  await text;
  await expect.poll(() => log.slice(5)).toEqual(["ollama stops"]);
  ollama.free();
  await expect.poll(() => log.slice(6)).toEqual(["ollama is free", "own runs"]);
  own.answer();
  await three;
});

test("on the processor neither has to make room", async () => {
  const { log, own, ollama, run } = open("cpu");
  const one = run(OWN);
  const text = run(TEXT);
  await expect.poll(() => log).toEqual(["own runs"]);
  own.answer();
  await one;
  await expect.poll(() => log.slice(1)).toEqual(["ollama runs"]);
  ollama.answer();
  await text;
});

test("what waited for its turn does not run after a stop", async () => {
  const { log, own, device, run } = open();
  const one = run(OWN);
  const text = run(TEXT);
  const ended = expect(text).rejects.toMatchObject({ code: "RUNTIME_STOPPED" });
  await expect.poll(() => log).toEqual(["own runs"]);
  device.killNow();
  own.answer();
  await one;
  await expect.poll(() => log).toContain("own stops");
  own.free();
  await ended;
  expect(log).not.toContain("ollama runs");
});

test("Ollama's programs are ours while it works for us, and another's else", () => {
  const { ollama, device } = open();
  const names = [
    "/usr/local/bin/ollama",
    "C:\\Users\\a\\AppData\\Local\\Programs\\Ollama\\ollama.exe",
    "/usr/lib/ollama/llama-server",
    "ollama_llama_server",
  ];
  const owned = () => names.map((name) => device.owns({ pid: 1, name }));
  expect(owned()).toEqual([false, false, false, false]);
  ollama.runtime.holdsDevice = true;
  expect(owned()).toEqual([true, true, true, true]);
  expect(device.owns({ pid: 1, name: "/opt/games/llama" })).toBe(false);
  expect(device.owns({ pid: 1, name: null })).toBe(false);
  expect(device.owns({ pid: 4711, name: "node" })).toBe(true);
});

import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import {
  COMMANDS,
  type CommandInput,
  type CommandName,
  type CommandOutput,
  type ContractClient,
  type ContractHandlers,
  EVENTS,
} from "../../../src/shared/contract/contract.ts";
import { type Channel, connectContract, dispatch, serveContract } from "../../../src/shared/contract/rpc.ts";
import type { Delta, RunIntent } from "../../../src/shared/contract/views.ts";
import { AppError } from "../../../src/shared/errors.ts";
import { scriptedAccountHandlers } from "../../support/scripted-account.ts";
import { scriptedBookHandlers } from "../../support/scripted-books.ts";
import { scriptedDeviceHandlers } from "../../support/scripted-devices.ts";
import { scriptedFleetHandlers } from "../../support/scripted-fleet.ts";
import { scriptedGpuPackHandlers } from "../../support/scripted-gpu-pack.ts";
import { scriptedLlamaHandlers } from "../../support/scripted-llama.ts";
import { scriptedModelHandlers } from "../../support/scripted-models.ts";
import { scriptedOfferHandlers } from "../../support/scripted-offers.ts";
import { scriptedSettingsHandlers } from "../../support/scripted-settings.ts";

const NO_OUTPUT = async () => ({});
const HANDLERS: ContractHandlers = {
  "state.snapshot": () =>
    Promise.reject(new AppError({ code: "ENGINE_NOT_UP", message: "Later", actor: "machine" })),
  "run.start": async () => ({ intent: "running" }),
  "run.pause": async () => ({ intent: "paused" }),
  "run.finish": async () => ({ intent: "finishing" }),
  "run.resume": async () => ({ intent: "running" }),
  "run.stop": async () => ({ intent: "nonsense" as RunIntent }),
  "market.resume": async () => ({}),
  "selftest.run": async () => ({ reports: [] }),
  ...scriptedDeviceHandlers(),
  "jobs.list": async ({ limit }) => ({ jobs: [], next: String(limit) }),
  "jobs.get": () => Promise.reject(new Error("boom")),
  "jobs.output": () => Promise.reject(new Error("boom")),
  ...scriptedAccountHandlers(),
  ...scriptedBookHandlers(),
  ...scriptedFleetHandlers(),
  ...scriptedGpuPackHandlers(),
  ...scriptedLlamaHandlers(),
  ...scriptedModelHandlers(),
  ...scriptedOfferHandlers(),
  ...scriptedSettingsHandlers(),
  "notices.dismiss": NO_OUTPUT,
  "engine.shutdown": NO_OUTPUT,
};

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function channelOf(port: MessagePort): Channel {
  ports.push(port);
  return {
    post: (message) => port.postMessage(message),
    onMessage(listener) {
      port.on("message", listener);
      return () => port.off("message", listener);
    },
    onClose(listener) {
      port.on("close", listener);
      return () => port.off("close", listener);
    },
  };
}

function connected(handlers = HANDLERS) {
  const { port1, port2 } = new MessageChannel();
  const served = serveContract(handlers, channelOf(port1));
  return { served, client: connectContract(channelOf(port2)), enginePort: port1 };
}

const delta: Delta = { seq: 1, at: 5, slices: {} };

describe("both sides of the contract", () => {
  it("are complete: a handler and a call for every command, and nothing else", () => {
    expectTypeOf<keyof ContractHandlers>().toEqualTypeOf<CommandName>();
    expectTypeOf<Parameters<ContractClient["invoke"]>[0]>().toEqualTypeOf<CommandName>();
    expectTypeOf<ReturnType<ContractHandlers["run.pause"]>>().toEqualTypeOf<
      Promise<CommandOutput<"run.pause">>
    >();
    // A default makes an input optional for the caller and present for the engine.
    expectTypeOf<CommandInput<"jobs.list">["limit"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Parameters<ContractHandlers["jobs.list"]>[0]["limit"]>().toEqualTypeOf<number>();
    // @ts-expect-error A handler too few does not compile.
    const missing: ContractHandlers = { "run.start": HANDLERS["run.start"] };
    expect(Object.keys(missing)).not.toEqual(Object.keys(COMMANDS));
    expect(Object.keys(HANDLERS).sort()).toEqual(Object.keys(COMMANDS).sort());
    expect(Object.keys(EVENTS)).toEqual(["state.delta"]);
  });

  it("carry a command over a channel and back", async () => {
    const { client } = connected();
    await expect(client.invoke("run.pause", {})).resolves.toEqual({ intent: "paused" });
    await expect(client.invoke("jobs.list", {})).resolves.toEqual({ jobs: [], next: "50" });
  });

  it("carry an error as a value: its code, its actor, its cause", async () => {
    const { client } = connected();
    await expect(client.invoke("state.snapshot", {})).rejects.toMatchObject({
      code: "ENGINE_NOT_UP",
      actor: "machine",
    });
    await expect(client.invoke("jobs.get", { leaseId: "x" })).rejects.toMatchObject({
      code: "UNEXPECTED",
      actor: "bug",
    });
  });

  it("let nothing malformed in or out", async () => {
    const { client } = connected();
    await expect(client.invoke("jobs.list", { limit: 0 })).rejects.toMatchObject({
      code: "BAD_INPUT",
      actor: "user",
    });
    await expect(client.invoke("run.stop", {})).rejects.toMatchObject({ code: "BAD_OUTPUT", actor: "bug" });
    await expect(client.invoke("rm -rf" as CommandName, {} as never)).rejects.toMatchObject({
      code: "UNKNOWN_COMMAND",
    });
    await expect(dispatch(HANDLERS, "toString", {})).rejects.toMatchObject({ code: "UNKNOWN_COMMAND" });
    await expect(dispatch(HANDLERS, "run.start", { surplus: 1 })).rejects.toMatchObject({
      code: "BAD_INPUT",
    });
  });

  it("carry events, and drop what is none", async () => {
    const { client, served, enginePort } = connected();
    const seen = new Promise<Delta>((resolve) => client.on("state.delta", resolve));
    enginePort.postMessage({ kind: "event", event: "state.delta", payload: { seq: "one" } });
    enginePort.postMessage("noise");
    served.emit("state.delta", delta);
    await expect(seen).resolves.toEqual(delta);
  });

  it("tell every waiting caller when the engine goes away", async () => {
    const never: ContractHandlers = { ...HANDLERS, "run.start": () => new Promise(() => undefined) };
    const { client, enginePort } = connected(never);
    const waiting = client.invoke("run.start", {});
    enginePort.close();
    await expect(waiting).rejects.toMatchObject({ code: "ENGINE_GONE", retryable: true });
    await expect(client.invoke("run.start", {})).rejects.toMatchObject({ code: "ENGINE_GONE" });
  });
});

/**
 * A devnet or engine process that does what its configuration says: the real channel and the real contract, no work.
 * `dataFolder` of the configuration names a folder whose files are orders: `fatal`, `ignore-shutdown`.
 */
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openParentChannel } from "../../../src/host/parent-channel.ts";
import type { DevnetReady, EngineLeft, EngineReady } from "../../../src/shared/config.ts";
import type { ContractHandlers } from "../../../src/shared/contract/contract.ts";
import { serveContract } from "../../../src/shared/contract/rpc.ts";
import { RESTART_WANTED } from "../../../src/shared/restart.ts";
import { earning } from "../../e2e/ui/states.ts";
import { scriptedAccountHandlers } from "../../support/scripted-account.ts";
import { scriptedBookHandlers } from "../../support/scripted-books.ts";
import { scriptedDeviceHandlers } from "../../support/scripted-devices.ts";
import { scriptedFleetHandlers } from "../../support/scripted-fleet.ts";
import { scriptedGpuPackHandlers } from "../../support/scripted-gpu-pack.ts";
import { scriptedLlamaHandlers } from "../../support/scripted-llama.ts";
import { scriptedModelHandlers } from "../../support/scripted-models.ts";
import { scriptedOfferHandlers } from "../../support/scripted-offers.ts";
import { scriptedSettingsHandlers } from "../../support/scripted-settings.ts";

const channel = openParentChannel();
if (channel === null) throw new Error("Started by hand");
channel.onClose(() => process.exit(0));
channel.onMessage((message) => {
  const { kind, config } = message as {
    kind?: string;
    config?: { dataFolder: string; mode?: string; startAs?: string };
  };
  if (kind !== "configure" || config === undefined) return;
  const order = (name: string) => existsSync(path.join(config.dataFolder, name));
  if (order("fatal")) {
    channel.post({
      kind: "fatal",
      error: { code: "LEDGER_DAMAGED", message: "The ledger is damaged", actor: "user" },
    });
    setTimeout(() => process.exit(1), 20);
    return;
  }
  if (config.mode === undefined) return beDevnet();
  writeFileSync(path.join(config.dataFolder, `started-as-${config.startAs}`), "");
  beEngine(() => !order("ignore-shutdown"));
});

function beDevnet(): void {
  const url = "http://127.0.0.1:1";
  channel?.post({
    kind: "ready",
    coordinatorUrl: url,
    gpuUrl: null,
    chainRpcUrl: url,
    queueUrl: url,
    nodeUrl: url,
    logFile: "/dev/null",
  } satisfies DevnetReady);
}

function beEngine(mayEnd: () => boolean): void {
  if (channel === null) return;
  const state = { ...earning(Date.now()), engine: { ...earning(Date.now()).engine, pid: process.pid } };
  const intent = async (intent: "running" | "paused") => {
    contract.emit("state.delta", { seq: 2, at: Date.now(), slices: { engine: { ...state.engine, intent } } });
    return { intent };
  };
  const handlers: ContractHandlers = {
    "state.snapshot": async () => ({ seq: 1, at: Date.now(), state }),
    "run.start": () => intent("running"),
    "run.pause": () => intent("paused"),
    "run.finish": () => intent("paused"),
    "run.resume": () => intent("running"),
    "run.stop": () => intent("paused"),
    "market.resume": async () => ({}),
    "selftest.run": async () => ({ reports: [] }),
    ...scriptedDeviceHandlers(),
    "jobs.list": async () => ({ jobs: [], next: null }),
    "jobs.get": () => Promise.reject(new Error("There are no jobs here")),
    "jobs.output": () => Promise.reject(new Error("There are no jobs here")),
    ...scriptedAccountHandlers(),
    ...scriptedBookHandlers(),
    ...scriptedFleetHandlers(),
    ...scriptedGpuPackHandlers(),
    ...scriptedLlamaHandlers(),
    ...scriptedModelHandlers(),
    ...scriptedOfferHandlers(),
    ...scriptedSettingsHandlers(),
    "engine.restart": async ({ start }) => {
      channel.post({ kind: "engine-left", wish: start ? "running" : "paused" } satisfies EngineLeft);
      setTimeout(() => process.exit(RESTART_WANTED), 20);
      return {};
    },
    "notices.dismiss": async () => ({}),
    "engine.shutdown": async () => {
      if (mayEnd()) setTimeout(() => process.exit(0), 20);
      return {};
    },
  };
  const contract = serveContract(handlers, channel);
  channel.post({ kind: "engine-ready", control: null } satisfies EngineReady);
}

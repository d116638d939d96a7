import { describe, expect, it } from "vitest";
import { trayActions } from "../../../src/main/tray-actions.ts";
import type { TrayAction } from "../../../src/main/tray-model.ts";
import type { OfferView } from "../../../src/shared/contract/offers.ts";
import type { State } from "../../../src/shared/contract/views.ts";
import { aicf, earning, gpu } from "../../e2e/ui/states.ts";
import { anOffer } from "../../support/scripted-offers.ts";

const NOW = 1_800_000_000_000;
const PAUSE: TrayAction = { kind: "pause", device: gpu().id, for: "hour" };
const STOP: TrayAction = { kind: "verb", verb: "run.stop" };

/** A desktop on which this is so, and what comes of a click when its person answers a question so. */
async function click(action: TrayAction, state: State | null, answer = true) {
  const asked: unknown[] = [];
  const ordered: unknown[] = [];
  const act = trayActions({
    engine: {
      status: { state: "up", since: NOW },
      onStatus: () => () => false,
      start: () => ordered.push("start"),
      invoke: (async (command: string, input: unknown) => ordered.push([command, input])) as never,
    },
    state: () => state,
    desk: {
      carryOut: (async (command: string, input: unknown) => ordered.push([command, input])) as never,
      leaveSafeMode: async () => void ordered.push("leave safe mode"),
    },
    installUpdate: async () => void ordered.push("install"),
    askToStop: async (held) => {
      asked.push(held);
      return answer;
    },
    askToPauseRented: async (name, endsAt) => {
      asked.push([name, endsAt]);
      return answer;
    },
  });
  await act(action);
  return { asked, ordered };
}

const holding = (leasesHeld: number): State => ({ ...earning(NOW), markets: [aicf(NOW, { leasesHeld })] });

const rented = (change: Partial<OfferView>): State => ({
  ...earning(NOW),
  devices: [gpu({ name: "NVIDIA GeForce RTX 4090" })],
  offers: { boards: [], gpus: [], offers: [anOffer({ device: gpu().id, ...change })] },
});

describe("a click in tray or menu", () => {
  it("stops at once while no job is held, and asks first while some are", async () => {
    expect(await click(STOP, holding(0))).toEqual({ asked: [], ordered: [["run.stop", {}]] });
    expect(await click(STOP, holding(3))).toEqual({ asked: [3], ordered: [["run.stop", {}]] });
    expect(await click(STOP, holding(3), false)).toEqual({ asked: [3], ordered: [] });
  });

  it("pauses a GPU at once unless somebody rents it", async () => {
    const paused = ["devices.pause", { device: gpu().id, for: "hour" }];
    expect(await click(PAUSE, rented({ state: "listed" }))).toEqual({ asked: [], ordered: [paused] });
    expect(await click(PAUSE, null)).toEqual({ asked: [], ordered: [paused] });
    const question = ["NVIDIA GeForce RTX 4090", null];
    expect(await click(PAUSE, rented({ state: "booked" }))).toEqual({ asked: [question], ordered: [paused] });
    expect(await click(PAUSE, rented({ state: "in-use" }), false)).toEqual({
      asked: [question],
      ordered: [],
    });
  });

  it("asks nothing about what gives a GPU back, updates or starts at login", async () => {
    expect(await click({ kind: "resume", device: gpu().id }, holding(3))).toEqual({
      asked: [],
      ordered: [["devices.resume", { device: gpu().id }]],
    });
    expect((await click({ kind: "leave-safe-mode" }, null)).ordered).toEqual(["leave safe mode"]);
    expect((await click({ kind: "install-update" }, null)).ordered).toEqual(["install"]);
    expect((await click({ kind: "start-at-login", enabled: true }, null)).ordered).toEqual([
      ["app.setStartAtLogin", { enabled: true }],
    ]);
  });
});

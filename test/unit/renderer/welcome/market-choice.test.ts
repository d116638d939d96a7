import { describe, expect, it } from "vitest";
import {
  addressFault,
  chosenMarkets,
  type Drafts,
  forget,
  marketsWait,
  patchOf,
  problemsOf,
} from "../../../../src/renderer/welcome/market-choice.ts";
import { stepOf } from "../../../../src/renderer/welcome/steps.ts";
import type { MarketId } from "../../../../src/shared/contract/market-id.ts";
import {
  forgetSaved,
  noSettings,
  saveSettings,
  scriptedSettings,
} from "../../../support/scripted-settings.ts";

const URL_OF = { coordinator: "http://127.0.0.1:8203", gpu: "http://127.0.0.1:8101" };

const problems = (wanted: MarketId[], drafts: Drafts, settings = noSettings()) =>
  Object.fromEntries(problemsOf(wanted, drafts, settings));

describe("the markets step", () => {
  it("wants an address that makes a market, and the coordinator's key", () => {
    expect(problems(["aitbc", "aicf"], {})).toEqual({
      "aitbc.coordinator_url": "needUrl",
      "aicf.queue_url": "needUrl",
    });
    // The node has books only.
    expect(problems(["aicf"], { "aicf.rpc_url": "http://127.0.0.1:8545" })).toEqual({
      "aicf.queue_url": "needUrl",
    });
    expect(problems(["aitbc"], { "aitbc.coordinator_url": URL_OF.coordinator })).toEqual({
      "aitbc.coordinator_key": "needKey",
    });
    expect(problems(["aitbc"], { "aitbc.gpu_url": URL_OF.gpu })).toEqual({});
    const both = { "aitbc.coordinator_url": URL_OF.coordinator, "aitbc.api_key": "k" };
    expect(problems(["aitbc"], both)).toEqual({});
    expect(problems(["aitbc"], { ...both, "aitbc.gpu_url": URL_OF.gpu })).toEqual({
      "aitbc.coordinator_key": "needKey",
    });
    expect(problems([], {})).toEqual({});
  });

  it("says what is wrong with an address", () => {
    expect(["", "  ", "http://h:1", "HTTPS://h/path"].map(addressFault)).toEqual([null, null, null, null]);
    expect(["h:8203", "ftp://h", "http://", "http://me:pw@h"].map(addressFault)).toEqual([
      "noScheme",
      "otherScheme",
      "noAddress",
      "secretInAddress",
    ]);
    expect(problems(["aicf"], { "aicf.queue_url": "queue.example" })).toEqual({
      "aicf.queue_url": "noScheme",
    });
  });

  it("keeps what was typed for the wanted markets only, and knows that they wait for a restart", () => {
    const script = scriptedSettings();
    const drafts = {
      "aitbc.coordinator_url": ` ${URL_OF.coordinator} `,
      "aitbc.coordinator_key": "miner-key-for-tests-0123456789",
      "aitbc.wallet": "",
      "aicf.queue_url": "http://127.0.0.1:8700",
    };
    const patch = patchOf(["aitbc"], drafts);
    expect(patch).toEqual({
      "aitbc.coordinator_url": URL_OF.coordinator,
      "aitbc.coordinator_key": "miner-key-for-tests-0123456789",
      "aitbc.wallet": null,
    });
    expect(marketsWait(script.settings.view())).toBe(false);
    try {
      saveSettings(script, { "aicf.rpc_url": "http://127.0.0.1:8545" });
      expect(chosenMarkets(script.settings.view())).toEqual([]);
      const view = script.settings.set(patch);
      expect(chosenMarkets(view)).toEqual(["aitbc"]);
      expect(marketsWait(view)).toBe(true);
      expect(chosenMarkets(script.settings.set(forget("aitbc", view)))).toEqual([]);
    } finally {
      forgetSaved(script);
    }
  });
});

describe("where the set-up opens", () => {
  it("is the step it was left at; done once, it is opened for another market", () => {
    expect(["intro", "key", "done", "later", null].map(stepOf)).toEqual([
      "intro",
      "key",
      "markets",
      "intro",
      "intro",
    ]);
  });
});

import { describe, expect, it } from "vitest";
import type { AppBridge } from "../../../../src/renderer/bridge/bridge.ts";
import { askApp } from "../../../../src/renderer/state/follow-app.ts";
import type { AppView } from "../../../../src/shared/contract/app.ts";
import { anAppView } from "../../../support/app-view.ts";
import { aPageStore } from "../../../support/page-store.ts";

const waitingFor = (jobs: number): AppView => {
  const view = anAppView();
  return { ...view, updates: { ...view.updates, phase: { state: "waiting", version: "9.1.0", jobs } } };
};

describe("what the page knows of the app", () => {
  const store = aPageStore();
  let answer: (view: AppView) => void = () => undefined;
  const app: AppBridge = {
    invoke: (() =>
      new Promise<AppView>((resolve) => {
        answer = resolve;
      })) as unknown as AppBridge["invoke"],
    on: () => () => undefined,
  };
  const install = () => askApp(app, store, "app.installUpdate", {});

  it("is what a command answers", async () => {
    const done = install();
    answer(waitingFor(0));
    await done;
    expect(store.getState().app).toEqual(waitingFor(0));
  });

  it("is what was told since the command was asked: its answer is older, whenever it comes", async () => {
    const done = install();
    store.setState({ app: waitingFor(2) });
    answer(waitingFor(0));
    await done;
    expect(store.getState().app).toEqual(waitingFor(2));
  });

  it("stays where a command is refused", async () => {
    const before = store.getState().app;
    const refusing = { ...app, invoke: (() => Promise.reject(new Error("no"))) as AppBridge["invoke"] };
    await expect(askApp(refusing, store, "app.installUpdate", {})).rejects.toThrow("no");
    expect(store.getState().app).toBe(before);
  });
});

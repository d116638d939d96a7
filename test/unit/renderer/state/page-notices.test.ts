import { describe, expect, it } from "vitest";
import type { AppBridge } from "../../../../src/renderer/bridge/bridge.ts";
import { AppNotices, bannersAt } from "../../../../src/renderer/state/page-notices.ts";
import type { Notice } from "../../../../src/shared/notifications/notice.ts";
import { NOTICE_TYPES } from "../../../../src/shared/notifications/notice-types.ts";
import { anAppView } from "../../../support/app-view.ts";
import { aPageStore } from "../../../support/page-store.ts";

const all = NOTICE_TYPES.map(
  (type): Notice => ({
    key: type,
    type,
    severity: "info",
    title: type,
    text: "",
    screen: "home",
    lasting: true,
    quietFor: 0,
  }),
);
const left = (place: Parameters<typeof bannersAt>[0]) =>
  NOTICE_TYPES.filter((type) => !bannersAt(place, all).some((notice) => notice.type === type));

describe("the notices of the app", () => {
  it("are main's own, and putting one away is told to main", async () => {
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error("No notices");
    const store = aPageStore();
    const asked: unknown[] = [];
    const notices = new AppNotices(
      {
        invoke: (async (command: string, input: unknown) => {
          asked.push([command, input]);
          return anAppView({ notices: [second] });
        }) as AppBridge["invoke"],
        on: () => () => undefined,
      },
      store,
    );
    store.setState({ app: anAppView({ notices: [first, second] }) });
    expect(store.getState().notices).toEqual([first, second]);
    const same = store.getState().notices;
    store.setState({ app: anAppView({ notices: [first, second], safeMode: { crashes: 3 } }) });
    expect(store.getState().notices, "nothing is drawn anew").toBe(same);
    notices.putAway(first.key);
    expect(asked).toEqual([["app.putAwayNotice", { key: first.key }]]);
    await expect.poll(() => store.getState().notices).toEqual([second]);
  });
});

describe("the notices that are banners", () => {
  it("are all but those that the page shows in full by itself", () => {
    expect(left("home").toSorted()).toEqual(["engine-failed", "ledger-restored", "snapshot-failed"]);
  });

  it("don't ask about start at login in the set-up, which asks by itself", () => {
    expect(left("welcome").toSorted()).toEqual([
      "engine-failed",
      "ledger-restored",
      "snapshot-failed",
      "start-at-login",
    ]);
  });
});

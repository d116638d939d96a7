import { describe, expect, it } from "vitest";
import { bannersAt } from "../../../../src/renderer/state/page-notices.ts";
import type { Notice } from "../../../../src/shared/notifications/notice.ts";
import { NOTICE_TYPES } from "../../../../src/shared/notifications/notice-types.ts";

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

describe("the notices that are banners", () => {
  it("are all but those that the page shows in full by itself", () => {
    expect(left("home").toSorted()).toEqual(["engine-failed", "ledger-restored"]);
  });

  it("don't ask about start at login in the set-up, which asks by itself", () => {
    expect(left("welcome").toSorted()).toEqual(["engine-failed", "ledger-restored", "start-at-login"]);
  });
});

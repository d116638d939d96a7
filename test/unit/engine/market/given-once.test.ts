/** Money orders that must not be given twice: what becomes of one whose answer is lost. */
import { describe, it } from "vitest";
import { giveOnce } from "../../../../src/engine/market/given-once.ts";
import { type Actor, AppError, type ErrorCode } from "../../../../src/shared/errors.ts";
import { expect, sideBySide } from "../../../support/side-by-side.ts";

sideBySide();

const failing = (code: ErrorCode, actor: Actor) => async () => {
  throw new AppError({ code, message: `it said ${code}`, actor });
};
/** Each look's answer, the last one for good. */
function books<T>(...looks: (() => Promise<T | null>)[]) {
  let nth = 0;
  return {
    find: () => (looks[Math.min(nth++, looks.length - 1)] ?? failing("NETWORK_ERROR", "network"))(),
    looked: () => nth,
  };
}
const shows = (id: string) => async () => id;
const silent = async () => null;
const unread = failing("NETWORK_TIMEOUT", "network");

describe.concurrent("an order", () => {
  it("that is answered is looked for nowhere", async () => {
    const { find, looked } = books(shows("other"));
    expect(await giveOnce({ what: "The stake", send: shows("s1"), find })).toBe("s1");
    expect(looked()).toBe(0);
  });

  it.each([
    ["MARKET_REFUSED", "market"],
    ["NOT_AUTHORIZED", "user"],
    ["CONNECTION_REFUSED", "network"],
    ["RATE_LIMITED", "market"],
  ] as const)("that met %s failed, and says so", async (code, actor) => {
    const { find, looked } = books(shows("s1"));
    const order = { what: "The stake", send: failing(code, actor), find };
    await expect(giveOnce(order)).rejects.toMatchObject({ code });
    expect(looked()).toBe(0);
  });

  it.each([
    ["CONNECTION_LOST", "network"],
    ["NETWORK_TIMEOUT", "network"],
    ["MARKET_ERROR", "market"],
    ["UNREADABLE_ANSWER", "market"],
  ] as const)("that met %s is done when the books show it, at the second look too", async (code, actor) => {
    const { find } = books(unread, shows("s1"));
    expect(await giveOnce({ what: "The stake", send: failing(code, actor), find })).toBe("s1");
  });

  it.each([
    ["don't show it", silent],
    ["can't be read", unread],
  ])("whose answer is lost while the books %s may have arrived", async (_, look) => {
    const { find, looked } = books<string>(look);
    const order = { what: "The stake", send: failing("CONNECTION_LOST", "network"), find };
    await expect(giveOnce(order)).rejects.toMatchObject({
      code: "ORDER_UNCLEAR",
      message: expect.stringMatching(/^The stake may have arrived, or not: it said CONNECTION_LOST/),
    });
    expect(looked()).toBe(3);
  });

  it("that was cut off by its time limit is looked for, too", async () => {
    const send = () => Promise.reject(new DOMException("too late", "TimeoutError"));
    expect(await giveOnce({ what: "The stake", send, ...books(shows("s1")) })).toBe("s1");
  });

  it("does not hide a bug", async () => {
    const send = () => Promise.reject(new TypeError("no function"));
    await expect(giveOnce({ what: "The stake", send, ...books(shows("s1")) })).rejects.toThrow(TypeError);
  });
});

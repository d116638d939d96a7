import { describe, expect, it } from "vitest";
import { faultWhileTyping, readBaseAddress } from "../../../src/shared/base-address.ts";

describe("a market's address", () => {
  it.each([
    ["http://127.0.0.1:8203", "http://127.0.0.1:8203"],
    ["HTTPS://Market.example/api//", "https://market.example/api"],
    ["http://[::1]:8700/", "http://[::1]:8700"],
  ])("%s is %s", (text, address) => {
    expect(readBaseAddress(text)).toEqual({ address });
  });

  it.each([
    ["nonsense", "noScheme"],
    ["127.0.0.1:8203", "noScheme"],
    ["http://", "noAddress"],
    ["http://a b", "noAddress"],
    ["ftp://market.example", "otherScheme"],
    ["http://me:secret@market.example", "secretInAddress"],
    ["http://market.example/?key=1", "hasQuery"],
    ["http://market.example/#x", "hasQuery"],
  ])("%s is none: %s", (text, fault) => {
    expect(readBaseAddress(text)).toMatchObject({ fault });
  });

  it("is not complained about while its beginning is typed, and at once when it can't become one", () => {
    for (const begun of ["", "h", "http", "HTTP:", "https://"]) expect(faultWhileTyping(begun)).toBeNull();
    expect(faultWhileTyping("nonsense")).toBe("noScheme");
    expect(faultWhileTyping("httq")).toBe("noScheme");
    expect(faultWhileTyping("http://a b")).toBe("noAddress");
    expect(faultWhileTyping("http://market.example")).toBeNull();
  });
});

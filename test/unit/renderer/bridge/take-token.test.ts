import { describe, expect, it } from "vitest";
import { takeToken } from "../../../../src/renderer/bridge/loopback.ts";

function pageAt(hash: string) {
  const replaced: (string | URL | null | undefined)[] = [];
  const page = {
    location: { hash, pathname: "/", search: "?a=1" } as Location,
    history: {
      replaceState: (_state: unknown, _title: string, url?: string | URL | null) => replaced.push(url),
    } as unknown as History,
  };
  return { page, replaced };
}

describe("takeToken", () => {
  it("takes the token and cleans the address of it", () => {
    const { page, replaced } = pageAt("#token=a%2Fb-_c");
    expect(takeToken(page)).toBe("a/b-_c");
    expect(replaced).toEqual(["/?a=1"]);
  });

  it("leaves an address without a token alone", () => {
    for (const hash of ["", "#/jobs", "#token=", "#other=token=x"]) {
      const { page, replaced } = pageAt(hash);
      expect(takeToken(page)).toBeNull();
      expect(replaced).toEqual([]);
    }
  });
});

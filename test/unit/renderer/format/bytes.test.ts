import { describe, expect, it } from "vitest";
import { showBytes } from "../../../../src/renderer/format/bytes.ts";

describe("showBytes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1_000, "1.0 kB"],
    [55_036_119, "55.0 MB"],
    [99_960_000, "100 MB"],
    [607_968_381, "608 MB"],
    [999_960_000, "1.0 GB"],
    [24_000_000_000, "24.0 GB"],
    [3_200_000_000_000, "3.2 TB"],
  ])("%d is %s", (bytes, words) => expect(showBytes(bytes)).toBe(words));

  it("shows what is not known as a dash", () => {
    expect(showBytes(null)).toBe("–");
    expect(showBytes(Number.NaN)).toBe("–");
  });
});

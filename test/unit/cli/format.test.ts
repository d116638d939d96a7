/** What the CLI shows is aligned, honest about the unknown, and never rounds money up. */
import { describe, expect, it } from "vitest";
import { ago, fields, money, owed, quantity, short, span, table } from "../../../src/cli/format.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../src/shared/durations.ts";

describe("table", () => {
  it("aligns columns, numbers to the right, and leaves no space at the ends", () => {
    const rows = [
      { name: "AITBC", count: 7 },
      { name: "é", count: 1234 },
    ];
    expect(
      table(
        [
          { title: "Market", value: (row) => row.name },
          { title: "Jobs", align: "right", value: (row) => String(row.count) },
          { title: "", value: () => "" },
        ],
        rows,
      ),
    ).toEqual(["Market  Jobs", "AITBC      7", "é       1234"]);
  });

  it("puts values under each other", () => {
    expect(
      fields([
        ["Lease", "a"],
        ["Market", "b"],
        ["Empty", ""],
      ]),
    ).toEqual(["Lease   a", "Market  b", "Empty"]);
  });
});

describe("times", () => {
  it.each([
    [999, "0 s"],
    [59 * SECOND, "59 s"],
    [5 * MINUTE + 30 * SECOND, "5 min"],
    [2 * HOUR + 10 * MINUTE, "2 h 10 min"],
    [4 * DAY + 3 * HOUR, "4 d 3 h"],
    [-5 * SECOND, "0 s"],
  ])("%d ms are %s", (ms, text) => expect(span(ms)).toBe(text));

  it("that never were are unknown", () => {
    expect(ago(null, 1000)).toBe("–");
    expect(ago(1000, 4000)).toBe("3 s ago");
  });
});

describe("values", () => {
  it("that are unknown are not 0", () => {
    expect(money(null)).toBe("–");
    expect(quantity(null, "W")).toBe("–");
    expect(quantity(0, "W")).toBe("0 W");
  });

  it("of money are cut, not rounded", () => {
    expect(money({ currency: "ANM", minor: "1999999999" })).toBe("1.999999 ANM");
    expect(money({ currency: "AIT", minor: "877500000" })).toBe("0.975 AIT");
  });

  it("that are long ids keep their beginning", () => {
    expect(short("lease_2a43803e895605428ff143f34a46a3d6")).toBe("lease_2a43803e8…");
    expect(short("short")).toBe("short");
  });
});

describe("what is owed", () => {
  it("is not nothing where a market has not said what it pays", () => {
    const coins = (minor: string) => ({ currency: "ANM" as const, minor });
    expect([owed(coins("5"), 0), owed(coins("5"), 2), owed(coins("0"), 2), owed(coins("0"), 0)]).toEqual([
      money(coins("5")),
      `≥ ${money(coins("5"))}`,
      "–",
      money(coins("0")),
    ]);
  });
});

/** docs/metrics.md names every series there is, and no other. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { allFamilies } from "../../../support/metric-families.ts";

const page = readFileSync(new URL("../../../../docs/metrics.md", import.meta.url), "utf8");

it("docs/metrics.md has a row for each series, word for word", () => {
  const rows = allFamilies().map(
    ({ kind, name, help, labels }) => `| \`${name}\` | ${kind} | ${labels.join(", ")} | ${help} |`,
  );
  expect(page.split("\n").filter((line) => /^\| `\w+` \| (gauge|counter|histogram) \|/.test(line))).toEqual(
    rows,
  );
});

/** docs/metrics.md names every series there is, and no other. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { createAicfAdapter } from "../../../../src/engine/market/aicf/adapter.ts";
import { FAMILIES, type Family } from "../../../../src/engine/metrics/families.ts";
import { GUIDE_FAMILIES } from "../../../../src/engine/metrics/guide-series.ts";

const page = readFileSync(new URL("../../../../docs/metrics.md", import.meta.url), "utf8");

it("docs/metrics.md has a row for each series, word for word", () => {
  const config = { queueUrl: null, rpcUrl: null, chainId: 1, providerId: "p", name: "n", region: null };
  const never = () => {
    throw new Error("nothing is signed here");
  };
  const { guideNames } = createAicfAdapter(
    { ...config, workerId: "w", autoStakeNano: null },
    { identity: { publicKey: new Uint8Array(), address: "", providerId: "p", sign: never } },
  );
  const inFull = (name: string) =>
    name.replace("{worker}", guideNames?.worker ?? "").replace("{heartbeat}", guideNames?.heartbeat ?? "");
  const rows = [...Object.values<Family>(GUIDE_FAMILIES), ...Object.values<Family>(FAMILIES)].map(
    ({ kind, name, help, labels }) => `| \`${inFull(name)}\` | ${kind} | ${labels.join(", ")} | ${help} |`,
  );
  expect(page.split("\n").filter((line) => /^\| `\w+` \| (gauge|counter|histogram) \|/.test(line))).toEqual(
    rows,
  );
});

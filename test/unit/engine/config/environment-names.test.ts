/** What is meant for Bellows and misspelt is named; what belongs to others is left alone; no name of ours is forgotten. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { unknownNames } from "../../../../src/engine/config/environment-names.ts";

const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));
const told = (name: string, value = "5") => unknownNames({ [name]: value });

describe("a misspelt name", () => {
  test.each([
    ["BELLOWS_DRAIN_TIMOUT", "BELLOWS_DRAIN_TIMEOUT"],
    ["AICF_QUEUE_ULR", "AICF_QUEUE_URL"],
    ["AITBC_CORDINATOR_URL", "AITBC_COORDINATOR_URL"],
    ["METRICS_PROT", "METRICS_PORT"],
    ["JOB_LEASE_SECS", "JOB_LEASE_SEC"],
    ["MODEL_ALLOWLIST_", "MODEL_ALLOWLIST"],
    ["BELLOWS_KEY_PASPHRASE", "BELLOWS_KEY_PASSPHRASE"],
  ])("%s brings %s to mind", (typed, meant) => {
    expect(told(typed)).toEqual([
      { name: typed, value: null, reason: "is no setting there is", fix: `Did you mean ${meant}?` },
    ]);
  });

  it("is refused under our own prefix even where nothing is near", () => {
    expect(told("BELLOWS_WOBBLE")).toMatchObject([{ fix: expect.stringContaining("help environment") }]);
  });
});

describe("left alone", () => {
  test.each([
    ["AITBC_CHAIN_DB", "a name of the market's own programs"],
    ["PROVIDER", "a short word"],
    ["PATH", "what every process has"],
    ["BELLOWS_TEST_ANYTHING", "a test's own"],
    ["BELLOWS_METRICS_SERVICE_HOST", "a neighbour's address in Kubernetes"],
    ["BELLOWS_METRICS_PORT_9108_TCP_ADDR", "another"],
  ])("%s, %s", (name) => {
    expect(told(name)).toEqual([]);
  });

  it("a link of Docker and Kubernetes, and what is empty", () => {
    expect(told("BELLOWS_WORKER_PORT", "tcp://10.0.0.7:9108")).toEqual([]);
    expect(told("BELLOWS_WOBBLE", "")).toEqual([]);
  });
});

it("knows every name that anything here reads or sets", () => {
  const files = globSync("{src,scripts,bin}/**/*.{ts,tsx,mjs}", { cwd: REPOSITORY });
  const names = new Set(
    files.flatMap(
      (file) => readFileSync(join(REPOSITORY, file), "utf8").match(/BELLOWS_[A-Z_]*[A-Z](?!\w)/g) ?? [],
    ),
  );
  expect(names.size).toBeGreaterThan(40);
  expect([...names].flatMap((name) => told(name)).map(({ name }) => name)).toEqual([]);
});

import { describe, expect, it } from "vitest";
import { reliabilityBadge } from "../../../../src/renderer/reliability/badge.ts";
import type { MarketView, ProviderStanding, RunIntent } from "../../../../src/shared/contract/views.ts";
import { aStanding } from "../../../support/scripted-account.ts";
import { aState } from "../../../support/scripted-engine.ts";

const badge = (
  { standing, serviceWarnings = 0 }: { standing?: ProviderStanding["state"]; serviceWarnings?: number },
  intent: RunIntent = "running",
) => {
  const { engine, markets } = aState();
  const market: MarketView = {
    ...(markets[0] as MarketView),
    serviceWarnings,
    ...(standing !== undefined && { standing: { ...aStanding(0), state: standing } }),
  };
  return reliabilityBadge({ engine: { ...engine, intent }, markets: [market] });
};

describe("the number beside Reliability", () => {
  it("counts measures near their limit, and a market that gives no work or less", () => {
    expect(badge({ standing: "eligible" })).toBe(0);
    expect(badge({ standing: "degraded", serviceWarnings: 2 })).toBe(3);
    expect(badge({ standing: "jailed" })).toBe(1);
  });

  it("raises no alarm over a start: a new provider is not a bad one", () => {
    expect(badge({ standing: "new" })).toBe(0);
    expect(badge({})).toBe(0);
  });

  it("says nothing while its person has stopped the work", () => {
    expect(badge({ standing: "degraded", serviceWarnings: 1 }, "stopped")).toBe(0);
    expect(badge({ standing: "degraded", serviceWarnings: 1 }, "paused")).toBe(2);
  });
});

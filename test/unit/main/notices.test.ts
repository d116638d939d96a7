import { afterEach, describe, expect, it } from "vitest";
import { NoticeWatch } from "../../../src/main/notices.ts";
import type { State } from "../../../src/shared/contract/views.ts";
import type { NoticeType } from "../../../src/shared/notifications/notice-types.ts";
import { earning } from "../../e2e/ui/states.ts";
import { anAppView } from "../../support/app-view.ts";

const NOW = 1_800_000_000_000;

const slash = {
  jobId: "job-1",
  at: NOW,
  height: 7,
  reason: "traps",
  amount: { currency: "ANM" as const, minor: "5000000000" },
  text: "Too many trap jobs were answered wrongly",
};

/** As the market tells it: nothing, then a penalty. */
function withSlashes(slashes: readonly object[]): State {
  const state = earning(NOW);
  const [market, ...others] = state.markets;
  if (market === undefined) throw new Error("A state without markets");
  const { standing = {} } = market as { standing?: object };
  return { ...state, markets: [{ ...market, standing: { ...standing, slashes } }, ...others] } as State;
}

const watches: NoticeWatch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.dispose();
});

function watch(muted: NoticeType[] = []) {
  const scene = { state: null as State | null, told: [] as string[], changes: 0 };
  const notices = new NoticeWatch({
    client: { invoke: () => Promise.reject(new Error("Not asked here")) },
    state: () => scene.state,
    link: () => ({ state: "up", since: NOW }),
    app: () => anAppView(),
    muted: () => muted,
    tell: ({ key }) => scene.told.push(key),
    changed: () => {
      scene.changes += 1;
    },
    clock: () => NOW,
  });
  watches.push(notices);
  const look = (state: State | null) => {
    scene.state = state;
    notices.look();
    return notices.list.map(({ type }) => type);
  };
  return { scene, notices, look };
}

describe("the app's notices", () => {
  it("keep what happened while no window was open, until it is put away", () => {
    const { scene, notices, look } = watch();
    look(withSlashes([]));
    expect(look(withSlashes([slash]))).toContain("slashed");
    expect(scene.told.filter((key) => key.startsWith("slashed"))).toHaveLength(1);
    // The engine is gone and another has come: it still happened.
    look(null);
    expect(look(withSlashes([slash]))).toContain("slashed");
    const { key } = notices.list.find(({ type }) => type === "slashed") ?? { key: "" };
    notices.putAway(key);
    expect(notices.list.map(({ type }) => type)).not.toContain("slashed");
    expect(look(withSlashes([slash]))).not.toContain("slashed");
  });

  it("say once that others hold, and nothing when none changed", () => {
    const { scene, look } = watch();
    look(withSlashes([]));
    const before = scene.changes;
    look(withSlashes([]));
    expect(scene.changes).toBe(before);
    look(withSlashes([slash]));
    expect(scene.changes).toBe(before + 1);
  });

  it("don't come back after a restart of the engine, when they were put away", () => {
    const { notices, look } = watch();
    const broken = (): State => {
      const state = earning(NOW);
      return { ...state, devices: state.devices.map((device) => ({ ...device, state: "breaker" as const })) };
    };
    expect(look(broken())).toContain("breaker-open");
    for (const { key, type } of notices.list) if (type === "breaker-open") notices.putAway(key);
    look(null);
    expect(look(broken())).not.toContain("breaker-open");
    // Gone and come back: that is news.
    look(earning(NOW));
    expect(look(broken())).toContain("breaker-open");
  });
});

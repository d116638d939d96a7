import { describe, expect, it } from "vitest";
import { describeActivity, levelOf } from "../../../../src/engine/ledger/activity-words.ts";
import { NoticeLog, noticeDetail } from "../../../../src/engine/state/notice-log.ts";
import type { State } from "../../../../src/shared/contract/views.ts";
import type { Notice } from "../../../../src/shared/notifications/notice.ts";
import { cpu, earning } from "../../../e2e/ui/states.ts";
import { aModel } from "../../../support/scripted-models.ts";

const NOW = 1_800_000_000_000;

function logOf(first: State) {
  const scene = { state: first, written: [] as Notice[] };
  const slice =
    <S extends keyof State>(name: S) =>
    () =>
      scene.state[name];
  const log = new NoticeLog({
    slices: {
      engine: slice("engine"),
      markets: slice("markets"),
      devices: slice("devices"),
      models: slice("models"),
      offers: slice("offers"),
      earnings: slice("earnings"),
      throughput: slice("throughput"),
    },
    startedAt: NOW,
    write: (notice) => scene.written.push(notice),
    now: () => NOW,
  });
  const look = (state: Partial<State>) => {
    scene.state = { ...scene.state, ...state };
    log.look();
    return scene.written.map(({ type }) => type);
  };
  return { scene, look };
}

describe("the notices that the log keeps", () => {
  it("are the first earning and a download that failed, once each", () => {
    const base = earning(NOW);
    const none = base.earnings.map((row) => ({ ...row, settledTotal: { ...row.settledTotal, minor: "0" } }));
    const { scene, look } = logOf({ ...base, earnings: none });
    expect(look({ models: [aModel({ state: "downloading" })] })).toEqual([]);
    const error = { code: "MODEL_UNREACHABLE", message: "No answer", actor: "network" as const };
    look({ models: [aModel({ state: "failed", error })], earnings: base.earnings.slice(0, 1) });
    expect(look({}).toSorted()).toEqual(["first-earning", "model-failed"]);
    const failed = scene.written.find(({ type }) => type === "model-failed");
    if (failed === undefined) throw new Error("Nothing was written");
    const detail = noticeDetail(failed);
    expect(levelOf("noticed", detail)).toBe("notice");
    expect(describeActivity("noticed", JSON.stringify(detail))?.text).toBe(
      `Model ${aModel().id} could not be fetched. No answer.`,
    );
  });

  it("are not those that have an event of their own", () => {
    const { look } = logOf(earning(NOW));
    const lastSelfTest = { at: NOW, ok: false, summary: "3 of 8 vectors differ" };
    expect(look({ devices: [cpu({ lastSelfTest })] })).not.toContain("self-test-failed");
  });
});

/** Notices about what runs the jobs: GPUs, their driver, their self-test, their breaker, the models. */

import type { DeviceView } from "../contract/views.ts";
import { DAY, HOUR, MINUTE } from "../durations.ts";
import { type Spoken, say } from "../words/said.ts";
import type { Notice, NoticedState, NoticeProvider } from "./notice.ts";
import { sayErrorLine, spoken, whole, worded } from "./notice-words.ts";

/** A driver answers late after a boot or an update: not before this is its absence worth words. */
const SEARCHED_FOR = 5 * MINUTE;
const BREAKER_QUIET = HOUR;

const gpusOf = (state: NoticedState): DeviceView[] => state.devices.filter(({ kind }) => kind === "gpu");

export const noGpu: NoticeProvider = (_before, { state }, now) => {
  // A demo earns on the processor as well as on anything else.
  if (state === null || state.engine.mode === "demo" || gpusOf(state).length > 0) return [];
  if (now - state.engine.startedAt < SEARCHED_FOR) return [];
  return [
    {
      key: "no-gpu",
      type: "no-gpu",
      severity: "warn",
      ...worded(say("noticeNoGpu"), say("noticeNoGpuText")),
      screen: "gpus",
      lasting: true,
      quietFor: DAY,
    },
  ];
};

export const driverOld: NoticeProvider = (_before, { state }) =>
  (state === null ? [] : gpusOf(state))
    .filter(({ verdict }) => verdict?.code === "driver-old")
    .map((device) => ({
      key: `driver-old ${device.id}`,
      type: "driver-old",
      severity: "warn",
      ...worded(
        say("noticeDriverOld", { device: device.name }),
        wordsOf(device) ?? say("noticeDriverOldText"),
      ),
      screen: "gpus",
      lasting: true,
      quietFor: 7 * DAY,
    }));

function wordsOf({ verdict }: DeviceView): Spoken | null {
  return verdict?.help == null ? null : spoken(verdict.help, verdict.helpSaid);
}

export const selfTestFailed: NoticeProvider = (_before, { state }) =>
  (state?.devices ?? [])
    .filter(({ lastSelfTest }) => lastSelfTest?.ok === false)
    .map((device) => ({
      key: `self-test-failed ${device.id} ${device.lastSelfTest?.at ?? 0}`,
      type: "self-test-failed",
      severity: "bad",
      ...worded(
        say("noticeSelfTestFailed", { device: device.name }),
        device.lastSelfTest == null
          ? null
          : whole(spoken(device.lastSelfTest.summary, device.lastSelfTest.said)),
      ),
      screen: "gpus",
      lasting: true,
      quietFor: DAY,
    }));

export const breakerOpen: NoticeProvider = (_before, { state }) =>
  (state?.devices ?? [])
    .filter((device) => device.state === "breaker")
    .map((device) => ({
      key: `breaker-open ${device.id}`,
      type: "breaker-open",
      severity: "warn",
      ...worded(
        say("noticeBreakerOpen", { device: device.name }),
        device.stateReason === null
          ? say("noticeBreakerOpenText")
          : spoken(device.stateReason, device.stateSaid),
      ),
      screen: "gpus",
      lasting: true,
      quietFor: BREAKER_QUIET,
    }));

/** Only a download that was seen under way has just ended: models that were there before are no news. */
export const modelReady: NoticeProvider = (before, { state }) =>
  changedModels(before?.state ?? null, state, "present").map(({ id }) => ({
    key: `model-ready ${id}`,
    type: "model-ready",
    severity: "good",
    ...worded(say("noticeModelReady", { model: id }), say("noticeModelReadyText")),
    screen: "models",
    lasting: false,
    quietFor: MINUTE,
  }));

export const modelFailed: NoticeProvider = (before, { state }) =>
  changedModels(before?.state ?? null, state, "failed").map(
    ({ id, error }): Notice => ({
      key: `model-failed ${id}`,
      type: "model-failed",
      severity: "warn",
      ...worded(
        say("noticeModelFailed", { model: id }),
        error === null ? say("noticeModelFailedText") : sayErrorLine(error),
      ),
      screen: "models",
      lasting: false,
      quietFor: HOUR,
    }),
  );

function changedModels(before: NoticedState | null, state: NoticedState | null, to: "present" | "failed") {
  if (before === null || state === null) return [];
  const loading = new Set(before.models.filter((model) => model.state === "downloading").map(({ id }) => id));
  return state.models.filter((model) => model.state === to && loading.has(model.id));
}

export const diskFull: NoticeProvider = (_before, { state }) => {
  const model = state?.models.find(({ error }) => error?.code === "MODEL_DISK_FULL");
  const market = state?.markets.find(({ error }) => error?.code === "DISK_FULL");
  const error = model?.error ?? market?.error ?? null;
  if (error === null) return [];
  return [
    {
      key: "disk-full",
      type: "disk-full",
      severity: "bad",
      ...worded(say("noticeDiskFull"), sayErrorLine(error)),
      screen: model === undefined ? "home" : "models",
      lasting: true,
      quietFor: HOUR,
    },
  ];
};

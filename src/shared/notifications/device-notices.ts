/** Notices about what runs the jobs: GPUs, their driver, their self-test, their breaker, the models. */

import type { DeviceView, State } from "../contract/views.ts";
import { DAY, HOUR, MINUTE } from "../durations.ts";
import { hear } from "../words/hear.ts";
import { hearErrorLine } from "../words/hear-error.ts";
import { asSentence } from "../words/sentence.ts";
import { t } from "../words/words.ts";
import type { Notice, NoticeProvider } from "./notice.ts";

/** A driver answers late after a boot or an update: not before this is its absence worth words. */
const SEARCHED_FOR = 5 * MINUTE;
const BREAKER_QUIET = HOUR;

const gpusOf = (state: State): DeviceView[] => state.devices.filter(({ kind }) => kind === "gpu");

export const noGpu: NoticeProvider = (_before, { state }, now) => {
  // A demo earns on the processor as well as on anything else.
  if (state === null || state.engine.mode === "demo" || gpusOf(state).length > 0) return [];
  if (now - state.engine.startedAt < SEARCHED_FOR) return [];
  return [
    {
      key: "no-gpu",
      type: "no-gpu",
      severity: "warn",
      title: t("notifications.noGpu.title"),
      text: t("notifications.noGpu.text"),
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
      title: t("notifications.driverOld.title", { device: device.name }),
      text: wordsOf(device) ?? t("notifications.driverOld.text"),
      screen: "gpus",
      lasting: true,
      quietFor: 7 * DAY,
    }));

function wordsOf({ verdict }: DeviceView): string | null {
  return verdict?.help == null ? null : hear(verdict.help, verdict.helpSaid);
}

export const selfTestFailed: NoticeProvider = (_before, { state }) =>
  (state?.devices ?? [])
    .filter(({ lastSelfTest }) => lastSelfTest?.ok === false)
    .map((device) => ({
      key: `self-test-failed ${device.id} ${device.lastSelfTest?.at ?? 0}`,
      type: "self-test-failed",
      severity: "bad",
      title: t("notifications.selfTestFailed.title", { device: device.name }),
      text: device.lastSelfTest
        ? asSentence(hear(device.lastSelfTest.summary, device.lastSelfTest.said))
        : "",
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
      title: t("notifications.breakerOpen.title", { device: device.name }),
      text:
        device.stateReason === null
          ? t("notifications.breakerOpen.text")
          : hear(device.stateReason, device.stateSaid),
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
    title: t("notifications.modelReady.title", { model: id }),
    text: t("notifications.modelReady.text"),
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
      title: t("notifications.modelFailed.title", { model: id }),
      text: error === null ? t("notifications.modelFailed.text") : hearErrorLine(error),
      screen: "models",
      lasting: false,
      quietFor: HOUR,
    }),
  );

function changedModels(before: State | null, state: State | null, to: "present" | "failed") {
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
      title: t("notifications.diskFull.title"),
      text: hearErrorLine(error),
      screen: model === undefined ? "home" : "models",
      lasting: true,
      quietFor: HOUR,
    },
  ];
};

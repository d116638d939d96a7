/** Notices about the app itself: an engine that does not start, updates, safe mode, start at login. */

import { DAY, HOUR } from "../durations.ts";
import { say } from "../words/said.ts";
import type { NoticeProvider } from "./notice.ts";
import { sayErrorLine, worded } from "./notice-words.ts";

export const engineFailed: NoticeProvider = (_before, { link }) =>
  link.state !== "failed"
    ? []
    : [
        {
          key: `engine-failed ${link.error.code}`,
          type: "engine-failed",
          severity: "bad",
          ...worded(say("noticeEngineFailed"), sayErrorLine(link.error)),
          screen: "home",
          lasting: true,
          quietFor: HOUR,
        },
      ];

export const updateReady: NoticeProvider = (_before, { app }) => {
  const phase = app?.updates.phase;
  if (phase === undefined || (phase.state !== "ready" && phase.state !== "offered")) return [];
  const { version } = phase.offer;
  return [
    {
      key: `update-ready ${phase.state} ${version}`,
      type: "update-ready",
      severity: "info",
      ...worded(
        say(phase.state === "ready" ? "noticeUpdateReady" : "noticeUpdateOffered", { version }),
        say("noticeUpdateText"),
      ),
      screen: "settings",
      lasting: true,
      quietFor: DAY,
    },
  ];
};

export const updateRefused: NoticeProvider = (_before, { app }) => {
  const phase = app?.updates.phase;
  // An older version in the feed is refused as well, but nobody needs to do anything about it.
  if (phase?.state !== "refused" || phase.error.code === "UPDATE_DOWNGRADE") return [];
  return [
    {
      key: `update-refused ${phase.error.code} ${phase.version ?? ""}`,
      type: "update-refused",
      severity: "warn",
      ...worded(say("noticeUpdateRefused"), sayErrorLine(phase.error)),
      screen: "settings",
      lasting: true,
      quietFor: 7 * DAY,
    },
  ];
};

export const safeMode: NoticeProvider = (_before, { app }) =>
  app?.safeMode == null
    ? []
    : [
        {
          key: "safe-mode",
          type: "safe-mode",
          severity: "warn",
          ...worded(say("noticeSafeMode"), say("noticeSafeModeText", { count: app.safeMode.crashes })),
          screen: "home",
          lasting: true,
          quietFor: DAY,
        },
      ];

/** Asked once, and only when there is something to gain: a result was accepted. */
export const startAtLogin: NoticeProvider = (_before, { app, state }) => {
  if (app === null || app.login.asked || app.login.enabled !== false || app.login.impossible !== null)
    return [];
  if (state === null || state.throughput.acceptedTotal === 0) return [];
  return [
    {
      key: "start-at-login",
      type: "start-at-login",
      severity: "info",
      ...worded(say("noticeStartAtLogin"), say("noticeStartAtLoginText")),
      screen: "settings",
      lasting: true,
      quietFor: 7 * DAY,
    },
  ];
};

/** Electron's channels between the window and main; nothing else is sent on either side. */
export const IPC = {
  /** window → main, answered with an Outcome. */
  invoke: "bellows:invoke",
  /** window → main, answered with the present EngineStatus. */
  engineStatusNow: "bellows:engine-status-now",
  /** main → window: an EngineStatus. */
  engineStatus: "bellows:engine-status",
  /** main → window: event name, payload. */
  event: "bellows:event",
  /** window → main, answered with an Outcome: a command of the app itself (app.ts). */
  appInvoke: "bellows:app-invoke",
  /** main → window: event name, payload of the app itself. */
  appEvent: "bellows:app-event",
} as const;

/** Argument of the page's process that carries the app's version. */
export const VERSION_ARGUMENT = "--bellows-version=";

/** The desktop app's own view as it is on an ordinary day. */
import type { AppView, UpdatePhase } from "../../src/shared/contract/app.ts";

export function anAppView(more: Partial<AppView> = {}, phase: UpdatePhase = { state: "unasked" }): AppView {
  return {
    safeMode: null,
    login: { enabled: false, asked: true, impossible: null },
    crashReports: { count: 0, newestAt: null },
    updates: {
      version: "1.0.0",
      channel: "latest",
      feedUrl: null,
      auto: true,
      checkedAt: null,
      previous: null,
      phase,
    },
    notices: [],
    wrongSettings: [],
    ledgerCopy: null,
    ...more,
  };
}

import { existsSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { jobsHeld, type TrayIcon, trayModel } from "../../../src/main/tray-model.ts";
import type { EngineStatus } from "../../../src/shared/contract/bridge.ts";
import { HeadlineLevelSchema, type RunIntent } from "../../../src/shared/contract/views.ts";
import { say } from "../../../src/shared/words/said.ts";
import { setLanguage } from "../../../src/shared/words/words.ts";
import { attention, cpu, earning, gpu, idle, paused } from "../../e2e/ui/states.ts";
import { anAppView } from "../../support/app-view.ts";

const NOW = 1_800_000_000_000;
const UP: EngineStatus = { state: "up", since: NOW };
const enabled = (status: EngineStatus, intent: RunIntent) => {
  const state = earning(NOW);
  return trayModel(status, { ...state, engine: { ...state.engine, intent } })
    .verbs.filter((verb) => verb.enabled)
    .map(({ label }) => label);
};

describe("trayModel", () => {
  it("says the same sentence as the window, and what was earned, each currency for itself", () => {
    const model = trayModel(UP, earning(NOW));
    expect(model.icon).toBe("earning");
    expect(model.line).toBe("Earning on 1 of 1 devices");
    expect(model.tooltip).toBe(
      "Bellows demo: Earning on 1 of 1 devices\n212 jobs in the last minute\nEarned today 1.204131 ANM, 41.680400 AIT",
    );
  });

  it("writes amounts as the language does", () => {
    setLanguage("de");
    try {
      expect(trayModel(UP, earning(NOW)).tooltip).toContain("Heute verdient 1,204131 ANM, 41,680400 AIT");
    } finally {
      setLanguage("en");
    }
  });

  it("has an icon for every state", () => {
    expect(trayModel(UP, idle(NOW)).icon).toBe("idle");
    expect(trayModel(UP, paused(NOW)).icon).toBe("paused");
    expect(trayModel(UP, attention(NOW)).icon).toBe("attention");
    const icons = HeadlineLevelSchema.options.map((level) => {
      const state = earning(NOW);
      return trayModel(UP, { ...state, headline: { ...state.headline, level } }).icon;
    });
    expect(new Set(icons)).toEqual(new Set<TrayIcon>(["error", "attention", "paused", "idle", "earning"]));
    for (const icon of icons) {
      for (const theme of ["dark", "light", "Template"]) {
        for (const density of ["", "@2x"]) {
          const file = new URL(
            `../../../resources/icons/tray/tray-${icon}-${theme}${density}.png`,
            import.meta.url,
          );
          expect(existsSync(file), file.pathname).toBe(true);
        }
      }
    }
  });

  it("claims nothing about work while there is no engine", () => {
    const error = { code: "X", message: "It fell over", actor: "machine" as const };
    const models = [
      trayModel({ state: "starting", since: NOW }, null),
      trayModel({ state: "restarting", since: NOW, error }, earning(NOW)),
      trayModel({ state: "failed", since: NOW, error }, earning(NOW)),
      trayModel({ state: "stopping", since: NOW }, earning(NOW)),
      trayModel(UP, null),
    ];
    expect(models.map(({ icon }) => icon)).toEqual(["idle", "attention", "error", "idle", "idle"]);
    for (const { tooltip } of models) expect(tooltip).not.toMatch(/Earning|Earned/);
  });

  it("says what a start that takes long is at, in the person's language", () => {
    const doing = say("startCheckingModel", { model: "clip", percent: 40 });
    const line = () => trayModel({ state: "starting", since: NOW, doing }, null).line;
    expect(line()).toBe("Checking the model clip: 40 %");
    setLanguage("de");
    onTestFinished(() => setLanguage("en"));
    expect(line()).toBe("Das Modell clip wird geprüft: 40 %");
    expect(trayModel({ state: "restarting", since: NOW, error: null, doing }, null).line).toBe(line());
  });

  it("offers the verbs that would change something", () => {
    expect(enabled(UP, "running")).toEqual(["Pause", "Finish current and stop", "Stop"]);
    expect(enabled(UP, "finishing")).toEqual(["Start", "Pause", "Stop"]);
    expect(enabled(UP, "paused")).toEqual(["Start", "Stop"]);
    expect(enabled(UP, "stopped")).toEqual(["Start"]);
    expect(enabled({ state: "restarting", since: NOW, error: null }, "running")).toEqual([]);
    const error = { code: "X", message: "It fell over", actor: "user" as const };
    expect(enabled({ state: "failed", since: NOW, error }, "running")).toEqual(["Try again"]);
  });

  it("does not call it a failure that Bellows runs already", () => {
    const error = {
      code: "ALREADY_RUNNING",
      message: "Bellows is already running here",
      actor: "user" as const,
    };
    expect(trayModel({ state: "failed", since: NOW, error }, null).line).toBe("Bellows is already running");
  });

  it("counts the jobs a stop would end", () => {
    expect(jobsHeld(earning(NOW))).toBe(2);
    expect(jobsHeld(idle(NOW))).toBe(0);
    expect(jobsHeld(null)).toBe(0);
  });

  it("keeps the tooltip short enough for every desktop by the sentence, never by the figures", () => {
    const state = earning(NOW);
    const long = {
      ...state,
      headline: { ...state.headline, sentence: "wordy ".repeat(50), said: undefined },
    };
    const { tooltip } = trayModel(UP, long);
    expect(tooltip.length).toBeLessThanOrEqual(127);
    const [line, rate, earned] = tooltip.split("\n");
    expect(line).toMatch(/^Bellows demo: wordy .*…$/);
    expect(rate).toBe("212 jobs in the last minute");
    expect(earned).toBe("Earned today 1.204131 ANM, 41.680400 AIT");
  });
});

describe("the tray's menu beyond the verbs", () => {
  const withGpus = (...devices: ReturnType<typeof gpu>[]) => ({
    ...earning(NOW),
    devices: [...devices, cpu()],
  });
  const snooze = {
    by: "snooze" as const,
    text: "paused by you",
    subject: null,
    until: null,
    resumesByItself: true,
    signals: ["snooze" as const],
  };

  const byGame = { ...snooze, by: "program" as const, subject: "game", signals: ["program" as const] };

  it("has each GPU with its own pauses, and the way back where it is paused by hand", () => {
    const { devices } = trayModel(
      UP,
      withGpus(
        gpu({ id: "a", name: "RTX A" }),
        gpu({ id: "b", name: "RTX B", paused: snooze, runningJobs: 0 }),
        gpu({ id: "c", name: "RTX C", enabled: false }),
        gpu({ id: "d", name: "RTX D", state: "failed", runningJobs: 0 }),
        // Paused by hand, and by a game besides: its person can end their own part.
        gpu({ id: "e", name: "RTX E", paused: { ...byGame, signals: ["program", "snooze"] } }),
        gpu({ id: "f", name: "RTX F", paused: byGame }),
        gpu({
          id: "g",
          name: "RTX G",
          state: "failed",
          verdict: { usable: false, code: "not-visible", why: "CUDA_VISIBLE_DEVICES", help: null },
        }),
      ),
    );
    expect(devices.map(({ label }) => label)).toEqual([
      "RTX A: working",
      "RTX B: paused",
      "RTX C: switched off",
      "RTX D: not usable",
      "RTX E: paused",
      "RTX F: paused",
      "RTX G: switched off",
    ]);
    expect(devices[0]?.items.map(({ action }) => action)).toEqual([
      { kind: "pause", device: "a", for: "hour" },
      { kind: "pause", device: "a", for: "restart" },
      { kind: "pause", device: "a", for: "until-resumed" },
    ]);
    expect(devices[1]?.items.map(({ action }) => action)).toEqual([{ kind: "resume", device: "b" }]);
    expect(devices[2]?.items, "nothing to pause where nothing can run").toEqual([]);
    expect(devices[3]?.items).toEqual([]);
    expect(devices[4]?.items.map(({ action }) => action)).toEqual([{ kind: "resume", device: "e" }]);
    // What a game began ends with the game: only the person's own pause is the person's to end.
    expect(devices[5]?.items).toHaveLength(3);
    expect(trayModel({ state: "restarting", since: NOW, error: null }, withGpus(gpu())).devices).toEqual([]);
  });

  it("says what quitting means while jobs are held", () => {
    expect(trayModel(UP, earning(NOW)).quit).toBe("Quit… (2 jobs held)");
    expect(trayModel(UP, idle(NOW)).quit).toBe("Quit");
    expect(trayModel({ state: "starting", since: NOW }, null).quit).toBe("Quit");
  });

  it("shows safe mode, an update that is ready, and the system's word about start at login", () => {
    const offer = {
      version: "1.1.0",
      channel: "latest" as const,
      notes: null,
      releasedAt: null,
      bytes: null,
    };
    const app = anAppView({ safeMode: { crashes: 3 } }, { state: "ready", offer });
    const model = trayModel(UP, earning(NOW), app);
    expect(model).toMatchObject({ icon: "attention", line: "Safe mode: no work is taken" });
    expect(model.urgent.map(({ label }) => label)).toEqual(["Leave safe mode and start", "Install 1.1.0"]);
    expect(model.switches).toMatchObject([
      { checked: false, action: { kind: "start-at-login", enabled: true } },
    ]);
    const unknown = anAppView({ login: { enabled: null, asked: true, impossible: null } });
    expect(trayModel(UP, earning(NOW), unknown).switches).toEqual([]);
  });
});

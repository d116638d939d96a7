import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { jobsHeld, type TrayIcon, trayModel } from "../../../src/main/tray-model.ts";
import type { EngineStatus } from "../../../src/shared/contract/bridge.ts";
import { HeadlineLevelSchema, type RunIntent } from "../../../src/shared/contract/views.ts";
import { attention, earning, idle, paused } from "../../e2e/ui/states.ts";

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

  it("keeps the tooltip short enough for every desktop", () => {
    const state = attention(NOW);
    const long = { ...state, headline: { ...state.headline, sentence: "x".repeat(500) } };
    expect(trayModel(UP, long).tooltip.length).toBeLessThanOrEqual(127);
  });
});

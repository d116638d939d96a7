/** The contract's settings commands for scripted engines: the real settings, with a folder only once something is saved. */
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redactor } from "../../src/engine/log/redact.ts";
import { diagnostics } from "../../src/engine/settings/diagnostics.ts";
import { LiveSettings } from "../../src/engine/settings/settings.ts";
import type { SettingsConfig } from "../../src/shared/config.ts";
import type { ContractHandlers } from "../../src/shared/contract/contract.ts";
import type { MoveAnswer } from "../../src/shared/contract/machine.ts";
import type { SettingPatch, SettingsView } from "../../src/shared/contract/settings.ts";
import type { State } from "../../src/shared/contract/views.ts";

export interface ScriptedSettings {
  readonly settings: LiveSettings;
  /** Where they are saved; made by the first save. */
  readonly folder: string;
  /** What `data.use` answers. */
  use: {
    folder: string;
    parts: { name: string; bytes: number }[];
    totalBytes: number;
    freeBytes: number | null;
  };
  /** What `settings.testConnection` answers. */
  connection: { ok: boolean; text: string; ms: number | null };
  /** Changes wait for it. */
  until: Promise<void>;
  restarts: number;
  /** What was said of a folder that comes from another machine. */
  settled: MoveAnswer | null;
}

export function scriptedSettings(fixed: SettingsConfig["fixed"] = {}): ScriptedSettings {
  const folder = join(tmpdir(), `bellows-settings-${randomUUID()}`);
  const dataRoot = "/home/ada/.local/share/bellows";
  const settings = new LiveSettings({
    config: { savedFile: join(folder, "settings.json"), dataRoot, configFile: null, fixed },
    audit: () => undefined,
    now: () => 0,
  });
  return {
    settings,
    folder,
    use: {
      folder: dataRoot,
      parts: [
        { name: "models", bytes: 310_000_000 },
        { name: "live", bytes: 48_000_000 },
      ],
      totalBytes: 358_000_000,
      freeBytes: 91_000_000_000,
    },
    connection: { ok: true, text: "It answers, and is what it should be.", ms: 12 },
    until: Promise.resolve(),
    restarts: 0,
    settled: null,
  };
}

export function forgetSaved({ folder }: ScriptedSettings): void {
  rmSync(folder, { recursive: true, force: true });
}

/** As the app saves it. */
export function saveSettings(script: ScriptedSettings, patch: SettingPatch): SettingsView {
  mkdirSync(script.folder, { recursive: true });
  return script.settings.set(patch);
}

let nothing: SettingsView | null = null;

/** Nothing saved, nothing fixed. Made once: every scripted state has it. */
export function noSettings(): SettingsView {
  nothing ??= scriptedSettings().settings.view();
  return nothing;
}

export function scriptedSettingsHandlers(
  script: ScriptedSettings = scriptedSettings(),
  state: () => State | null = () => null,
  changed: (settings: SettingsView) => void = () => undefined,
) {
  return {
    "settings.get": async () => ({ settings: script.settings.view() }),
    "settings.set": async ({ patch }) => {
      await script.until;
      const settings = saveSettings(script, patch);
      changed(settings);
      return { settings };
    },
    "settings.testConnection": async () => script.connection,
    "data.use": async () => script.use,
    "diagnostics.preview": async () => {
      const now = state();
      if (now === null) return { fileName: "bellows-diagnostics.txt", sections: [], redactions: 0 };
      const facts = {
        state: now,
        settings: script.settings.view(),
        events: [],
        log: [],
        now: 0,
        home: "/home/ada",
      };
      return diagnostics(facts, new Redactor());
    },
    "machine.settle": async ({ as }) => {
      script.settled = as;
      return {};
    },
    "engine.restart": async () => {
      script.restarts += 1;
      return {};
    },
  } satisfies Partial<ContractHandlers>;
}

/** The contract's settings commands. */
import os from "node:os";
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { State } from "../../shared/contract/views.ts";
import type { Redactor } from "../log/redact.ts";
import { testConnection } from "../market/test-connection.ts";
import { dataUse } from "./data-use.ts";
import { type DiagnosticsFacts, diagnostics } from "./diagnostics.ts";
import type { LiveSettings } from "./settings.ts";

export interface SettingsHandlerDeps {
  readonly settings: LiveSettings;
  readonly redactor: Redactor;
  readonly state: () => State;
  readonly events: () => DiagnosticsFacts["events"];
  readonly log: () => readonly string[];
  readonly signal: AbortSignal;
  /** End in order, then be started again with the settings as they are then. */
  readonly restart: () => Promise<void>;
  /** Throws what would keep it from starting again, ConfigError above all. */
  readonly checkRestart: () => void;
  /** To take work from the next start on, whatever was wanted before. */
  readonly startNextTime: () => void;
  readonly now: () => number;
}

export function settingsHandlers(deps: SettingsHandlerDeps) {
  const { settings, redactor } = deps;
  return {
    "settings.get": async () => ({ settings: settings.view() }),
    "settings.set": async ({ patch }) => {
      for (const [key, value] of Object.entries(patch)) {
        if (settings.isSecret(key) && typeof value === "string") redactor.add(value);
      }
      return { settings: settings.set(patch) };
    },
    "settings.testConnection": async (input) => testConnection(input, deps.signal),
    "data.use": async () => dataUse(settings.view().dataFolder),
    "diagnostics.preview": async () =>
      diagnostics(
        {
          state: deps.state(),
          settings: settings.view(),
          events: deps.events(),
          log: deps.log(),
          now: deps.now(),
          home: os.homedir(),
        },
        redactor,
      ),
    "engine.restart": async ({ start }) => {
      // Better the one that runs than none at all.
      deps.checkRestart();
      if (start) deps.startNextTime();
      // Answered first: the channel this came through closes with the engine.
      setImmediate(() => void deps.restart());
      return {};
    },
  } satisfies Partial<ContractHandlers>;
}

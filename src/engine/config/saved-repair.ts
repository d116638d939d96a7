/**
 * Saved settings that keep the engine from starting, while no settings screen can be reached: found by trying without
 * each of them, and taken away only when a person says so.
 */
import type { SettingKey } from "../../shared/contract/settings.ts";
import { SettingKeySchema } from "../../shared/contract/settings.ts";
import { AppError } from "../../shared/errors.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { type ConfigSources, missing } from "./from-environment.ts";
import { type Given, type Layers, readGiven, readLayers, UnreadablePlace } from "./layers.ts";
import { readSaved, writeSaved } from "./saved-settings.ts";
import { SETTINGS, type Setting, type SettingName } from "./settings.ts";

export interface SavedCulprit {
  readonly name: SettingName;
  readonly key: SettingKey;
  /** As it was saved; null: a secret. */
  readonly value: string | null;
}

/** Each of them alone: without it there is less wrong, and nothing else. Empty when the fault lies elsewhere. */
export function findSavedCulprits(sources: ConfigSources): readonly SavedCulprit[] {
  const layers = layersOf(sources);
  if (layers === null) return [];
  const wrong = problemsOf(layers.given);
  return [...layers.given].flatMap(([name, { text, source }]) => {
    const { key, secret }: Setting<unknown> = SETTINGS[name];
    const known = SettingKeySchema.safeParse(key);
    if (source.kind !== "saved" || !known.success) return [];
    const without = problemsOf(new Map([...layers.given].filter(([other]) => other !== name)));
    const helps = without.size < wrong.size && [...without].every((problem) => wrong.has(problem));
    return helps ? [{ name, key: known.data, value: secret === true ? null : text }] : [];
  });
}

/** Its default holds again. No engine may run meanwhile. Throws SETTING_NOT_RESET, DATA_FOLDER_…. */
export function resetSaved(sources: ConfigSources, key: SettingKey): void {
  const culprit = findSavedCulprits(sources).find((each) => each.key === key);
  const savedFile = layersOf(sources)?.savedFile ?? null;
  if (culprit === undefined || savedFile === null) {
    throw new AppError({
      code: "SETTING_NOT_RESET",
      message: `${key} does not keep the engine from starting, so it was left as it is`,
      actor: "user",
      help: "Try again: what is wrong now is said then.",
    });
  }
  const { texts, foreign } = readSaved(savedFile);
  texts.delete(culprit.name);
  writeSaved(savedFile, { texts, foreign });
}

/** null: not even the places can be read, so nothing that was saved is at fault. */
function layersOf(sources: ConfigSources): Layers | null {
  try {
    return readLayers(sources);
  } catch (thrown) {
    if (thrown instanceof ConfigError || thrown instanceof UnreadablePlace) return null;
    throw thrown;
  }
}

function problemsOf(given: ReadonlyMap<SettingName, Given>): ReadonlySet<string> {
  const all: readonly ConfigProblem[] = [
    ...readGiven(given).problems,
    ...missing((name) => given.get(name)?.text),
  ];
  return new Set(all.map(({ name, reason }) => `${name} ${reason}`));
}

/**
 * A report for whoever helps, by the app itself: for the time without an engine, which would write a fuller one
 * (engine/settings/diagnostics.ts). Made of what main sees, and every known secret is blacked out by value.
 */
import { ConfigError, sentence } from "../engine/config/config-error.ts";
import { type ConfigSources, chooseMode, missing } from "../engine/config/from-environment.ts";
import { type Layers, readGiven, readLayers, UnreadablePlace } from "../engine/config/layers.ts";
import { placeWords } from "../engine/config/place-words.ts";
import { SETTINGS, type Setting } from "../engine/config/settings.ts";
import { Redactor, secretsIn } from "../engine/log/redact.ts";
import type { AppCommandOutput, AppView } from "../shared/contract/app.ts";
import type { EngineStatus } from "../shared/contract/bridge.ts";
import { withoutHome } from "../shared/home-folder.ts";

export interface AppReportFacts {
  readonly status: EngineStatus;
  readonly view: AppView;
  readonly sources: ConfigSources;
  /** Electron's, Chromium's and Node's, by name. */
  readonly versions: Readonly<Record<string, string | undefined>>;
  /** The newest lines of the engine's log, oldest first. */
  readonly log: readonly string[];
  readonly now: number;
  /** Where this user's home is: its name is nobody's business. */
  readonly home: string;
}

export function appReport(facts: AppReportFacts): AppCommandOutput<"app.diagnostics"> {
  const { status, view, sources, versions, log, now, home } = facts;
  const layers = layersOf(sources);
  const redactor = new Redactor([...secretsIn(sources.env), ...secretsOf(layers)]);
  let redactions = 0;
  const clean = (text: string) => {
    const answer = redactor.count(text);
    redactions += answer.redactions;
    return withoutHome(answer.text, home);
  };
  const { updates, crashReports, safeMode } = view;
  const sections: [string, string][] = [
    [
      "Bellows",
      lines({
        version: updates.version,
        "written at": iso(now),
        platform: `${process.platform} ${process.arch}`,
        ...versions,
      }),
    ],
    ["Engine", json(status)],
    [
      "App",
      json({ safeMode, crashReports, updates, wrongSettings: view.wrongSettings.map(({ key }) => key) }),
    ],
    ["Settings", settingLines(sources, layers)],
    ["Log", log.length === 0 ? "No engine has written one yet." : log.join("\n")],
  ];
  return {
    fileName: `bellows-diagnostics-${iso(now).slice(0, 19).replaceAll(":", "-")}.txt`,
    sections: sections.map(([name, text]) => ({ name, text: clean(text) })),
    redactions,
  };
}

/** What could not be read is the report's most important line. */
function layersOf(sources: ConfigSources): Layers | ConfigError {
  try {
    return readLayers(sources);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown;
    if (thrown instanceof UnreadablePlace) return new ConfigError(thrown.problems);
    throw thrown;
  }
}

function secretsOf(layers: Layers | ConfigError): string[] {
  if (layers instanceof ConfigError) return [];
  return [...layers.given].flatMap(([name, { text }]) => (isSecret(name) ? [text] : []));
}

const isSecret = (name: keyof typeof SETTINGS) => (SETTINGS[name] as Setting<unknown>).secret === true;

function settingLines(sources: ConfigSources, layers: Layers | ConfigError): string {
  if (layers instanceof ConfigError) return layers.problems.map(sentence).join("\n");
  const { given, problems, configFile } = layers;
  const wrong = [...problems, ...readGiven(given).problems, ...missing((name) => given.get(name)?.text)];
  const rows = [...given].map(([name, { text, name: written, source }]) => {
    return `${written} = ${isSecret(name) ? "is set" : JSON.stringify(text)} (${placeWords(source)})`;
  });
  return [
    `runs as: ${chooseMode(sources)}`,
    `configuration file: ${configFile ?? "none"}`,
    ...wrong.map((problem) => `wrong: ${sentence(problem)}`),
    ...rows,
  ].join("\n");
}

const iso = (at: number) => new Date(at).toISOString();
const json = (value: unknown) => JSON.stringify(value, null, 2);
const lines = (facts: Readonly<Record<string, string | undefined>>) =>
  Object.entries(facts)
    .map(([name, value]) => `${name}: ${value ?? "unknown"}`)
    .join("\n");

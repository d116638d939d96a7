/**
 * A report for whoever helps: what runs, how it is set up, what happened last. Made of facts that hold no text of a job,
 * and read by the person before it is saved: every known secret is blacked out by value.
 */
import type { z } from "zod";
import type { DiagnosticsAnswer, SettingsView } from "../../shared/contract/settings.ts";
import type { State } from "../../shared/contract/views.ts";
import { withoutHome } from "../../shared/home-folder.ts";
import { placeWords } from "../config/place-words.ts";
import type { Redactor } from "../log/redact.ts";

export interface DiagnosticsFacts {
  readonly state: State;
  readonly settings: SettingsView;
  /** The newest rows of the audit table, oldest first. */
  readonly events: readonly { readonly at: number; readonly type: string; readonly detail: string }[];
  /** The newest lines of the log, oldest first. */
  readonly log: readonly string[];
  readonly now: number;
  /** Where this user's home is: its name is nobody's business. */
  readonly home: string;
}

export function diagnostics(facts: DiagnosticsFacts, redactor: Redactor): z.infer<typeof DiagnosticsAnswer> {
  let redactions = 0;
  const clean = (text: string) => {
    const answer = redactor.count(text);
    redactions += answer.redactions;
    return withoutHome(answer.text, facts.home);
  };
  const { engine, headline, markets, devices, throughput, models } = facts.state;
  const sections: [string, string][] = [
    [
      "Bellows",
      lines({
        version: engine.version,
        mode: engine.mode,
        intent: engine.intent,
        "started at": iso(engine.startedAt),
        "written at": iso(facts.now),
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
      }),
    ],
    ["Host", json(engine.host ?? null)],
    [
      "State",
      json({ headline, notices: engine.notices, throughput: { ...throughput, perSecond: undefined } }),
    ],
    ["Markets", json(markets)],
    ["Devices", json(devices)],
    ["Models", json(models.map(({ id, state }) => ({ id, state })))],
    ["Settings", settingLines(facts.settings)],
    ["Events", facts.events.map(({ at, type, detail }) => `${iso(at)} ${type} ${detail}`).join("\n")],
    ["Log", facts.log.join("\n")],
  ];
  return {
    fileName: `bellows-diagnostics-${iso(facts.now).slice(0, 19).replaceAll(":", "-")}.txt`,
    sections: sections.map(([name, text]) => ({ name, text: clean(text) })),
    redactions,
  };
}

function settingLines({ values, configFile }: SettingsView): string {
  const rows = Object.entries(values).map(([key, { value, isSet, secret, source }]) => {
    const shown = secret ? (isSet ? "is set" : "is not set") : value === null ? "–" : JSON.stringify(value);
    return `${key} = ${shown}${source.kind === "default" ? "" : ` (${placeWords(source)})`}`;
  });
  return [`configuration file: ${configFile ?? "none"}`, ...rows].join("\n");
}

const iso = (at: number) => new Date(at).toISOString();
const json = (value: unknown) => JSON.stringify(value, null, 2);
const lines = (facts: Readonly<Record<string, string>>) =>
  Object.entries(facts)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");

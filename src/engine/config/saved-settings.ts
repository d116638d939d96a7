/**
 * What the app saved: the same settings in the same form as a configuration file, in two files only their owner can read,
 * secrets apart from the rest. A value this version does not understand is left where it is and counts for nothing.
 */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { NAME_OF_KEY } from "./config-file.ts";
import { writePrivateFile } from "./data-folder.ts";
import { Refusal } from "./refusal.ts";
import { SETTINGS, type Setting, type SettingName } from "./settings.ts";
import { rawOfText, textOfRaw } from "./shape.ts";

const FileSchema = z.object({ version: z.literal(1), settings: z.record(z.string(), z.unknown()) });

export interface Foreign {
  readonly open: Readonly<Record<string, unknown>>;
  readonly secret: Readonly<Record<string, unknown>>;
}

export interface Saved {
  readonly texts: Map<SettingName, string>;
  /** What a newer or older version saved: kept as it is, each in the file it came from. */
  readonly foreign: Foreign;
  /** Files that can't be read; they were moved aside by `repairSaved`, or still are to be. */
  readonly damaged: readonly string[];
}

export const savedFileIn = (root: string): string => path.join(root, "settings.json");

const secretsBeside = (savedFile: string): string => path.join(path.dirname(savedFile), "secrets.json");

/** Never throws for what is in the files: a start must not fail for a preference. */
export function readSaved(savedFile: string): Saved {
  const texts = new Map<SettingName, string>();
  const foreign = { open: {} as Record<string, unknown>, secret: {} as Record<string, unknown> };
  const damaged: string[] = [];
  for (const kind of ["open", "secret"] as const) {
    const file = kind === "open" ? savedFile : secretsBeside(savedFile);
    const content = readOne(file);
    if (content === "damaged") damaged.push(file);
    if (content === null || content === "damaged") continue;
    for (const [key, raw] of Object.entries(content)) {
      const name = NAME_OF_KEY.get(key);
      const text = name === undefined ? null : textIfGood(name, raw);
      if (name === undefined || text === null) foreign[kind][key] = raw;
      else texts.set(name, text);
    }
  }
  return { texts, foreign, damaged };
}

/** Throws AppError DATA_FOLDER_…. */
export function writeSaved(savedFile: string, { texts, foreign }: Pick<Saved, "texts" | "foreign">): void {
  const open: Record<string, unknown> = { ...foreign.open };
  const secret: Record<string, unknown> = { ...foreign.secret };
  for (const [name, text] of texts) {
    const definition: Setting<unknown> = SETTINGS[name];
    if (definition.key === null) continue;
    if (definition.secret) secret[definition.key] = text;
    else open[definition.key] = rawOfText(definition.read.shape, text);
  }
  // Secrets first: an address without its key is the lesser evil of a power cut between the two.
  if (Object.keys(secret).length > 0 || fs.existsSync(secretsBeside(savedFile)))
    writePrivateFile(secretsBeside(savedFile), asText(secret));
  writePrivateFile(savedFile, asText(open));
}

/** A file that can't be read is moved aside, never overwritten. One sentence for each. */
export function repairSaved(savedFile: string, now: number): AppError[] {
  return readSaved(savedFile).damaged.map((file) => {
    const aside = `${file}.damaged-${now}`;
    fs.renameSync(file, aside);
    return new AppError({
      code: "SETTINGS_DAMAGED",
      message: `The app's settings in ${path.basename(file)} could not be read, so the defaults hold`,
      actor: "machine",
      help: `The file was kept as ${aside}.`,
    });
  });
}

const asText = (settings: Readonly<Record<string, unknown>>) =>
  `${JSON.stringify({ version: 1, settings }, null, 2)}\n`;

function readOne(file: string): Record<string, unknown> | "damaged" | null {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT" ? null : "damaged";
  }
  try {
    return FileSchema.parse(JSON.parse(text)).settings;
  } catch {
    return "damaged";
  }
}

/** null: it is no value of this setting. */
function textIfGood(name: SettingName, raw: unknown): string | null {
  const { read, inApp }: Setting<unknown> = SETTINGS[name];
  if (inApp === undefined) return null;
  try {
    const text = textOfRaw(read.shape, raw);
    read(text);
    return text;
  } catch (thrown) {
    if (thrown instanceof Refusal) return null;
    throw thrown;
  }
}

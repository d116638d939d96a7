/**
 * Which weights a model of Ollama's has: its Modelfile names the blob, and a blob is named by its SHA-256. A model made
 * of more than one file (a picture reader, an adapter, a draft model) is another one than its weights alone.
 */
const BLOB = /[\\/]sha256[-:]([0-9a-f]{64})$/i;
/** Texts in three quotes may hold any line, also one that looks like an instruction. */
const QUOTED = /"""[\s\S]*?"""/g;

/** SHA-256 of the one file it is made of, lower-case hex; null: there is none, or there are more. */
export function weightsOf(modelfile: string): string | null {
  const instructions = modelfile
    .replace(QUOTED, "")
    .split("\n")
    .map((line) => /^\s*(FROM|ADAPTER|DRAFT)\s+(.+?)\s*$/i.exec(line))
    .filter((match) => match !== null);
  const [only, ...others] = instructions;
  if (only === undefined || others.length > 0 || only[1]?.toUpperCase() !== "FROM") return null;
  return BLOB.exec(only[2]?.replace(/^"|"$/g, "") ?? "")?.[1]?.toLowerCase() ?? null;
}

/** The Exec key of a desktop file (Desktop Entry Specification, "The Exec key"): a command's words as one line, and back. */

/** Quotes what holds a reserved character, and doubles every percent sign. */
export const execLine = (words: readonly string[]): string => words.map(quoted).join(" ");

/** The words of such a line; of one that is not well formed, what can be made of it. */
export function wordsOfExec(line: string): string[] {
  // Of the file's own escapes only the backslash can stand in a command.
  const text = line.replaceAll("\\\\", "\\");
  const words = text.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g) ?? [];
  return words.map((word) =>
    (word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, "$1") : word).replaceAll("%%", "%"),
  );
}

function quoted(argument: string): string {
  const escaped = argument.replaceAll("%", "%%");
  if (/^[A-Za-z0-9@%+=:,./_-]+$/.test(escaped)) return escaped;
  return `"${escaped.replace(/["`$\\]/g, (character) => `\\${character}`).replaceAll("\\", "\\\\")}"`;
}

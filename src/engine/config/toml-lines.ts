/** On which line of a TOML text each key stands: its parser tells values, not places. */

/** Dotted path → line (from 1): tables by their header, keys by their own line. */
export function tomlLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  let table = "";
  let inside: '"""' | "'''" | null = null;
  let depth = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (inside === null && depth === 0) {
      const header = /^\s*\[\[?([^\]]+)\]\]?\s*(?:#.*)?$/.exec(line);
      const key =
        header === null
          ? /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/.exec(line)
          : null;
      if (header?.[1] !== undefined) {
        table = pathOf(header[1]);
        note(lines, table, index + 1);
        continue;
      }
      if (key?.[1] !== undefined)
        note(lines, table === "" ? pathOf(key[1]) : `${table}.${pathOf(key[1])}`, index + 1);
    }
    [inside, depth] = after(line, inside, depth);
  }
  return lines;
}

/** The line of a path, else of what it stands in; null: it is not in the text. */
export function lineOf(lines: ReadonlyMap<string, number>, path: string): number | null {
  for (let part = path; part !== ""; part = part.slice(0, Math.max(0, part.lastIndexOf(".")))) {
    const line = lines.get(part);
    if (line !== undefined) return line;
  }
  return null;
}

function note(lines: Map<string, number>, path: string, line: number): void {
  if (!lines.has(path)) lines.set(path, line);
}

const pathOf = (written: string): string =>
  [...written.matchAll(/"([^"]*)"|'([^']*)'|([\w-]+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? "").join(".");

/** Whether the next line begins inside a long text or an open bracket. */
function after(line: string, inside: '"""' | "'''" | null, depth: number): ['"""' | "'''" | null, number] {
  let rest = line;
  let open = inside;
  let brackets = depth;
  while (rest !== "") {
    if (open !== null) {
      const end = rest.indexOf(open);
      if (end < 0) return [open, brackets];
      rest = rest.slice(end + 3);
      open = null;
      continue;
    }
    const token = /"""|'''|"(?:[^"\\]|\\.)*"|'[^']*'|#.*|[[\]{}]/.exec(rest);
    if (token === null) return [null, brackets];
    const [found] = token;
    if (found === '"""' || found === "'''") open = found;
    else if (found === "[" || found === "{") brackets += 1;
    else if (found === "]" || found === "}") brackets = Math.max(0, brackets - 1);
    rest = rest.slice(token.index + found.length);
  }
  return [open, brackets];
}

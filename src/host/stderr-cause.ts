/** The most telling line of a dead process's stderr: our own fatal record, an error's message, else the last line. */

/** One line, without colours and time stamps, cut to 300 characters; null when stderr says nothing. */
export function causeFromStderr(stderr: string): string | null {
  const lines = stderr
    .replaceAll(ANSI_COLOUR, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !NOISE.test(line));
  const best =
    lines.findLast((line) => fatalMessage(line) !== null) ??
    lines.findLast((line) => ERROR.test(line)) ??
    lines.at(-1);
  if (best === undefined) return null;
  const cause = fatalMessage(best) ?? best.replace(ONNXRUNTIME_PREFIX, "");
  return cause.length > 300 ? `${cause.slice(0, 299)}…` : cause;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what a colour code begins with.
const ANSI_COLOUR = /\u001b\[[0-9;]*m/g;
/** Stack frames, V8's source excerpt and Node's closing line. */
const NOISE = /^(at\s|Node\.js v\d|[{}^]+$|file:\/\/)/;
const ERROR = /\b(error|fail(ed|ure)?|abort(ed)?|out of memory|cannot|terminate called)\b|Error\b/i;
/** `2026-01-01 00:00:00.000000 [E:onnxruntime:name, file.cc:1 Function] ` */
const ONNXRUNTIME_PREFIX = /^[\d-]+ [\d:.]+ \[[A-Z]:onnxruntime[^\]]*\]\s*/;

/** The message of one of our own `{"level":"fatal","message":…}` lines. */
function fatalMessage(line: string): string | null {
  if (!line.startsWith("{")) return null;
  try {
    const record: unknown = JSON.parse(line);
    const fatal =
      typeof record === "object" && record !== null && "level" in record && record.level === "fatal";
    return fatal && "message" in record && typeof record.message === "string" ? record.message : null;
  } catch {
    return null;
  }
}

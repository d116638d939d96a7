/** What the CLI writes: results to stdout, everything else to stderr, colour only where a person looks at it. */
import { styleText } from "node:util";
import { ConfigError, sentence as problemSentence } from "../engine/config/config-error.ts";
import { toErrorValue } from "../shared/errors.ts";
import { advice, sentence } from "./format.ts";

export type Style = Parameters<typeof styleText>[0];

/** A pipe that nobody reads any more. */
const PIPE_BROKEN = "EPIPE";
/** A terminal that was closed: SIGHUP tells of it too, and ends what it is to end. */
const TERMINAL_CLOSED = "EIO";

export interface TerminalIo {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly debug: boolean;
  /** Nobody reads the results any more, and nobody said that this does not matter; absent: that is an error. */
  readonly onReaderGone?: () => void;
}

export class Terminal {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #debug: boolean;
  readonly #unread = new Set<NodeJS.WriteStream>();
  #outlives = false;

  constructor({ stdout, stderr, debug, onReaderGone }: TerminalIo) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#debug = debug;
    for (const stream of [stdout, stderr]) {
      stream.on("error", (error: NodeJS.ErrnoException) => {
        const { code } = error;
        if (code === PIPE_BROKEN || code === TERMINAL_CLOSED) this.#unread.add(stream);
        if (this.#outlives || code === TERMINAL_CLOSED) return;
        if (code !== PIPE_BROKEN || onReaderGone === undefined) throw error;
        if (stream === stdout) onReaderGone();
      });
    }
  }

  /** From here on whatever can't be written is passed over: what this process does matters more than who watches it. */
  outliveReaders(): void {
    this.#outlives = true;
  }

  /** Somebody looks at it: stdout is no file and no pipe. */
  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** A line of result. */
  print(line = ""): void {
    this.#write(this.#stdout, line);
  }

  /** One line of JSON. */
  json(value: unknown): void {
    this.#write(this.#stdout, JSON.stringify(value));
  }

  /** A line about the result, kept out of pipes. */
  note(line: string): void {
    this.#write(this.#stderr, line);
  }

  /** Colour when stdout is a terminal and NO_COLOR is not set. */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stdout });
  }

  #write(stream: NodeJS.WriteStream, line: string): void {
    if (!this.#unread.has(stream)) stream.write(`${line}\n`);
  }

  /** `Error: <what>. <what to do>.` and never a stack, unless BELLOWS_DEBUG asks for it. */
  error(thrown: unknown): void {
    if (thrown instanceof ConfigError && thrown.problems.length > 1) {
      this.note(`Error: ${thrown.problems.length} settings are wrong.`);
      for (const problem of thrown.problems) {
        this.note(`  ${problemSentence(problem)}. ${sentence(problem.fix)}`);
      }
    } else {
      this.note(`Error: ${advice(toErrorValue(thrown))}`);
    }
    if (this.#debug && thrown instanceof Error) this.note(stackWithCauses(thrown));
  }
}

function stackWithCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackWithCauses(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}

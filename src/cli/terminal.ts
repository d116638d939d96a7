/** What the CLI writes: results to stdout, everything else to stderr, colour only where a person looks at it. */
import { styleText } from "node:util";
import { ConfigError, sentence as problemSentence } from "../engine/config/config-error.ts";
import { Redactor } from "../engine/log/redact.ts";
import { MIB, MILLISECOND, SECOND } from "../shared/durations.ts";
import { toErrorValue } from "../shared/errors.ts";
import { delay } from "../shared/wait.ts";
import { advice, sentence } from "./format.ts";

export type Style = Parameters<typeof styleText>[0];

/** A pipe that nobody reads any more. */
const PIPE_BROKEN = "EPIPE";
/** A terminal that was closed: SIGHUP tells of it too, and ends what it is to end. */
const TERMINAL_CLOSED = "EIO";

/** Bytes kept for a reader that is there and does not read. */
const MOST_UNREAD = MIB;
const SETTLE_WITHIN = SECOND;
const SETTLE_LOOK = 20 * MILLISECOND;

export interface TerminalIo {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly debug: boolean;
  /** Blacks out the secrets of this process in what an error says; absent: only what looks like one. */
  readonly clean?: (text: string) => string;
  /** Nobody reads the results any more, and nobody said that this does not matter; absent: that is an error. */
  readonly onReaderGone?: () => void;
}

export class Terminal {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #debug: boolean;
  readonly #clean: (text: string) => string;
  readonly #unread = new Set<NodeJS.WriteStream>();
  #outlives = false;

  constructor({ stdout, stderr, debug, clean, onReaderGone }: TerminalIo) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#debug = debug;
    this.#clean = clean ?? ((text) => new Redactor().text(text));
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

  /**
   * From here on whatever can't be written is passed over: what this process does matters more than who watches it. Nor
   * does it wait for a terminal that was stopped (Ctrl-S), as Node else does.
   */
  outliveReaders(): void {
    this.#outlives = true;
    for (const stream of [this.#stdout, this.#stderr]) dontBlock(stream);
  }

  /** Resolves when all is written, or after a moment when nobody reads: then false. */
  async settle(): Promise<boolean> {
    const deadline = Date.now() + SETTLE_WITHIN;
    const isWaiting = () =>
      [this.#stdout, this.#stderr].some((stream) => !this.#unread.has(stream) && stream.writableLength > 0);
    while (isWaiting()) {
      if (Date.now() > deadline) return false;
      await delay(SETTLE_LOOK);
    }
    return true;
  }

  /** Nobody has to read what is written. */
  get outlives(): boolean {
    return this.#outlives;
  }

  /** Somebody looks at it: stdout is no file and no pipe. */
  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** A line of result. */
  print(line = ""): void {
    this.#write(this.#stdout, line);
  }

  /** A result as it is, with nothing added. */
  raw(text: string): void {
    if (text !== "") this.#send(this.#stdout, text);
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
    this.#send(stream, `${line}\n`);
  }

  #send(stream: NodeJS.WriteStream, text: string): void {
    if (this.#unread.has(stream)) return;
    if (this.#outlives && stream.writableLength > MOST_UNREAD) return;
    stream.write(text);
  }

  /**
   * `Error: <what>. <what to do>.` without secrets, and never a stack, unless BELLOWS_DEBUG asks for it. `clean`: of
   * whoever knows more secrets than the environment's.
   */
  error(thrown: unknown, clean = this.#clean): void {
    const say = (line: string) => this.note(clean(line));
    if (thrown instanceof ConfigError && thrown.problems.length > 1) {
      say(`Error: ${thrown.problems.length} settings are wrong.`);
      for (const problem of thrown.problems) say(`  ${problemSentence(problem)}. ${sentence(problem.fix)}`);
    } else {
      say(`Error: ${advice(toErrorValue(thrown))}`);
    }
    if (this.#debug && thrown instanceof Error) say(stackWithCauses(thrown));
  }
}

/** A terminal's handle; libuv then keeps what can't be written yet, as it does for a pipe. Nothing public says this. */
function dontBlock(stream: NodeJS.WriteStream): void {
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (blocks: boolean) => unknown } };
  if (stream.isTTY) handle?.setBlocking?.(false);
}

function stackWithCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackWithCauses(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}

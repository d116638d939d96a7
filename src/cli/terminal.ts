/** What the CLI writes: results to stdout, everything else to stderr, colour only where a person looks at it. */
import { styleText } from "node:util";
import { ConfigError, sentence as problemSentence } from "../engine/config/config-error.ts";
import { toErrorValue } from "../shared/errors.ts";
import { advice, sentence } from "./format.ts";

export type Style = Parameters<typeof styleText>[0];

export class Terminal {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #debug: boolean;

  constructor(io: { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream; debug: boolean }) {
    this.#stdout = io.stdout;
    this.#stderr = io.stderr;
    this.#debug = io.debug;
  }

  /** Somebody looks at it: stdout is no file and no pipe. */
  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** A line of result. */
  print(line = ""): void {
    this.#stdout.write(`${line}\n`);
  }

  /** One line of JSON. */
  json(value: unknown): void {
    this.#stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** A line about the result, kept out of pipes. */
  note(line: string): void {
    this.#stderr.write(`${line}\n`);
  }

  /** Colour when stdout is a terminal and NO_COLOR is not set. */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stdout });
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

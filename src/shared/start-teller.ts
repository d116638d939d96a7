/** Tells a terminal of a start that takes long: of each step, and of each model, the beginning. */
import type { Spoken } from "./words/said.ts";

export class StartTeller {
  readonly #say: (line: string) => void;
  #step: string | null = null;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Absent: nothing that takes long is being done. */
  hear(doing: Spoken | undefined): void {
    const step = doing === undefined ? null : stepOf(doing);
    if (doing !== undefined && step !== this.#step) this.#say(`Starting: ${doing.text}.`);
    this.#step = step;
  }
}

/** Without what counts up within it. */
function stepOf({ text, said }: Spoken): string {
  return said === undefined ? text : `${said.key} ${String(said.values.model)}`;
}

/** What a terminal is told of the app's life, in English like all of the command line: few lines, each once. */
import type { EngineStatus } from "../shared/contract/bridge.ts";
import type { State } from "../shared/contract/views.ts";
import { StartTeller } from "../shared/start-teller.ts";

/** What of the state is named. */
export type ToldState = Pick<State, "engine" | "markets">;

export interface TerminalWordsOptions {
  readonly say: (line: string) => void;
  /** The command that prints an address of the dashboard. */
  readonly dashboard: string;
}

export class TerminalWords {
  readonly #say: (line: string) => void;
  readonly #dashboard: string;
  readonly #starting: StartTeller;
  #wasUp = false;
  #up = false;
  #told = "";

  constructor({ say, dashboard }: TerminalWordsOptions) {
    this.#say = say;
    this.#dashboard = dashboard;
    this.#starting = new StartTeller(say);
  }

  /** With status and state after every change. */
  follow(status: EngineStatus, state: ToldState | null): void {
    if (status.state === "up") {
      if (state !== null) this.#ready(state);
      return;
    }
    this.#up = false;
    this.#starting.hear("doing" in status ? status.doing : undefined);
    if (status.state === "starting" || status.state === "stopping") return;
    const cause = status.error === null ? "it ended" : `${status.error.message} (${status.error.code})`;
    const line = `${status.state === "failed" ? "The engine does not run" : "The engine is started again"}: ${cause}.`;
    if (line !== this.#told) this.#say(line);
    this.#told = line;
  }

  #ready({ engine, markets }: ToldState): void {
    if (this.#up) return;
    this.#up = true;
    this.#told = "";
    if (this.#wasUp) {
      this.#say("The engine is back.");
      return;
    }
    this.#wasUp = true;
    const where =
      engine.mode === "demo"
        ? "two demo markets on this machine, play money, real work"
        : markets.map(({ id }) => id.toUpperCase()).join(" and ");
    this.#say(`Bellows is ready: ${where}.`);
    this.#say(`Data in ${engine.dataFolder}; its log is logs/bellows.log there.`);
    this.#say(`In a browser: \`${this.#dashboard}\` prints an address that shows the same.`);
    this.#say("Closing its window does not end it: Quit in the menu of tray or window does, or Ctrl-C here.");
  }
}

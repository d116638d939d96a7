import { describe, expect, it } from "vitest";
import { TerminalWords, type ToldState } from "../../../src/main/terminal-words.ts";
import { say } from "../../../src/shared/words/said.ts";

const error = { code: "ENGINE_FAILED", message: "engine was ended by SIGKILL", actor: "machine" } as const;
const stateOf = (mode: "demo" | "live", ...ids: string[]) =>
  ({ engine: { mode, dataFolder: "/data/x" }, markets: ids.map((id) => ({ id })) }) as unknown as ToldState;

function words() {
  const said: string[] = [];
  return {
    said,
    terminal: new TerminalWords({ say: (line) => said.push(line), dashboard: "bellows dashboard" }),
  };
}

describe("TerminalWords", () => {
  it("says once that it is ready, for which markets, where its data lies and how it ends", () => {
    const { said, terminal } = words();
    terminal.follow({ state: "starting", since: 1 }, null);
    terminal.follow({ state: "up", since: 2 }, null);
    expect(said).toEqual([]);
    for (let change = 0; change < 3; change++)
      terminal.follow({ state: "up", since: 2 }, stateOf("live", "aitbc", "aicf"));
    expect(said[0]).toBe("Bellows is ready: AITBC and AICF.");
    expect(said.join("\n")).toContain("/data/x");
    expect(said.join("\n")).toContain("`bellows dashboard`");
    expect(said.at(-1)).toMatch(/Quit .*Ctrl-C/);
    expect(said).toHaveLength(4);
  });

  it("names the demo as play", () => {
    const { said, terminal } = words();
    terminal.follow({ state: "up", since: 2 }, stateOf("demo", "aitbc"));
    expect(said[0]).toMatch(/demo markets.*play money/);
  });

  it("tells of a start that takes long, each step and model once", () => {
    const { said, terminal } = words();
    for (const percent of [1, 2]) {
      const doing = say("startCheckingModel", { model: "a", percent });
      terminal.follow({ state: "starting", since: 1, doing }, null);
    }
    terminal.follow(
      { state: "starting", since: 1, doing: say("startCheckingModel", { model: "b", percent: 0 }) },
      null,
    );
    expect(said).toEqual(["Starting: Checking the model a: 1 %.", "Starting: Checking the model b: 0 %."]);
  });

  it("tells a loss with its cause once, and the return", () => {
    const { said, terminal } = words();
    terminal.follow({ state: "up", since: 2 }, stateOf("demo"));
    said.length = 0;
    terminal.follow({ state: "restarting", since: 3, error }, null);
    terminal.follow({ state: "restarting", since: 3, error }, null);
    terminal.follow({ state: "up", since: 4 }, null);
    terminal.follow({ state: "up", since: 4 }, stateOf("demo"));
    expect(said).toEqual([
      "The engine is started again: engine was ended by SIGKILL (ENGINE_FAILED).",
      "The engine is back.",
    ]);
    terminal.follow({ state: "failed", since: 5, error }, null);
    expect(said.at(-1)).toBe("The engine does not run: engine was ended by SIGKILL (ENGINE_FAILED).");
  });
});

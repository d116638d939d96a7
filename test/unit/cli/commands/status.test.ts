import { expect, it } from "vitest";
import { statusLines } from "../../../../src/cli/commands/status.ts";
import type { State } from "../../../../src/shared/contract/views.ts";
import { earning } from "../../../e2e/ui/states.ts";

const NOW = Date.UTC(2026, 10, 22, 8);

function marketRows(state: State): string[][] {
  const lines = statusLines(state, NOW, { style: (_style, text) => text });
  const head = lines.findIndex((line) => line.startsWith("Market "));
  return lines.slice(head + 1, head + 1 + state.markets.length).map((line) => line.split(/ {2,}/));
}

it("says of a market that nobody speaks with what the window says", () => {
  const running = earning(NOW);
  const stopped: State = { ...running, engine: { ...running.engine, intent: "stopped" } };
  expect(marketRows(running).map(([, state]) => state)).toEqual(["connected", "connected"]);
  expect(marketRows(stopped).map(([, state, , , answer]) => [state, answer])).toEqual([
    ["not in use", "–"],
    ["not in use", "–"],
  ]);
});

it("says under the markets what does not work there", () => {
  const state = earning(NOW);
  const text = "What was paid can't be read: the node does not answer.";
  const markets = state.markets.map((market) =>
    market.id === "aicf" ? { ...market, limits: [{ of: "money" as const, failing: true, text }] } : market,
  );
  const lines = statusLines({ ...state, markets }, NOW, { style: (_style, words) => words });
  const head = lines.findIndex((line) => line.startsWith("Market "));
  expect(lines.slice(head + 1 + markets.length)[0]).toBe(`AICF: ${text}`);
});

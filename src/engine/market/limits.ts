/** What does not work at a market and why, one sentence each, with what of it is meant. */
import type { MarketLimit } from "../../shared/contract/views.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { type EngineKey, say, sayError, sayRemedy } from "../../shared/words/said.ts";

const limit =
  (isFailing: boolean) =>
  (of: MarketLimit["of"], key: EngineKey): MarketLimit => ({ of, failing: isFailing, ...say(key) });

/** What is not set up, or what the market has not. */
export const lacking = limit(false);
export const failing = limit(true);

/** Its books can't be read, while work goes on without them. */
export function booksUnread(error: ErrorValue): MarketLimit {
  const what = say("limitBooksUnread", { why: sayError(error).said }).said;
  const help = sayRemedy(error);
  return {
    of: "money",
    failing: true,
    ...(help === null ? say("fullStop", { what }) : say("errorAndHelp", { what, help: help.said })),
  };
}

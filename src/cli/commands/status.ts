/** `bellows status`: the state sentence first, then its proofs. */
import type { MarketView, State } from "../../shared/contract/views.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { advice, ago, fields, marketName, money, orUnknown, owed, span, table, UNKNOWN } from "../format.ts";
import type { Style, Terminal } from "../terminal.ts";

const LEVEL_STYLE: Readonly<Record<State["headline"]["level"], Style>> = {
  error: "red",
  attention: "yellow",
  offline: "yellow",
  stopped: "dim",
  paused: "dim",
  finishing: "dim",
  starting: "cyan",
  earning: "green",
  idle: "cyan",
};

/** The same words as in the window. */
const STATE_WORDS: Readonly<Record<MarketView["state"], string>> = {
  connecting: "connecting",
  registered: "connected",
  unreachable: "not reachable",
  refused: "refused",
  off: "off",
};

/** Stopped by the person: nobody speaks with a market then. */
function stateOf({ state }: MarketView, stopped: boolean): string {
  return stopped && state === "registered" ? "not in use" : STATE_WORDS[state];
}

const answerOf = ({ lastPollAnswer }: MarketView, stopped: boolean) =>
  stopped ? UNKNOWN : orUnknown(lastPollAnswer);

export async function status(
  context: CliContext,
  engine: EngineClient,
  options: { json: boolean },
): Promise<void> {
  const snapshot = await engine.invoke("state.snapshot", {});
  if (options.json) context.terminal.json(snapshot);
  else
    for (const line of statusLines(snapshot.state, context.now(), context.terminal))
      context.terminal.print(line);
}

export function statusLines(state: State, now: number, terminal: Pick<Terminal, "style">): string[] {
  const { engine, headline, throughput } = state;
  const stopped = engine.intent === "stopped";
  return [
    terminal.style(LEVEL_STYLE[headline.level], `${headline.sentence}.`),
    ...headline.reasons.map(({ text, help }) => `  ${advice({ message: text, help })}`),
    "",
    ...engine.notices.flatMap((notice) => [`Notice: ${advice(notice)}`, ""]),
    ...table(
      [
        { title: "Market", value: (market) => marketName(market.id) },
        { title: "State", value: (market) => stateOf(market, stopped) },
        { title: "Heartbeat", align: "right", value: (market) => ago(market.lastHeartbeatAckAt, now) },
        { title: "Asked for work", align: "right", value: (market) => ago(market.lastPollAt, now) },
        { title: "Answer", value: (market) => answerOf(market, stopped) },
        { title: "Accepted", align: "right", value: (market) => ago(market.lastAcceptedAt, now) },
        { title: "Held", align: "right", value: (market) => String(market.leasesHeld) },
      ],
      state.markets,
    ),
    ...state.markets.flatMap(({ id, limits = [] }) => limits.map(({ text }) => `${marketName(id)}: ${text}`)),
    "",
    ...table(
      [
        {
          title: "Earnings",
          value: (row) => `${marketName(row.market)}${row.notConfigured ? " (not configured any more)" : ""}`,
        },
        { title: "Settled today", align: "right", value: (row) => money(row.settledToday) },
        {
          title: "Pending today",
          align: "right",
          value: (row) => owed(row.pendingToday, row.periods.today.unpriced),
        },
        { title: "Settled in all", align: "right", value: (row) => money(row.settledTotal) },
        { title: "Accepted today", align: "right", value: (row) => String(row.acceptedToday) },
        { title: "Failed today", align: "right", value: (row) => String(row.failedToday) },
        { title: "Checked", align: "right", value: (row) => ago(row.reconciledAt, now) },
      ],
      state.earnings,
    ),
    "",
    ...fields([
      ["Results", `${throughput.jobsLastMinute} in the last minute, ${throughput.acceptedTotal} in all`],
      [
        "Engine",
        `Bellows ${engine.version}, ${engine.mode}, pid ${engine.pid}, up ${span(now - engine.startedAt)}`,
      ],
      ...(engine.metricsUrl ? [["Metrics", engine.metricsUrl] as const] : []),
      ["Data", engine.dataFolder],
    ]),
  ];
}

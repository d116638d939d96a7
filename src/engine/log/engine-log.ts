/** What an engine writes into its log: its audit rows, the ends of jobs, and every change of the one sentence of state. */
import type { Headline } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { formatDecimal } from "../../shared/money.ts";
import { everyBeat } from "../../shared/wait.ts";
import { describeActivity, levelOf } from "../ledger/activity-words.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { WorkBoard } from "../work/board.ts";
import type { Log } from "./log.ts";

/** The sentence is derived from proofs that age: it is looked at this often. */
const HEADLINE_EVERY = 10 * SECOND;

export interface EngineLogSources {
  readonly ledger: Ledger;
  readonly board: WorkBoard;
  readonly headline: () => Headline;
}

/** Returns how to stop. */
export function keepLog(log: Log, { ledger, board, headline }: EngineLogSources): () => void {
  const stopAudit = ledger.onAudit(({ type, detail, about }) => {
    const level = levelOf(type, detail);
    const { market, row } = about;
    const text = describeActivity(type, JSON.stringify(detail));
    const message = text === null ? words(type) : `${words(type)}: ${text.text}`;
    const facts = { event: type, market, ...(row === undefined ? {} : ledger.leases.names(row)) };
    if (level === "problem") log.error(message, facts);
    else if (level === "notice") log.warn(message, facts);
    else log.info(message, facts);
  });
  const stopBoard = board.onChange(({ row, market, event, state }) => {
    const ended = event === "accept" || event === "fail" || event === "expire" || event === "lose";
    if (ended ? !log.wants("info") : !log.wants("debug")) return;
    const offered = event === "accept" ? ledger.leases.offered(row) : null;
    const facts = {
      event,
      state,
      market,
      ...ledger.leases.names(row),
      ...(offered !== null && { offered: formatDecimal(offered), currency: offered.currency }),
    };
    if (ended) log.info(`Job ${state}`, facts);
    else log.debug(`Job ${state}`, facts);
  });
  let last = "";
  const look = () => {
    const { level, sentence, reasons } = headline();
    const shape = `${level} ${[sentence, ...reasons.map(({ text }) => text)].join(" ").replaceAll(/\d+/g, "#")}`;
    if (shape === last) return;
    last = shape;
    const facts = { state: level, ...(reasons.length === 0 ? {} : { why: reasons.map(({ text }) => text) }) };
    if (level === "error" || level === "attention" || level === "offline") log.warn(sentence, facts);
    else log.info(sentence, facts);
  };
  const stopLooks = everyBeat(HEADLINE_EVERY, look);
  look();
  return () => {
    stopLooks();
    stopAudit();
    stopBoard();
  };
}

/** "market-error" → "Market error" */
const words = (type: string) => type.charAt(0).toUpperCase() + type.slice(1).replaceAll("-", " ");

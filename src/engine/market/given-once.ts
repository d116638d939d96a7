/**
 * An order about money that a market would carry out twice if it were given twice. When its answer is lost, the market's
 * own books say whether it arrived; when they don't, the person hears that it may have, and not that it failed.
 */
import { SECOND } from "../../shared/durations.ts";
import { AppError, type ErrorCode, isAbort } from "../../shared/errors.ts";
import { pause } from "../../shared/wait.ts";

const LOOKS = 3;
const LOOK_WITHIN = 3 * SECOND;
/** An order on its way may stand in the books a moment later. */
const LOOK_AGAIN = SECOND;
/** The market never heard of it. */
const NEVER_SENT: ReadonlySet<string> = new Set<ErrorCode>([
  "CONNECTION_REFUSED",
  "HOST_NOT_FOUND",
  "HOST_UNREACHABLE",
  "TLS_DATE",
  "TLS_FAILED",
]);

export interface Order<T> {
  /** "The stake", for the message. */
  readonly what: string;
  /** One try and no more. */
  send(): Promise<T>;
  /** Was it carried out, by the market's books? null: they don't show it. */
  find(signal: AbortSignal): Promise<T | null>;
}

/** Throws ORDER_UNCLEAR when nobody can say whether it was carried out, else what refused it. */
export async function giveOnce<T>(order: Order<T>): Promise<T> {
  try {
    return await order.send();
  } catch (thrown) {
    if (!mayHaveArrived(thrown)) throw thrown;
    const found = await lookFor(order);
    if (found === null) throw unclear(order.what, thrown);
    return found;
  }
}

async function lookFor<T>(order: Order<T>): Promise<T | null> {
  for (let look = 1; ; look += 1) {
    const signal = AbortSignal.timeout(LOOK_WITHIN);
    try {
      const found = await order.find(signal);
      if (found !== null) return found;
    } catch (thrown) {
      if (!(thrown instanceof AppError) && !isAbort(thrown)) throw thrown;
    }
    if (look === LOOKS) return null;
    await pause(LOOK_AGAIN, AbortSignal.timeout(LOOK_WITHIN));
  }
}

/** Could a call that failed so have done its work all the same? */
export function mayHaveArrived(thrown: unknown): boolean {
  if (isAbort(thrown)) return true;
  if (!(thrown instanceof AppError) || NEVER_SENT.has(thrown.code)) return false;
  return thrown.actor === "network" || thrown.code === "UNREADABLE_ANSWER" || thrown.code === "MARKET_ERROR";
}

function unclear(what: string, cause: unknown): AppError {
  const said = cause instanceof AppError ? cause.message : "the market did not answer in time";
  return new AppError({
    code: "ORDER_UNCLEAR",
    message: `${what} may have arrived, or not: ${said}`,
    actor: "network",
    help: "Look at the stake and the balance in a few minutes, before you give the order again.",
    cause,
  });
}

/** What can be wrong with a wish to offer, and with a board. */
import { AppError } from "../../shared/errors.ts";
import type { OfferBoard } from "../market/port.ts";

/** A no that stays a no; what may pass is tried again. */
export function isRefusal(thrown: unknown): thrown is AppError {
  return (
    thrown instanceof AppError && !thrown.retryable && (thrown.actor === "market" || thrown.actor === "user")
  );
}

export function idsTaken(board: OfferBoard): AppError {
  return new AppError({
    code: "OFFER_IDS_TAKEN",
    message: `The ids this GPU could be offered under at ${board.endpoint} all belong to somebody else`,
    actor: "user",
    help: "Choose another name for this machine at the market.",
  });
}

export function timedOut(board: OfferBoard): AppError {
  return new AppError({
    code: "MARKET_TIMEOUT",
    message: `${board.name} at ${board.endpoint} did not answer in time`,
    actor: "network",
    retryable: true,
  });
}

export function noMarketPrice(name: string, how: string): AppError {
  return new AppError({
    code: "NO_MARKET_PRICE",
    message: `No price is found for ${name}: ${how}`,
    actor: "user",
    help: "Set a fixed price.",
  });
}

export function noOffer(device: string | undefined): AppError {
  return new AppError({
    code: "NO_SUCH_OFFER",
    message: device === undefined ? "No GPU is offered here" : `The GPU "${device}" is not offered here`,
    actor: "user",
    help: "Ask for the list of offers first.",
  });
}

/** `boards`: the ids of those there are. */
export function noBoard(board: string | undefined, boards: readonly string[]): AppError {
  const none = boards.length === 0;
  return new AppError({
    code: "NO_OFFERS_THERE",
    message: none
      ? "This market has no place to offer GPUs, or is not configured"
      : `This market has no board "${board}"`,
    actor: "user",
    help: none ? "Configure it first." : `It has ${boards.join(", ")}.`,
  });
}

export function noGpu(device: string | undefined, anyHere: boolean): AppError {
  return new AppError({
    code: "NO_SUCH_GPU",
    message: device === undefined ? "This machine has no GPU to offer" : `There is no GPU "${device}"`,
    actor: "user",
    help: anyHere ? "`bellows devices` lists them." : "Offers are for NVIDIA GPUs; see `bellows devices`.",
  });
}

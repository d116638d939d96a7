/** What can be wrong with the answer of a worker, or of a Prometheus, that did answer. */
import { AppError } from "../../shared/errors.ts";
import { shownAddress } from "./exchange.ts";

const CHECK_ADDRESS = "Check the address in the inventory.";

export function unexpectedAnswer(url: string, status: number): AppError {
  return new AppError({
    code: "UNEXPECTED_ANSWER",
    message: `${shownAddress(url)} answered ${status}`,
    actor: "user",
    help: CHECK_ADDRESS,
  });
}

export function notAWorker(cause?: unknown): AppError {
  return new AppError({
    code: "NOT_A_WORKER",
    message: "What answers there is no Bellows engine, or one of another version",
    actor: "user",
    help: CHECK_ADDRESS,
    cause,
  });
}

export function notPrometheus(url: string, cause: unknown): AppError {
  return new AppError({
    code: "NOT_PROMETHEUS",
    message: `What answers at ${shownAddress(url)} is no Prometheus`,
    actor: "user",
    help: CHECK_ADDRESS,
    cause,
  });
}

/** It answers, and has not one series of such a job. */
export function nobodyScraped(url: string, job: string): AppError {
  return new AppError({
    code: "NOBODY_SCRAPED",
    message: `Prometheus at ${shownAddress(url)} scrapes no worker under the job "${job}"`,
    actor: "user",
    help: "Name its job with --job NAME, or as job under [prometheus] of the inventory.",
  });
}

/** Prometheus keeps the name of a worker that it can't scrape. */
export function workerDown(): AppError {
  return new AppError({
    code: "WORKER_DOWN",
    message: "Prometheus can't reach it",
    actor: "machine",
    help: "Look whether it runs, and whether METRICS_HOST lets Prometheus in.",
  });
}

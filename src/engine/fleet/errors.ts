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

/** It is one, and says what it is in words that this version does not know. */
export class OtherVersion extends AppError {
  readonly version: string;

  constructor(version: string, cause: unknown) {
    super({
      code: "WORKER_OTHER_VERSION",
      message: `It runs Bellows ${version}, which says how it is otherwise than this version reads it`,
      actor: "user",
      help: "Bring both to one version; until then its metrics may be read.",
      cause,
    });
    this.version = version;
  }
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

/** The engine there is up, and refuses the token of this copy. */
export function controlFileOld(file: string, cause: unknown): AppError {
  return new AppError({
    code: "CONTROL_FILE_OLD",
    message: `The engine was started again since ${file} was copied`,
    actor: "user",
    help: "Copy its control.json again: each start makes a new one. Its metrics need no copy.",
    cause,
  });
}

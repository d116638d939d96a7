/**
 * One HTTP exchange with a worker. Not `fetch`: through a tunnel a control API is asked under the name it listens on,
 * and `fetch` lets nobody set Host.
 */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { MIB, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";

/** A worker answers at once; whoever has to work for its answer is given longer. */
const WITHIN = 5 * SECOND;

export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

export interface Asked {
  readonly signal: AbortSignal;
  /** An answer is not read beyond this many bytes. */
  readonly largest: number;
  /** How long the whole answer may take, ms; absent: 5 s. */
  readonly within?: number;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Throws AppError WORKER_SILENT when there is no answer, NOT_ASKED when `signal` was aborted before one came. */
export async function exchange(url: string, asked: Asked): Promise<Answer> {
  const { within = WITHIN } = asked;
  const timeout = AbortSignal.timeout(within);
  try {
    return await answerTo(url, asked, AbortSignal.any([asked.signal, timeout]));
  } catch (cause) {
    if (asked.signal.aborted) throw notAsked();
    const reason = timeout.aborted ? `within ${within / SECOND} s` : `(${reasonOf(cause)})`;
    throw new AppError({
      code: "WORKER_SILENT",
      message: `${new URL(url).host} does not answer ${reason}`,
      actor: "machine",
      help: "Look whether it runs, and whether this machine may reach it.",
      cause,
    });
  }
}

function answerTo(url: string, asked: Asked, signal: AbortSignal): Promise<Answer> {
  const { method = "GET", headers = {}, largest, body } = asked;
  const send = new URL(url).protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise<Answer>((resolve, reject) => {
    const sent = send(url, { method, headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.byteLength;
        if (size > largest) response.destroy(new Error(`the answer is over ${largest / MIB} MiB`));
        else chunks.push(chunk);
      });
      response.on("end", () =>
        resolve({ url, status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Too many machines were silent, and the look at all of them is over. */
function notAsked(): AppError {
  return new AppError({
    code: "WORKER_NOT_ASKED",
    message: "The time for a look at all machines was over before this one answered",
    actor: "machine",
    help: "Look after the silent ones, or let a Prometheus read the fleet.",
  });
}

/** An address for a person: a password in it, and what follows a question mark, is nobody's business. */
export function shownAddress(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return "code" in thrown ? String(thrown.code) : thrown.message;
}

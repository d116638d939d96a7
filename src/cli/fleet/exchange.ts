/**
 * One HTTP exchange with a worker. Not `fetch`: through a tunnel a control API is asked under the name it listens on,
 * and `fetch` lets nobody set Host.
 */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { MIB, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";

const WITHIN = 10 * SECOND;
/** A Prometheus that knows thousands of workers answers with some megabytes. */
const LARGEST = 256 * MIB;

export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

export interface Asked {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Throws AppError WORKER_SILENT when there is no answer. */
export async function exchange(
  url: string,
  { method = "GET", headers = {}, body }: Asked = {},
): Promise<Answer> {
  const send = new URL(url).protocol === "https:" ? httpsRequest : httpRequest;
  const signal = AbortSignal.timeout(WITHIN);
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const sent = send(url, { method, headers, signal }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.byteLength;
          if (size > LARGEST) response.destroy(new Error(`the answer is over ${LARGEST / MIB} MiB`));
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
  } catch (cause) {
    const reason = signal.aborted ? `within ${WITHIN / SECOND} s` : `(${reasonOf(cause)})`;
    throw new AppError({
      code: "WORKER_SILENT",
      message: `${new URL(url).host} does not answer ${reason}`,
      actor: "machine",
      help: "Look whether it runs, and whether this machine may reach it.",
      cause,
    });
  }
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return "code" in thrown ? String(thrown.code) : thrown.message;
}

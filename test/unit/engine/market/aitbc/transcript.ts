/** The recorded sessions with the real services (test/fixtures/aitbc/*.txt), exchange by exchange. */
import { readFileSync } from "node:fs";

export type TranscriptName = "coordinator-miner" | "gpu-service-guide-era" | "gpu-service-today";

export interface Exchange {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With the query. */
  readonly path: string;
  /** As sent; a text where it was not JSON. */
  readonly sent: unknown;
  /** Of `-H` flags: "X-Api-Key: …". */
  readonly flags: string;
  readonly withKey: boolean;
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
}

const REQUEST = /^>>> (GET|POST|PUT|DELETE) (\S+)\s+(?:body=(.*?) ?)?((?:-H .*)?)$/;

export function transcript(name: TranscriptName = "coordinator-miner"): Exchange[] {
  const file = new URL(`../../../../fixtures/aitbc/${name}.txt`, import.meta.url);
  return readFileSync(file, "utf8")
    .split(/^(?=>>> )/m)
    .flatMap((block) => {
      const [head = "", statusLine = "", ...rest] = block.split("\n");
      const request = REQUEST.exec(head);
      const status = /^HTTP\/1\.1 (\d+)/.exec(statusLine)?.[1];
      if (!request || status === undefined) return [];
      const text = rest[rest.indexOf("") + 1] ?? "";
      const [, method = "GET", path = "", sent, flags = ""] = request;
      return [
        {
          method: method as Exchange["method"],
          path,
          sent: parse(sent),
          flags,
          withKey: flags.includes("X-Miner-ID"),
          status: Number(status),
          text,
          body: text === "" ? undefined : JSON.parse(text),
        },
      ];
    });
}

/** How many exchanges the file holds, counted without reading them. */
export function countOf(name: TranscriptName): number {
  const file = new URL(`../../../../fixtures/aitbc/${name}.txt`, import.meta.url);
  return readFileSync(file, "utf8").match(/^>>> /gm)?.length ?? 0;
}

function parse(sent: string | undefined): unknown {
  if (sent === undefined) return undefined;
  try {
    return JSON.parse(sent);
  } catch {
    return sent; // The recorder also sent what is not JSON.
  }
}

/** Those of one call, by method and the end of its path; `{…}` stands for one segment. */
export function recorded(method: string, pattern: string): Exchange[] {
  const path = new RegExp(`^${pattern.replace(/\{\w+\}/g, "[^/]+")}$`);
  return transcript().filter((exchange) => exchange.method === method && path.test(exchange.path));
}

/** The only one with this status, or the first. */
export function recordedWith(method: string, pattern: string, status: number): Exchange {
  const found = recorded(method, pattern).find((exchange) => exchange.withKey && exchange.status === status);
  if (!found) throw new Error(`No recorded ${method} ${pattern} with ${status}`);
  return found;
}

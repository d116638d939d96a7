/** The recorded session with the real coordinator (test/fixtures/aitbc/coordinator-miner.txt), exchange by exchange. */
import { readFileSync } from "node:fs";

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly sent: unknown;
  readonly withKey: boolean;
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
}

const FILE = new URL("../../../../fixtures/aitbc/coordinator-miner.txt", import.meta.url);
const REQUEST = /^>>> (GET|POST|PUT|DELETE) (\S+)\s+(?:body=(\{.*?\}) )?\s*(.*)$/;

export function transcript(): Exchange[] {
  return readFileSync(FILE, "utf8")
    .split(/^(?=>>> )/m)
    .flatMap((block) => {
      const [head = "", statusLine = "", ...rest] = block.split("\n");
      const request = REQUEST.exec(head);
      const status = /^HTTP\/1\.1 (\d+)/.exec(statusLine)?.[1];
      if (!request || status === undefined) return [];
      const blank = rest.indexOf("");
      const text = rest[blank + 1] ?? "";
      const body = text === "" ? undefined : JSON.parse(text);
      const [, method = "", path = "", sent] = request;
      const withKey = (request[4] ?? "").includes("X-Miner-ID");
      return [
        {
          method,
          path,
          sent: sent === undefined ? undefined : JSON.parse(sent),
          withKey,
          status: Number(status),
          text,
          body,
        },
      ];
    });
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

/**
 * A real HTTP proxy in front of a real service, that misbehaves on demand: it cuts the connection before a request
 * reaches the service, loses the answer after the service acted, answers itself, or holds the answer back.
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "./side-by-side.ts";

export type Fault =
  /** The service never hears of it. */
  | { readonly kind: "reset" }
  /** The service acts, the caller never hears of it. */
  | { readonly kind: "lose-answer" }
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** The service hears the request twice; the caller gets the second answer. */
  | { readonly kind: "duplicate" }
  /** The answer comes only after `ms`, or never when the caller hangs up first. */
  | { readonly kind: "slow"; readonly ms: number };

export interface FaultProxy {
  readonly url: string;
  /** Requests that reached the proxy, "POST /v1/leases". */
  readonly seen: string[];
  /** The next request whose "METHOD path" matches suffers this, `times` times. */
  inject(match: RegExp, fault: Fault, times?: number): void;
}

/** `chance` is asked for every request that nothing was injected for: weather instead of a script. */
export async function faultProxy(
  targetUrl: string,
  chance: (call: string) => Fault | null = () => null,
): Promise<FaultProxy> {
  const target = new URL(targetUrl);
  const seen: string[] = [];
  const waiting: { match: RegExp; fault: Fault; left: number }[] = [];

  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const call = `${incoming.method} ${incoming.url}`;
    seen.push(call);
    const rule = waiting.find(({ match, left }) => left > 0 && match.test(call));
    if (rule) rule.left -= 1;
    await serve(incoming, Buffer.concat(chunks), response, rule?.fault ?? chance(call));
  });

  async function serve(
    incoming: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    fault: Fault | null,
  ): Promise<void> {
    switch (fault?.kind) {
      case "reset":
        incoming.socket.destroy();
        return;
      case "answer":
        response.writeHead(fault.status, fault.headers).end(fault.body);
        return;
      case "slow":
        await new Promise((resolve) => setTimeout(resolve, fault.ms));
        break;
      case "duplicate":
        await forward(incoming, body, response);
        break;
    }
    const answer = await forward(incoming, body, response);
    if (fault?.kind === "lose-answer") incoming.socket.destroy();
    else response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  function forward(incoming: IncomingMessage, body: Buffer, response: ServerResponse) {
    return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
      (resolve) => {
        const { method, url, headers } = incoming;
        const onward = httpRequest(
          {
            host: target.hostname,
            port: target.port,
            method,
            path: url,
            headers: { ...headers, host: target.host },
          },
          async (answer) => {
            const chunks: Buffer[] = [];
            for await (const chunk of answer) chunks.push(chunk);
            resolve({
              status: answer.statusCode ?? 502,
              headers: answer.headers,
              body: Buffer.concat(chunks),
            });
          },
        );
        onward.on("error", () => resolve({ status: 502, headers: {}, body: Buffer.alloc(0) }));
        response.once("close", () => onward.destroy());
        onward.end(body);
      },
    );
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    inject: (match, fault, times = 1) => void waiting.push({ match, fault, left: times }),
  };
}

/**
 * An eavesdropper between a worker and its market: every signed call goes through, and now and then is sent again,
 * byte for byte, a moment later. What the market said to the second one is kept.
 */
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "./side-by-side.ts";

export interface ReplayingProxy {
  readonly url: string;
  /** Answers to repeated calls: the first one's status, and the second one's. */
  readonly replays: {
    readonly call: string;
    readonly first: number;
    readonly again: number;
    readonly body: string;
  }[];
}

/** Repeats every n-th signed call. */
export async function replayingProxy(targetUrl: string, every: number): Promise<ReplayingProxy> {
  const target = new URL(targetUrl);
  const replays: { call: string; first: number; again: number; body: string }[] = [];
  let signed = 0;

  const send = (method: string, path: string, headers: NodeJS.Dict<string | string[]>, body: Buffer) =>
    new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer } | null>(
      (resolve) => {
        const onward = httpRequest(
          {
            host: target.hostname,
            port: target.port,
            method,
            path,
            headers: { ...headers, host: target.host },
          },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on("data", (chunk: Buffer) => chunks.push(chunk));
            answer.on("error", () => resolve(null));
            answer.on("end", () =>
              resolve({
                status: answer.statusCode ?? 502,
                headers: answer.headers,
                body: Buffer.concat(chunks),
              }),
            );
          },
        );
        onward.on("error", () => resolve(null));
        onward.end(body);
      },
    );

  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { method = "GET", url = "/", headers } = incoming;
    const answer = await send(method, url, headers, body);
    if (answer === null) return void incoming.socket.destroy();
    response.writeHead(answer.status, answer.headers).end(answer.body);
    if (headers["x-signature"] === undefined || ++signed % every !== 0) return;
    const again = await send(method, url, headers, body);
    if (again === null) return;
    const call = `${method} ${url}`;
    replays.push({ call, first: answer.status, again: again.status, body: again.body.toString("utf8") });
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, replays };
}

/** Request lines no browser's address bar makes, but any page or port scanner can: sent as they stand. */
import { connect } from "node:net";

/** Each passes Node's HTTP parser and is refused by `new URL` or `decodeURIComponent`, or is near to it. */
export const ODD_TARGETS = [
  "//",
  "///",
  "//[",
  "/\\",
  "/%",
  "/%zz",
  "/%E0%A4%A",
  "/api/command/%",
  "/assets/%c0%ae",
  "/healthz/%",
  "*",
  "http://[",
  "http://a:99999999/",
];

/** Headers of a request that wants to become a WebSocket. */
export const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

/** Status of the answer to one request; null: the connection was ended without one. */
export function statusOf(
  url: string,
  target: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<number | null> {
  const { hostname, port, host } = new URL(url);
  const lines = Object.entries({ host, connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () =>
      socket.write(`${[`${method} ${target} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`),
    );
    socket.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? Number.NaN) || null));
  });
}

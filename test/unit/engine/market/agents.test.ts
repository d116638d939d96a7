/** Markets through a proxy: a real one, of Node's own switch and of nothing else. */
import { once } from "node:events";
import { createServer, get } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Agents, agentFor, agentsFor } from "../../../../src/engine/market/agents.ts";
import { sendThrough } from "../../../../src/engine/market/send.ts";

/** A market, and a proxy that takes every name for it; `asked`: what the proxy was asked for. */
async function marketBehindProxy() {
  const market = createServer((request, response) => response.end(`the market says ${request.url}`));
  const listeners = new WebSocketServer({ server: market });
  listeners.on("connection", (socket) => socket.send("news"));
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const { pathname } = new URL(request.url ?? "");
    get({ host: "127.0.0.1", port: portOf(market), path: pathname }, (answer) => answer.pipe(response));
  });
  proxy.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    const onward = connect(portOf(market), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on("error", () => end.destroy());
  });
  for (const server of [market, proxy]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
  }
  return { market: `http://127.0.0.1:${portOf(market)}`, proxy: `http://127.0.0.1:${portOf(proxy)}`, asked };
}

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

function through(env: NodeJS.ProcessEnv): Agents {
  const agents = agentsFor(env);
  onTestFinished(() => {
    agents.http.destroy();
    agents.https.destroy();
  });
  return agents;
}

async function ask(agents: Agents, url: string): Promise<string> {
  const signal = AbortSignal.timeout(5_000);
  const { body } = await sendThrough(agents)(url, { method: "GET", headers: {}, redirect: "manual", signal });
  let text = "";
  for await (const piece of body ?? []) text += Buffer.from(piece).toString();
  return text;
}

test("a market is asked through the proxy that the environment names", async () => {
  const { proxy, asked } = await marketBehindProxy();
  const agents = through({ NODE_USE_ENV_PROXY: "1", HTTP_PROXY: proxy, https_proxy: proxy });
  expect(await ask(agents, "http://market.example/v1/jobs")).toBe("the market says /v1/jobs");
  // The market behind this proxy speaks no TLS: that it was asked for a tunnel is what counts.
  await expect(ask(agents, "https://market.example/v1/jobs")).rejects.toThrow();
  expect(asked).toEqual(["GET http://market.example/v1/jobs", "CONNECT market.example:443"]);
});

test("so is its stream of events", async () => {
  const { proxy, asked } = await marketBehindProxy();
  const agents = through({ NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: proxy });
  const url = "wss://market.example/aicf/ws";
  const socket = new WebSocket(url, { agent: agentFor(agents, url) });
  await once(socket, "error");
  expect(asked).toEqual(["CONNECT market.example:443"]);
});

test("a market of this machine, and one that is named as an exception, is asked directly", async () => {
  const { market, proxy, asked } = await marketBehindProxy();
  const agents = through({ NODE_USE_ENV_PROXY: "1", HTTP_PROXY: proxy, NO_PROXY: "*.lan" });
  expect(await ask(agents, `${market}/here`)).toBe("the market says /here");
  await expect(ask(agents, "http://market.lan/x")).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  expect(asked).toEqual([]);
});

test("without Node's switch nobody asks a proxy, whatever else the environment says", async () => {
  const { market, proxy, asked } = await marketBehindProxy();
  const agents = through({ HTTP_PROXY: proxy, http_proxy: proxy });
  expect(await ask(agents, `${market}/here`)).toBe("the market says /here");
  await expect(ask(agents, "http://market.invalid/x")).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  expect(asked).toEqual([]);
});

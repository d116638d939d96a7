/** The market's event stream: what its messages mean, and that a dropped connection is opened again. */
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { eventsUrl, followEvents, newsIn } from "../../../../../src/engine/market/aicf/events.ts";
import type { MarketNews } from "../../../../../src/engine/market/port.ts";

const OURS = "prov_ours";

async function stream(random = () => 0) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  const clients: WebSocket[] = [];
  const topics: (string | null)[] = [];
  server.on("connection", (client, request) => {
    clients.push(client);
    topics.push(new URL(request.url ?? "", "ws://x").searchParams.get("topics"));
  });
  await new Promise<void>((resolve) => server.once("listening", () => resolve()));
  const stop = new AbortController();
  const news: MarketNews[] = [];
  const connection: boolean[] = [];
  const done = followEvents(
    {
      url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/aicf/ws`,
      providerId: OURS,
      onNews: (one) => news.push(one),
      onConnection: (connected) => connection.push(connected),
      random,
    },
    stop.signal,
  );
  onTestFinished(async () => {
    stop.abort();
    await done;
    for (const client of clients) client.terminate();
    server.close();
  });
  await expect.poll(() => clients.length).toBe(1);
  return { clients, topics, news, connection, stop, done };
}

const message = (event: string, data: object) => JSON.stringify({ event, ts: 1_700_000_000.5, data });

describe("a message", () => {
  test.each([
    ["aicf.jobAssigned", { providerId: OURS, jobId: "0x1", leaseId: "lease_1" }, null],
    ["aicf.providerSlashed", { providerId: OURS, reason: "traps" }, "standing"],
    ["aicf.providerSlashed", { providerId: "prov_other" }, null],
    ["aicf.epochSettled", { epoch: 3 }, "money"],
    ["aicf.jobCompleted", { providerId: OURS }, null],
    ["providerSlashed", { providerId: OURS }, null],
  ])("%s %j means %s", (event, data, meaning) => {
    expect(newsIn({ event, ts: 0, data }, OURS)).toBe(meaning);
  });
});

describe("the stream", () => {
  test("leaves out each job of everybody, and asks for everything once it is connected: nothing is replayed", async () => {
    const { topics, news, connection } = await stream();
    expect(topics).toEqual(["aicf.providerSlashed,aicf.epochSettled"]);
    await expect.poll(() => news).toEqual(["work", "money", "standing"]);
    expect(connection).toEqual([true]);
  });

  test("hands on what concerns us and survives what it can't read", async () => {
    const { clients, news } = await stream();
    await expect.poll(() => news.length).toBe(3);
    for (const text of ["{", "[]", message("aicf.epochSettled", { epoch: 1 })]) clients[0]?.send(text);
    await expect.poll(() => news.at(-1)).toBe("money");
    expect(news).toHaveLength(4);
  });

  test("is opened again when it drops, and asks for everything again", async () => {
    const { clients, news, connection } = await stream();
    await expect.poll(() => news.length).toBe(3);
    clients[0]?.terminate();
    await expect.poll(() => clients.length, { timeout: 5_000 }).toBe(2);
    await expect.poll(() => news.length).toBe(6);
    expect(connection).toEqual([true, false, true]);
  });

  test("asks for what was missed when its turn is: not all workers of a market at once", async () => {
    const { clients, news } = await stream(() => 0.04);
    clients[0]?.send(message("aicf.epochSettled", { epoch: 1 }));
    await expect.poll(() => news).toEqual(["money"]);
    await expect.poll(() => news).toEqual(["money", "work", "money", "standing"]);
  });

  test("asks for nothing when it was lost before its turn", async () => {
    const { clients, news, stop, done } = await stream(() => 0.04);
    clients[0]?.send(message("aicf.epochSettled", { epoch: 1 }));
    await expect.poll(() => news).toEqual(["money"]);
    stop.abort();
    await done;
    expect(news).toEqual(["money"]);
  });

  test("ends with its signal", async () => {
    const { stop, done, connection } = await stream();
    stop.abort();
    await done;
    await expect.poll(() => connection.at(-1)).toBe(false);
  });
});

describe("its address", () => {
  const queueUrl = "http://queue:8700";
  const rpcUrl = "https://node:8545/x";
  test.each([
    [{ wsUrl: "ws://elsewhere/ws", queueUrl, rpcUrl }, "ws://elsewhere/ws"],
    [{ queueUrl, rpcUrl }, "ws://queue:8700/aicf/ws"],
    [{ queueUrl: null, rpcUrl }, "wss://node:8545/x/aicf/ws"],
    [{ queueUrl: null, rpcUrl: null }, null],
  ])("of %j is %s", (config, url) => expect(eventsUrl(config)).toBe(url));
});

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createNodeRpc } from "../../../../../src/engine/market/aicf/node-rpc.ts";
import {
  BalanceSchema,
  ClaimSchema,
  CompleteAnswerSchema,
  HeartbeatAnswerSchema,
  LeaseSchema,
  LeasesSchema,
  PayoutSchema,
  ProviderDetailSchema,
  RefusalSchema,
  RpcAnswerSchema,
} from "../../../../../src/engine/market/aicf/wire.ts";
import { serve } from "../../../../support/scripted-server.ts";

const signal = new AbortController().signal;
const RECORDED = readFileSync(
  new URL("../../../../fixtures/aicf/node-rpc.txt", import.meta.url),
  "utf8",
).split("\n");

/** Recorded answers of the node to one method, in order. */
function answers(method: string): { status: number; text: string }[] {
  return RECORDED.flatMap((line, i) => {
    const answer = /^(\d{3}) (.*)$/.exec(RECORDED[i + 1] ?? "");
    if (!line.startsWith("RPC {") || !line.includes(`"method":"${method}"`) || !answer) return [];
    return [{ status: Number(answer[1]), text: answer[2] ?? "" }];
  });
}

async function nodeAnswering(status: number, text: string) {
  const server = await serve(() => ({ status, body: text }));
  return { server, node: createNodeRpc({ rpcUrl: server.url, now: Date.now }) };
}

describe("the node's recorded answers", () => {
  test("balance, before and after the claim", async () => {
    const balances = answers("aicf.getBalance");
    expect(balances).toHaveLength(3);
    const read = [];
    for (const { status, text } of balances)
      read.push(await (await nodeAnswering(status, text)).node.balance("prov_01ce5b7f", signal));
    expect(read).toEqual([
      { available: 0n, pending: 0n, escrow: 0n, lastSettlementEpoch: null },
      { available: 0n, pending: 850_000n, escrow: 0n, lastSettlementEpoch: null },
      { available: 850_000n, pending: 0n, escrow: 0n, lastSettlementEpoch: 3 },
    ]);
  });

  test("a claim, asked with named parameters", async () => {
    const [claim] = answers("aicf.claimPayout");
    const { node, server } = await nodeAnswering(claim?.status ?? 0, claim?.text ?? "");
    expect(await node.claim("prov_01ce5b7f", signal)).toEqual({
      totalPaid: 850_000n,
      epochTo: 3,
      payouts: [
        { jobId: "0x77747ddf7c00bd31853cd36017c41a135e43d875b54c826b4f98b654e6447075", amount: 850_000n },
      ],
    });
    expect(server.seen[0]).toMatchObject({
      url: "/rpc",
      json: { jsonrpc: "2.0", method: "aicf.claimPayout", params: { providerId: "prov_01ce5b7f" } },
    });
  });

  test("errors come with status 200: a missing method stays missing, an internal error may pass", async () => {
    const [missing] = answers("aicf.heartbeat");
    const [, , internal] = answers("aicf.getProvider");
    expect(missing?.text).toContain("-32601");
    expect(internal?.text).toContain("-32603");
    const call = async (text = "") => (await nodeAnswering(200, text)).node.balance("p", signal);
    await expect(call(missing?.text)).rejects.toMatchObject({
      code: "NODE_METHOD_MISSING",
      retryable: false,
      actor: "market",
    });
    await expect(call(internal?.text)).rejects.toMatchObject({ code: "NODE_RPC_ERROR", retryable: true });
  });

  test("a page that is no JSON-RPC is unreadable or a market error", async () => {
    await expect((await nodeAnswering(200, "<html>")).node.balance("p", signal)).rejects.toMatchObject({
      code: "UNREADABLE_ANSWER",
    });
    await expect((await nodeAnswering(502, "<html>")).node.balance("p", signal)).rejects.toMatchObject({
      code: "MARKET_ERROR",
    });
    await expect((await nodeAnswering(200, '{"result":{}}')).node.balance("p", signal)).rejects.toMatchObject(
      { code: "UNREADABLE_ANSWER" },
    );
  });
});

/** Recorded exchanges with upstream's REST routes: the request line, then body and status. */
function restExchanges() {
  return RECORDED.flatMap((line, i) => {
    const path = /^GET (\S+)$/.exec(line)?.[1] ?? (line === "POST claim" ? "claim" : null);
    const answer = /^(.*) (\d{3})$/.exec(RECORDED[i + 1] ?? "");
    return path === null || !answer ? [] : [{ path, status: Number(answer[2]), text: answer[1] ?? "" }];
  });
}

describe("the node's recorded REST answers, where /rpc is not served", () => {
  const PROVIDER = "prov_01ce5b7f";
  const JOB = "0x77747ddf7c00bd31853cd36017c41a135e43d875b54c826b4f98b654e6447075";

  /** Each route answers as it did when it was recorded; anything else is 404. */
  async function recordedNode() {
    const exchanges = restExchanges();
    expect(exchanges).toHaveLength(7);
    const server = await serve(({ method, url }) => {
      const path = method === "POST" && url === `/aicf/providers/${PROVIDER}/claim` ? "claim" : url;
      const found =
        exchanges.find((exchange) => exchange.path === path) ??
        exchanges.find((exchange) => exchange.path === path.replace(/\?.*$/, ""));
      return found
        ? { status: found.status, body: found.text }
        : { status: 404, body: '{"detail":"Not Found"}' };
    });
    return { server, node: createNodeRpc({ rpcUrl: server.url, now: Date.now }) };
  }

  test("providers, a job, the balance and an empty claim are read", async () => {
    const { node, server } = await recordedNode();
    expect(await node.listProviders({}, signal)).toMatchObject([{ id: PROVIDER, stake: 100_000_000_000n }]);
    expect(await node.job(JOB, signal)).toMatchObject({
      status: "completed",
      provider_id: PROVIDER,
      fee: 1000n,
    });
    expect(await node.balance(PROVIDER, signal)).toMatchObject({
      available: 850_000n,
      lastSettlementEpoch: 3,
    });
    expect(await node.claim(PROVIDER, signal)).toMatchObject({ totalPaid: 0n, payouts: [] });
    const asked = server.seen.filter(({ url }) => url === "/rpc");
    expect(asked, "JSON-RPC is asked for once, then REST is spoken").toHaveLength(1);
  });

  test("what REST refuses is told in the node's own words", async () => {
    const { node } = await recordedNode();
    await expect(node.provider("nope", signal)).rejects.toMatchObject({
      code: "NODE_REST_ERROR",
      message: expect.stringContaining("provider nope not found"),
    });
    await expect(node.balance("somebody-else", signal)).rejects.toMatchObject({ actor: "market" });
  });
});

describe("amounts", () => {
  test("are integers or decimal texts of any size, nothing else", () => {
    const amount = (pending: unknown) => BalanceSchema.safeParse({ available: 0, pending }).data?.pending;
    expect(amount(850_000)).toBe(850_000n);
    expect(amount("123456789012345678901234567890")).toBe(123456789012345678901234567890n);
    for (const bad of [1.5, -1, 1e300, "1.5", "-1", "0x10", null]) expect(amount(bad)).toBeUndefined();
  });
});

test("random JSON is refused or read, never worse", () => {
  const schemas = [
    ...[
      ProviderDetailSchema,
      HeartbeatAnswerSchema,
      LeaseSchema,
      LeasesSchema,
      CompleteAnswerSchema,
      PayoutSchema,
    ],
    ...[RpcAnswerSchema, BalanceSchema, ClaimSchema, RefusalSchema],
  ];
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const schema of schemas) expect(typeof schema.safeParse(value).success).toBe("boolean");
    }),
  );
});

/**
 * The embedded gpu service against the recorded sessions with the real one: the same calls in the same order get the
 * same status and the same bytes, apart from what is random, a time, or a database's own words.
 */
import { expect, test } from "vitest";
import { devnet } from "../support/devnet.ts";
import { type Exchange, transcript } from "../unit/engine/market/aitbc/transcript.ts";

const KEY = "test-gpu-key-0123456789";

test.each([
  ["guide", "gpu-service-guide-era"],
  ["today", "gpu-service-today"],
] as const)("the era of %s answers as recorded, byte for byte", async (aitbcDialect, name) => {
  const market = await devnet({ aitbcDialect, gpuApiKey: KEY });
  const url = market.ready.gpuUrl ?? "";
  for (const exchange of transcript(name)) {
    const answer = await fetch(`${url}${exchange.path}`, request(exchange));
    const said = `${exchange.method} ${exchange.path} ${JSON.stringify(exchange.sent)}`;
    expect(answer.status, said).toBe(exchange.status);
    expect(masked(await answer.text()), said).toEqual(masked(exchange.text));
    expect(answer.headers.get("content-type"), said).toBe("application/json");
  }
});

test("without a key of its own today's service lets nobody in; the quirks can be switched off", async () => {
  const market = await devnet({
    aitbcDialect: "today",
    aitbcQuirksOff: ["heartbeat-revives", "queue-next-fails"],
  });
  const url = market.ready.gpuUrl ?? "";
  const refused = await fetch(`${url}/v1/miners/register`, {
    method: "POST",
    body: "{}",
    headers: { "x-api-key": KEY },
  });
  expect([refused.status, await refused.text()]).toEqual([501, '{"detail":"API key not configured"}']);

  const open = await devnet({ aitbcDialect: "guide", aitbcQuirksOff: ["heartbeat-revives", "ready-fails"] });
  const guide = open.ready.gpuUrl ?? "";
  const send = (path: string, body: unknown) =>
    fetch(`${guide}${path}`, { method: "POST", body: JSON.stringify(body) });
  const offer = {
    type: "gpu_marketplace",
    action: "offer",
    offer_id: "g",
    provider_node_id: "m",
    status: "booked",
  };
  await send("/v1/transactions", offer);
  await send("/v1/miners/heartbeat", { miner_id: "m" });
  const rows = (await (await fetch(`${guide}/v1/miners/m/gpus`)).json()) as { status: string }[];
  expect(rows.map(({ status }) => status)).toEqual(["booked"]);
  expect((await fetch(`${guide}/ready`)).status).toBe(200);
});

function request({ method, sent, flags }: Exchange): RequestInit {
  const key = /X-Api-Key: (\S+)/.exec(flags)?.[1];
  return {
    method,
    headers: { "content-type": "application/json", ...(key === undefined ? {} : { "x-api-key": key }) },
    ...(sent === undefined ? {} : { body: typeof sent === "string" ? sent : JSON.stringify(sent) }),
  };
}

/** What differs from run to run. Numbers stay as they were written: 35.0 is not 35. */
function masked(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?/g, "<time>")
    .replace(/(token|miner|jobq|cgp)_[0-9a-f]{8,16}\b/g, "$1_<hex>")
    .replace(/"gpu_[0-9a-f]{8}"/g, '"gpu_<hex>"')
    .replace(/\\n\[parameters: .*?\]\\n/s, "<parameters>")
    .replace(
      /\\n\[SQL: INSERT INTO gpu_registry.*?\](?=")|\[SQL: INSERT INTO gpu_registry.*?\]\\n\[parameters: .*?\]\]/s,
      "<sql>",
    )
    .replace(/\\n<sql>/, "<sql>");
}

/** Exchanges recorded with the real coordinator, replayed in order against the devnet: same status, same bytes. */
import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { readDevnetLog } from "../../src/devnet/log.ts";
import { encodeEmbedResult } from "../../src/shared/canonical.ts";
import { sha3_512 } from "../../src/shared/digest.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { devnetConfig, MINER_KEY } from "./devnet-process.ts";

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly body: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  readonly challenge: string | null;
  readonly answer: string;
}

const transcript = readFileSync(new URL("../fixtures/aitbc/coordinator-miner.txt", import.meta.url), "utf8");
/** Not served by the devnet (docs/markets-devnet.md "Left out"). */
const LEFT_OUT = ["/v1/marketplace", "/v1/admin", "/v1/offers", "/v1/stak"];
/** Its numbers come from how long the recording took. */
const TIMED = '{"result":{"status":"completed","output":"again"}}';
const SECOND_JOB = "10f8e0641b9544238cab05ea6113ca53";
const STARVED_JOB = "f7ab7557d7c34ad0b2814b35626fd158";

function parseTranscript(): Exchange[] {
  return transcript
    .split(/^>>> /m)
    .slice(1)
    .map((block) => {
      const [request = "", statusLine = "", ...rest] = block.split("\n");
      const [, method = "", path = "", tail = ""] = /^(\S+) (\S+) ?(.*)$/.exec(request) ?? [];
      const headers = [...tail.matchAll(/-H ([\w-]+): (.+?)(?= -H |$)/g)].map(([, name = "", value = ""]) => [
        name,
        value,
      ]);
      const body = /^ ?body=(.*?)(?: -H | *$)/.exec(tail)?.[1] ?? null;
      const blank = rest.indexOf("");
      return {
        method,
        path,
        body,
        headers: Object.fromEntries(headers) as Record<string, string>,
        status: Number(statusLine.split(" ")[1]),
        challenge:
          rest
            .slice(0, blank)
            .find((line) => line.startsWith("www-authenticate"))
            ?.split(": ")[1] ?? null,
        answer: rest[blank + 1] ?? "",
      };
    });
}

function applies({ method, path, headers, status, answer }: Exchange): boolean {
  const defaultDeny = answer.startsWith('{"detail": "');
  if (LEFT_OUT.some((prefix) => path.startsWith(prefix))) return defaultDeny;
  const minerToken =
    method === "POST" && path.startsWith("/v1/miners") && "Authorization" in headers && status === 200;
  return !minerToken;
}

/** What differs from run to run becomes a word. */
function normalise(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{32}\b/g, "<id>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+/g, "<time>")
    .replaceAll(/"(sig|key_id)":"[\w-]+"/g, '"$1":"<base64>"')
    .replaceAll(/"(completed_at|started_at)":\d{10}/g, '"$1":<unix>')
    .replaceAll(/"client":"[\w-]+"/g, '"client":"<client>"')
    .replaceAll(/"env":"\w+"/g, '"env":"<env>"');
}

/** Names and types only. */
function shape(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === "object" && value !== null ? value : value === null ? null : typeof value,
  );
}

async function start() {
  const devnet = await startDevnet(devnetConfig(tempFolder(), { payeeWallet: "ait1payee" }));
  onTestFinished(() => devnet.close());
  const { coordinatorUrl, chainRpcUrl, logFile } = devnet.ready;
  const request = async (
    base: string,
    method: string,
    path: string,
    body: string | null,
    headers: Record<string, string>,
  ) => {
    const response = await fetch(base + path, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === null ? {} : { body }),
    });
    const challenge = response.headers.get("www-authenticate");
    return { status: response.status, challenge, answer: await response.text() };
  };
  const coordinator = request.bind(null, coordinatorUrl);
  const asMiner = async (path: string, body: unknown, miner = "m1") => {
    const answer = await coordinator("POST", path, JSON.stringify(body), {
      "X-Api-Key": MINER_KEY,
      "X-Miner-ID": miner,
    });
    return {
      status: answer.status,
      body: answer.answer === "" ? null : (JSON.parse(answer.answer) as Record<string, unknown>),
    };
  };
  const submit = async (job: unknown) => {
    const { answer } = await coordinator("POST", "/v1/jobs", JSON.stringify(job), {
      Authorization: "Bearer client",
    });
    return (JSON.parse(answer) as { job_id: string }).job_id;
  };
  const chain = async (path: string) =>
    JSON.parse((await request(chainRpcUrl, "GET", path, null, {})).answer) as unknown;
  return { coordinator, asMiner, submit, chain, log: () => readDevnetLog(logFile) };
}

describe("the coordinator against the recorded one", () => {
  it("answers every miner exchange of the transcript the same", async () => {
    const { coordinator, submit } = await start();
    const exchanges = parseTranscript();
    const replayed = exchanges.filter(applies);
    expect([exchanges.length, replayed.length]).toEqual([71, 50]);
    const ids = new Map<string, string>();
    const invisible: Record<string, object> = {
      [SECOND_JOB]: { type: "inference", model: "x", prompt: "second" },
      [STARVED_JOB]: { type: "inference", model: "x", prompt: "third" },
    };

    for (const recorded of replayed) {
      const what = `${recorded.method} ${recorded.path} ${recorded.body ?? ""}`;
      // Jobs that the recording's author submitted between the lines.
      for (const [id, payload] of Object.entries(invisible)) {
        const due =
          recorded.path.includes(id) ||
          (id === SECOND_JOB && recorded.body === "{}" && recorded.path.endsWith("/poll"));
        if (due && !ids.has(id)) ids.set(id, await submit({ payload }));
      }
      let path = recorded.path;
      for (const [theirs, ours] of ids) path = path.replace(theirs, ours);
      const headers = Object.fromEntries(
        Object.entries(recorded.headers).map(([name, value]) => [
          name,
          value.replace("miner-key-two-0123456789", MINER_KEY),
        ]),
      );
      const actual = await coordinator(recorded.method, path, recorded.body, headers);
      expect(actual.status, what).toBe(recorded.status);
      expect(actual.challenge, what).toBe(recorded.challenge);
      if (recorded.body === TIMED) expect(shape(actual.answer), what).toEqual(shape(recorded.answer));
      else expect(normalise(actual.answer), what).toBe(normalise(recorded.answer));
      const [theirs, ours] = [recorded.answer, actual.answer].map(
        (text) => /^{"job_id":"([0-9a-f]{32})"/.exec(text)?.[1],
      );
      if (theirs !== undefined && ours !== undefined) {
        expect(ids.get(theirs) ?? ours, what).toBe(ours);
        ids.set(theirs, ours);
      }
    }
  });
});

describe("an embeddings job at AITBC", () => {
  const job = {
    payload: { type: "embeddings", model: "text-embed-001", input: ["one", "two"] },
    constraints: { models: ["text-embed-001"] },
    payment_amount: "0.3",
    buyer_address: "ait1buyer",
    provider_address: "ait1payee",
  };
  const shapeOf = [2, 3];
  const data = Float32Array.from([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
  const result = {
    status: "completed",
    model: "text-embed-001",
    output: { dtype: "f32", shape: shapeOf, data_base64: Buffer.from(data.buffer).toString("base64") },
    output_sha3_512: sha3_512(encodeEmbedResult({ shape: shapeOf, data })),
    receipt: "a0",
    execution_time: 0.042,
  };

  it("is escrowed, done, paid on chain, and shown gross in the earnings", async () => {
    const { asMiner, submit, chain, log } = await start();
    await asMiner("/v1/miners/register", { capabilities: { models: ["text-embed-001"] }, concurrency: 2 });
    const id = await submit(job);
    expect(await chain(`/rpc/escrow/${id}`)).toMatchObject({
      state: "funded",
      provider: "ait1payee",
      amount: "0.30000000",
    });
    expect((await asMiner("/v1/miners/poll", {})).body).toMatchObject({ job_id: id, payload: job.payload });
    expect((await asMiner("/v1/miners/m1/jobs", {})).body).toMatchObject({
      jobs: [{ job_id: id, payment_status: "escrowed" }],
    });

    const answer = await asMiner(`/v1/miners/${id}/result`, {
      result,
      metrics: { duration_ms: 42, units: 0.042 },
    });
    expect(answer.body).toMatchObject({
      status: "ok",
      receipt: { job_id: id, units: 0.042, unit_type: "gpu_seconds" },
    });
    const rows = await chain(
      "/rpc/transactions?address=ait1payee&transaction_type=ESCROW_RELEASE&limit=10&chain_id=ait-hub",
    );
    expect(rows).toMatchObject([
      { type: "ESCROW_RELEASE", recipient: "ait1payee", value: 1053, payload: { job_id: id } },
    ]);
    expect(await chain("/rpc/transactions?address=ait1payee&chain_id=ait-mainnet")).toEqual([]);
    expect(await chain(`/rpc/escrow/${id}`)).toMatchObject({
      state: "released",
      released_amount: "0.29250000",
    });
    expect(await chain("/rpc/account/ait1payee")).toEqual({
      address: "ait1payee",
      balance: 1053,
      nonce: 0,
      chain_id: "ait-hub",
    });
    expect(await chain("/rpc/balance/ait1nobody")).toMatchObject({ available_balance: 0, staked: 0 });
    expect(await chain("/rpc/account/ait1nobody")).toEqual({ detail: "Account not found" });
    expect(await chain("/rpc/escrow/none")).toEqual({ detail: "Escrow not found" });
    expect((await asMiner("/v1/miners/m1/earnings", {})).body).toMatchObject({
      total_earnings: 0.3,
      paid_earnings: 0.3,
      pending_earnings: 0,
      earnings_history: [{ job_id: id, amount: "0.30000000", payment_status: "released" }],
    });
    expect(log().filter((line) => line.event === "result")).toMatchObject([
      { jobId: id, providerId: "m1", sha3_512: result.output_sha3_512, mismatch: false, verdict: "accepted" },
    ]);
  });

  it("is given to one of two miners that poll at once", async () => {
    const { asMiner, submit } = await start();
    for (const miner of ["m1", "m2"]) {
      await asMiner(
        "/v1/miners/register",
        { capabilities: { models: ["text-embed-001"] }, concurrency: 9 },
        miner,
      );
    }
    const ids = await Promise.all(Array.from({ length: 6 }, () => submit(job)));
    const polls = await Promise.all(
      Array.from({ length: 8 }, (_, n) => asMiner("/v1/miners/poll", {}, n % 2 === 0 ? "m1" : "m2")),
    );
    const given = polls.flatMap(({ body }) => (body === null ? [] : [body.job_id]));
    expect(given.sort()).toEqual(ids.sort());
  });

  it("is refused like anything else from a stranger", async () => {
    const { coordinator } = await start();
    expect(await coordinator("POST", "/v1/miners/poll", "{}", {})).toEqual({
      status: 401,
      challenge: "Bearer",
      answer: '{"detail": "Authentication required"}',
    });
    const malformed = await coordinator("POST", "/v1/miners/register", "{bad", { "X-Api-Key": MINER_KEY });
    expect(malformed).toMatchObject({ status: 422, answer: expect.stringContaining("json_invalid") });
  });
});

describe("rate limits", () => {
  it("are off by default and stop the 51st registration of a minute when on", async () => {
    const devnet = await startDevnet(devnetConfig(tempFolder(), { rateLimits: true }));
    onTestFinished(() => devnet.close());
    const register = () =>
      fetch(`${devnet.ready.coordinatorUrl}/v1/miners/register`, {
        method: "POST",
        headers: { "X-Api-Key": MINER_KEY },
        body: '{"capabilities":{}}',
      });
    const answers = [];
    for (let call = 0; call < 51; call++) answers.push(await register());
    expect(answers.map((answer) => answer.status)).toEqual([...Array.from({ length: 50 }, () => 200), 429]);
    expect(answers[50]?.headers.get("retry-after")).toBe("60");
    expect(await answers[50]?.text()).toBe('{"detail":"Rate limit exceeded"}');
  });
});

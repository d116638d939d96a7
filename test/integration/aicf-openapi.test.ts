/**
 * The published OpenAPI document against the devnet: every route it names is served, every answer and every body our
 * adapter sends is as it says, and the devnet serves nothing beside it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { openIdentity } from "../../src/engine/identity/identity.ts";
import { createAicfAdapter } from "../../src/engine/market/aicf/adapter.ts";
import { encodeEmbedResult } from "../../src/shared/canonical.ts";
import { sha3_256, sha3_512 } from "../../src/shared/digest.ts";
import { money } from "../../src/shared/money.ts";
import { CHAIN_ID, devnet } from "../support/devnet.ts";
import { tempFolder } from "../support/temp-folder.ts";

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { content: Record<string, { schema: object }> };
  readonly responses: Record<string, { $ref?: string; content?: Record<string, { schema: object }> }>;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    responses: Record<string, Operation["responses"][string]>;
    schemas: Record<string, object>;
  };
}

const document = parse(
  readFileSync(new URL("../../resources/openapi/aicf-provider-v1.yaml", import.meta.url), "utf8"),
) as Document;
const signal = new AbortController().signal;

/** JSON schema with its references in reach; unknown members are errors, so that the document forgets none. */
function validator(schema: object): z.ZodType {
  const { schemas } = document.components;
  const strict = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strict);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => [
      key,
      key === "$ref" ? String(inner).replace("#/components/schemas/", "#/$defs/") : strict(inner),
    ]);
    const made = Object.fromEntries(entries) as Record<string, unknown>;
    return "properties" in made ? { additionalProperties: false, ...made } : made;
  };
  return z.fromJSONSchema({ ...(strict(schema) as object), $defs: strict(schemas) } as never);
}

function operationOf(method: string, path: string): Operation {
  for (const [template, operations] of Object.entries(document.paths)) {
    const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    const operation = operations[method.toLowerCase()];
    if (pattern.test(path) && operation !== undefined) return operation;
  }
  throw new Error(`The document has no ${method} ${path}`);
}

test("what the adapter and the devnet say to each other is what the document says", async () => {
  const market = await devnet();
  const seen = new Set<string>();
  const problems: string[] = [];
  const check = (what: string, schema: object, value: unknown) => {
    const result = validator(schema).safeParse(value);
    if (!result.success) problems.push(`${what}: ${z.prettifyError(result.error)}`);
  };
  const watched = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname } = new URL(url);
    const operation = operationOf(init.method ?? "GET", pathname);
    const sent = operation.requestBody?.content["application/json"];
    if (sent)
      check(
        `${operation.operationId} request`,
        sent.schema,
        JSON.parse(Buffer.from(init.body as Uint8Array).toString()),
      );
    const answer = await fetch(url, init);
    const stated = operation.responses[String(answer.status)];
    if (stated === undefined)
      problems.push(`${operation.operationId}: ${answer.status} is not in the document`);
    const name = stated?.$ref?.split("/").at(-1);
    const response = name === undefined ? stated : document.components.responses[name];
    const schema = response?.content?.["application/json"]?.schema;
    if (schema) check(`${operation.operationId} ${answer.status}`, schema, await answer.clone().json());
    seen.add(operation.operationId);
    return answer;
  };

  const { queueUrl } = market.ready;
  const identity = await openIdentity({ folder: join(tempFolder(), "identity"), mode: "demo" });
  const adapter = createAicfAdapter(
    {
      queueUrl,
      rpcUrl: null,
      chainId: CHAIN_ID,
      providerId: null,
      name: "box",
      region: "eu",
      endpoint: "https://provider.example/api",
      workerId: "w1",
      autoStakeNano: "100000000000",
    },
    { identity, fetch: watched },
  );
  const profile = { name: "box", region: "eu", concurrency: 8, models: ["text-embed-001"], devices: [] };
  const load = { inflight: 0, capacity: 8, profile };
  const wish = { max: 8, waitMs: 0, models: ["text-embed-001"] };
  const call = async (method: string, path: string, body?: object) =>
    (
      await watched(`${queueUrl}${path}`, {
        method,
        ...(body ? { body: Buffer.from(JSON.stringify(body)) } : {}),
      })
    ).json() as Promise<Record<string, unknown>>;

  await adapter.probe(signal);
  await adapter.register(profile, signal);
  await adapter.register(profile, signal);
  await expect(adapter.acquire(wish, signal)).rejects.toMatchObject({ code: "NOT_ELIGIBLE" });
  await adapter.heartbeat(load, signal);
  expect(await adapter.acquire(wish, signal)).toEqual([]);
  for (let n = 0; n < 4; n++) {
    await call("POST", "/v1/jobs", {
      kind: "embed",
      model: "text-embed-001",
      input: [`text ${n}`],
      fee: 1000,
      requester: "c",
    });
  }
  const [first, second, third, big] = await adapter.acquire(wish, signal);
  if (!first || !second || !third || !big) throw new Error("four leases were expected");
  await adapter.renew(first, 60_000, signal);
  await adapter.openLeases(signal);
  const submission = (lease: typeof first, rows: number) => {
    const output = encodeEmbedResult({ shape: [rows, 384], data: new Float32Array(rows * 384) });
    return {
      leaseId: lease.leaseId,
      jobId: lease.jobId,
      model: lease.model,
      idempotencyKey: lease.leaseId,
      output,
      sha3_512: sha3_512(output),
      sha3_256: sha3_256(output),
      shape: [rows, 384],
      receipt: Uint8Array.of(0xa0),
      computeMs: 5,
      device: "cpu",
      resend: false,
    } as Parameters<typeof adapter.submit>[0];
  };
  expect((await adapter.submit(submission(first, 1), signal)).kind).toBe("accepted");
  expect((await adapter.submit(submission(first, 1), signal)).kind).toBe("accepted");
  expect((await adapter.submit(submission(first, 2), signal)).kind).toBe("rejected");
  expect((await adapter.submit(submission(big, 200), signal)).kind).toBe("accepted");
  await adapter.fail(second, { code: "RUNTIME_FAILED", message: "it broke", retryable: true }, signal);
  await adapter.giveBack(third, "not taking work", signal);
  await adapter.giveBack(third, "again", signal);
  await call("GET", "/v1/jobs");
  await call("GET", `/v1/jobs/${first.jobId}`);
  await call("GET", `/v1/jobs/0x${"0".repeat(64)}`);
  await call("GET", `/v1/jobs/${first.jobId}/result`);
  await call("POST", "/v1/epochs/settle");
  await adapter.credits([first.jobId], signal);
  await adapter.account?.stake(money("ANM", 5n), signal);
  await adapter.account?.unstake(money("ANM", 5n), signal);

  expect(problems).toEqual([]);
  const promised = Object.values(document.paths).flatMap((operations) =>
    Object.entries(operations).flatMap(([method, one]) => (method === "parameters" ? [] : [one.operationId])),
  );
  expect([...seen].sort()).toEqual(promised.sort());
});

import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createHttpClient } from "../../../../src/engine/market/http.ts";
import {
  answerReason,
  networkError,
  parseRetryAfter,
  statusError,
} from "../../../../src/engine/market/http-errors.ts";
import { parseJson } from "../../../../src/engine/market/json.ts";
import type { Send } from "../../../../src/engine/market/send.ts";
import { MIB, MINUTE } from "../../../../src/shared/durations.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { delay } from "../../../../src/shared/wait.ts";
import { serve } from "../../../support/scripted-server.ts";

const never = new AbortController().signal;

async function failure(promise: Promise<unknown>): Promise<AppError> {
  const thrown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(AppError);
  return thrown as AppError;
}

describe("an exchange", () => {
  test("sends JSON with its own name, and hands the answer back whole", async () => {
    const server = await serve(() => ({
      status: 201,
      headers: { "x-request-id": "7" },
      body: { ok: [1, 2] },
    }));
    const http = createHttpClient({ baseUrl: `${server.url}/prefix/`, headers: { "x-api-key": "k" } });
    const answer = await http.request(
      { method: "POST", path: "/v1/a b", query: { limit: 5 }, body: { kind: "json", value: { hi: "ü" } } },
      never,
    );
    expect(answer).toMatchObject({ status: 201, body: { ok: [1, 2] }, text: '{"ok":[1,2]}' });
    expect(answer.headers.get("x-request-id")).toBe("7");
    expect(answer.answeredAt).toBeGreaterThanOrEqual(answer.sentAt);
    expect(server.seen[0]).toMatchObject({
      method: "POST",
      url: "/prefix/v1/a%20b?limit=5",
      json: { hi: "ü" },
    });
    expect(server.seen[0]?.headers).toMatchObject({ "content-type": "application/json", "x-api-key": "k" });
    expect(server.seen[0]?.headers["user-agent"]).toMatch(/^bellows\/\d+\.\d+\.\d+$/);
  });

  test("raw bytes go out unchanged", async () => {
    const server = await serve(() => ({ status: 200 }));
    const bytes = Uint8Array.of(0, 255, 10, 13, 128);
    const http = createHttpClient({ baseUrl: server.url });
    await http.request(
      { method: "PUT", path: "/x", body: { kind: "raw", bytes, contentType: "application/octet-stream" } },
      never,
    );
    expect(new Uint8Array(server.seen[0]?.body ?? [])).toEqual(bytes);
    expect(server.seen[0]?.headers["content-type"]).toBe("application/octet-stream");
  });

  test("questions in a row share a connection", async () => {
    const sockets = new Set<unknown>();
    const server = await serve((_request, _response, socket) => {
      sockets.add(socket);
      return { body: {} };
    });
    const http = createHttpClient({ baseUrl: server.url });
    for (let count = 0; count < 3; count += 1) await http.request({ method: "GET", path: "/" }, never);
    expect(server.seen).toHaveLength(3);
    expect(sockets.size).toBe(1);
  });

  test("a body that is not JSON is undefined, its text stays", async () => {
    const server = await serve(() => ({
      status: 502,
      headers: { "content-type": "text/html" },
      body: "<h1>Bad gateway</h1>",
    }));
    const answer = await createHttpClient({ baseUrl: server.url }).request(
      { method: "GET", path: "/" },
      never,
    );
    expect(answer.body).toBeUndefined();
    expect(answer.text).toBe("<h1>Bad gateway</h1>");
  });
});

describe("no answer", () => {
  test("a refused connection says so, with the address, and may be tried again", async () => {
    // A server that has gone leaves a port where nobody listens.
    const { createServer } = await import("node:net");
    const gone = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => gone.once("listening", resolve));
    const { port } = gone.address() as { port: number };
    await new Promise((resolve) => gone.close(resolve));
    const error = await failure(
      createHttpClient({ baseUrl: `http://127.0.0.1:${port}` }).request({ method: "GET", path: "/" }, never),
    );
    expect(error).toMatchObject({ code: "CONNECTION_REFUSED", actor: "network", retryable: true });
    expect(error.message).toBe(`Connection refused by 127.0.0.1:${port}`);
  });

  test.each([
    ["before the head", "head"],
    ["in the middle of the body", "body"],
  ])("a connection cut %s is CONNECTION_LOST", async (_when, where) => {
    const server = await serve((_request, response, socket) => {
      if (where === "body") {
        response.writeHead(200, { "content-length": "100" });
        response.write("half", () => socket.destroy());
      } else socket.destroy();
      return undefined;
    });
    const error = await failure(
      createHttpClient({ baseUrl: server.url }).request({ method: "GET", path: "/" }, never),
    );
    expect(error).toMatchObject({ code: "CONNECTION_LOST", actor: "network", retryable: true });
  });

  test("a name that does not exist is HOST_NOT_FOUND", async () => {
    const error = await failure(
      createHttpClient({ baseUrl: "http://market.invalid:8203" }).request(
        { method: "GET", path: "/" },
        never,
      ),
    );
    expect(error).toMatchObject({ code: "HOST_NOT_FOUND", actor: "network" });
  });

  test("a big body has the time that a slow line needs for it, a small one has not", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const slow: Send = (_url, { signal }) =>
      delay(4 * MINUTE, signal).then(() => ({ status: 200, headers: { get: () => null }, body: null }));
    const http = createHttpClient({ baseUrl: "http://market", fetch: slow });
    const put = (size: number) => {
      const body = {
        kind: "raw",
        bytes: new Uint8Array(size),
        contentType: "application/octet-stream",
      } as const;
      return http.request({ method: "PUT", path: "/output", body }, never);
    };
    const answers = Promise.all([put(16 * MIB), failure(put(1_000))]);
    await vi.advanceTimersByTimeAsync(4 * MINUTE);
    expect(await answers).toMatchObject([{ status: 200 }, { code: "NETWORK_TIMEOUT" }]);
  });

  test("silence ends at the timeout, also in the middle of a body", async () => {
    for (const dribble of [false, true]) {
      const server = await serve((_request, response) => {
        if (dribble) response.write("{");
        return undefined;
      });
      const error = await failure(
        createHttpClient({ baseUrl: server.url }).request(
          { method: "GET", path: "/slow", timeoutMs: 50 },
          never,
        ),
      );
      expect(error).toMatchObject({ code: "NETWORK_TIMEOUT", actor: "network", retryable: true });
      expect(error.message).toBe(`${server.host} did not answer GET /slow within 0.05 s`);
    }
  });

  test("the caller's abort ends it at once, with the caller's reason", async () => {
    const server = await serve(() => undefined);
    const stop = new AbortController();
    const pending = createHttpClient({ baseUrl: server.url }).request(
      { method: "GET", path: "/" },
      stop.signal,
    );
    await expect.poll(() => server.seen.length).toBe(1);
    const reason = new Error("pause pressed");
    stop.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await expect(
      createHttpClient({ baseUrl: server.url }).request({ method: "GET", path: "/" }, stop.signal),
    ).rejects.toBe(reason);
    expect(server.seen).toHaveLength(1);
  });

  test("an answer without end is cut off at the limit", async () => {
    const server = await serve((_request, response) => {
      const pump = () => {
        while (!response.destroyed && response.write("x".repeat(1 << 16)));
      };
      response.on("drain", pump);
      pump();
      return undefined;
    });
    const http = createHttpClient({ baseUrl: server.url, maxAnswerBytes: 1 << 20 });
    const error = await failure(http.request({ method: "GET", path: "/" }, never));
    expect(error).toMatchObject({ code: "ANSWER_TOO_BIG", actor: "market", retryable: false });
  });
});

describe("redirects", () => {
  test("within the same server a GET follows", async () => {
    const server = await serve((request) =>
      request.url === "/old" ? { status: 302, headers: { location: "/new" } } : { body: { here: true } },
    );
    const answer = await createHttpClient({ baseUrl: server.url }).request(
      { method: "GET", path: "/old" },
      never,
    );
    expect(answer.body).toEqual({ here: true });
  });

  test("to another host nothing is sent, whatever the key", async () => {
    const elsewhere = await serve(() => ({ body: {} }));
    const server = await serve(() => ({ status: 307, headers: { location: `${elsewhere.url}/steal` } }));
    const http = createHttpClient({ baseUrl: server.url, headers: { "x-api-key": "secret" } });
    const error = await failure(
      http.request({ method: "POST", path: "/", body: { kind: "json", value: {} } }, never),
    );
    expect(error).toMatchObject({ code: "REDIRECT_REFUSED", actor: "user" });
    expect(elsewhere.seen).toHaveLength(0);
  });

  test("a circle ends", async () => {
    const server = await serve(() => ({ status: 302, headers: { location: "/again" } }));
    const error = await failure(
      createHttpClient({ baseUrl: server.url }).request({ method: "GET", path: "/again" }, never),
    );
    expect(error.code).toBe("REDIRECT_REFUSED");
    expect(server.seen.length).toBeLessThanOrEqual(4);
  });
});

describe("an address", () => {
  test.each(["ftp://x", "not a url", "http://user:hunter2@127.0.0.1:1"])(
    "%s is refused, without repeating it",
    (baseUrl) => {
      expect(() => createHttpClient({ baseUrl })).toThrow(
        expect.objectContaining({ code: "BAD_URL", actor: "user" }),
      );
      try {
        createHttpClient({ baseUrl });
      } catch (thrown) {
        expect(String(thrown)).not.toContain("hunter2");
      }
    },
  );
});

describe("a status as an error", () => {
  const errorOf = async (
    status: number,
    headers: Record<string, string>,
    body: unknown,
    secrets: string[] = [],
  ) => {
    const server = await serve(() => ({ status, headers, body }));
    const http = createHttpClient({ baseUrl: server.url, secrets });
    const answer = await http.request({ method: "POST", path: "/v1/x" }, never);
    return statusError(http.host, answer, http.redact, 1_000_000);
  };

  test("429 waits as long as it was told, in seconds or until a date", async () => {
    expect(await errorOf(429, { "retry-after": "7" }, { detail: "Rate limit exceeded" })).toMatchObject({
      code: "RATE_LIMITED",
      actor: "market",
      retryable: true,
      retryAfterMs: 7_000,
    });
    const date = new Date(1_000_000 + 9_000).toUTCString();
    expect((await errorOf(429, { "retry-after": date }, {})).retryAfterMs).toBe(9_000);
  });

  test("5xx may pass, 401 is the user's, the rest is a no", async () => {
    expect(await errorOf(503, {}, {})).toMatchObject({
      code: "MARKET_ERROR",
      actor: "market",
      retryable: true,
    });
    expect(await errorOf(401, {}, {})).toMatchObject({
      code: "NOT_AUTHORIZED",
      actor: "user",
      retryable: false,
    });
    expect(await errorOf(418, {}, {})).toMatchObject({
      code: "MARKET_REFUSED",
      actor: "market",
      retryable: false,
    });
  });

  test("a secret the server echoes does not reach the message", async () => {
    const error = await errorOf(400, {}, { detail: "bad key miner-key-0123456789" }, [
      "miner-key-0123456789",
    ]);
    expect(error.message).toContain("bad key [secret]");
    expect(error.message).not.toContain("miner-key");
  });

  test("Retry-After is never negative, senseless or longer than an hour", () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const ms = parseRetryAfter(header, 1_800_000_000_000);
        expect(ms === undefined || (ms >= 0 && ms <= 3_600_000)).toBe(true);
      }),
    );
  });

  test("the reason is found in the usual shapes, and any JSON is survived", () => {
    expect(answerReason({ detail: [{ loc: ["a"], msg: "Field required" }] })).toBe("Field required");
    expect(answerReason({ error: { code: "VALIDATION_ERROR", message: "Request validation failed" } })).toBe(
      "Request validation failed",
    );
    expect(answerReason([{ error: "GPU not found" }, 404])).toBe("GPU not found");
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const reason = answerReason(body);
        expect(reason === null || reason.length <= 200).toBe(true);
      }),
    );
    expect(answerReason(JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`))).toBeNull();
  });
});

describe("JSON from a market", () => {
  test("integers beyond 2^53 keep every digit, as text", () => {
    expect(parseJson('{"amount":123456789012345678901,"n":1,"t":"9007199254740993000"}')).toEqual({
      amount: "123456789012345678901",
      n: 1,
      t: "9007199254740993000",
    });
    expect(parseJson("9007199254740991")).toBe(9007199254740991);
  });

  test("what JSON.parse reads, it reads alike; what it refuses is undefined", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        fc.pre(!/\d{16}/.test(text));
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
    expect(parseJson("")).toBeUndefined();
    expect(parseJson("{bad")).toBeUndefined();
  });
});

test.each(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"])("%s points at this machine's clock", (code) => {
  const error = networkError("market.example", Object.assign(new Error("certificate"), { code }));
  expect(error).toMatchObject({ code: "TLS_DATE", actor: "machine", retryable: true });
  expect(error.help).toMatch(/date and time/);
  const other = Object.assign(new Error("certificate"), { code: "CERT_SIGNATURE_FAILURE" });
  expect(networkError("market.example", other)).toMatchObject({ code: "TLS_FAILED", actor: "user" });
});

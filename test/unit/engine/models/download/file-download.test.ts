/** One file over real HTTP, from a server that misbehaves: what arrives is what was pinned, or the error names who lied. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_TUNING,
  downloadFile,
  type FileDownload,
  type Tuning,
} from "../../../../../src/engine/models/download/file-download.ts";
import { RateLimiter } from "../../../../../src/engine/models/download/rate-limiter.ts";
import { KIB, SECOND } from "../../../../../src/shared/durations.ts";
import { type Fault, type ModelServer, serveModels } from "../../../../support/model-server.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";

const CHUNK = 64 * KIB;
const QUICK: Tuning = {
  ...DEFAULT_TUNING,
  chunkBytes: CHUNK,
  stallMs: 250,
  backoff: { base: 1, cap: 4 },
  fruitlessTries: 4,
};
const never = new AbortController().signal;

function content(bytes: number, seed = 1): Buffer {
  const result = Buffer.alloc(bytes);
  for (let i = 0, x = seed; i < bytes; i++) {
    x = (x * 1103515245 + 12345) & 0x7fffffff;
    result[i] = x >> 16;
  }
  return result;
}

function job(server: ModelServer, file: Buffer, change: Partial<FileDownload> = {}): FileDownload {
  return {
    url: `${server.url}weights.bin`,
    bytes: file.length,
    digest: { algorithm: "sha256", hex: createHash("sha256").update(file).digest("hex") },
    name: "weights.bin of m",
    folder: tempFolder(),
    partName: "x",
    limiters: [],
    tuning: QUICK,
    onReceived: () => undefined,
    ...change,
  };
}

async function fetched(
  file: Buffer,
  prepare: (server: ModelServer) => void,
  change: Partial<FileDownload> = {},
) {
  const server = await serveModels({ "weights.bin": file });
  prepare(server);
  const path = await downloadFile(job(server, file, change), never);
  expect(readFileSync(path).equals(file)).toBe(true);
  return server;
}

const sum = (server: ModelServer) => server.log.reduce((total, { sent }) => total + sent, 0);

describe("a download", () => {
  const file = content(5 * CHUNK + 1234);

  it("of a well-behaved server is one request and every byte once", async () => {
    const seen: number[] = [];
    const server = await fetched(file, () => undefined, { onReceived: (bytes) => seen.push(bytes) });
    expect(server.log).toMatchObject([{ status: 206, sent: file.length }]);
    expect(seen.at(-1)).toBe(file.length);
    expect(seen.every((bytes, i) => i === 0 || bytes >= (seen[i - 1] ?? 0))).toBe(true);
  });

  it("goes on in the middle of a chunk after a connection was cut", async () => {
    const server = await fetched(
      file,
      ({ faults }) => {
        // Long enough for what was sent to arrive before the connection is cut.
        const lingerMs = 500;
        faults.push(
          { kind: "reset", after: CHUNK + 24 * KIB, lingerMs },
          { kind: "reset", after: 40 * KIB, lingerMs },
        );
      },
      { tuning: { ...QUICK, stallMs: 10 * SECOND } },
    );
    expect(server.log).toHaveLength(3);
    // Nothing that arrived is asked for again; what a cut connection had under way may be.
    expect(server.log[1]?.range?.start).toBeGreaterThanOrEqual(CHUNK);
    expect(sum(server)).toBeLessThanOrEqual(file.length + 2 * CHUNK);
  });

  it("takes a silence for a broken connection", async () => {
    const started = Date.now();
    const server = await fetched(file, ({ faults }) => faults.push({ kind: "stall", after: 2 * CHUNK }));
    expect(server.log).toHaveLength(2);
    expect(server.log[1]?.range?.start).toBe(2 * CHUNK);
    expect(Date.now() - started).toBeGreaterThanOrEqual(QUICK.stallMs);
  });

  it("of a slow server is no stall", async () => {
    const server = await fetched(file, (server) => {
      server.pace = { bytes: 32 * KIB, ms: 30 };
    });
    expect(server.log).toHaveLength(1);
  });

  it("works without ranges, from the start each time", async () => {
    const server = await fetched(file, (server) => {
      server.ranges = false;
      server.faults.push({ kind: "reset", after: 3 * CHUNK });
    });
    expect(server.log.map(({ status }) => status)).toEqual([200, 200]);
  });

  it("works without any word about the content's version", async () => {
    await fetched(file, (server) => {
      server.etag = null;
      server.faults.push({ kind: "reset", after: 3 * CHUNK });
    });
  });

  it("ends early and is taken up again when an answer is shorter than it said", async () => {
    const server = await fetched(file, ({ faults }) => faults.push({ kind: "short", after: CHUNK }));
    expect(server.log).toHaveLength(2);
  });

  it("that came out wrong once is fetched again, whole", async () => {
    const server = await fetched(file, ({ faults }) => faults.push({ kind: "flip", at: 2 * CHUNK + 5 }));
    expect(server.log.map(({ range }) => range?.start)).toEqual([0, 0]);
  });

  it("tells whom it asks, and the how manieth time in a row", async () => {
    const tries: number[] = [];
    const hosts = new Set<string>();
    const onTry = (host: string, count: number) => {
      hosts.add(host);
      tries.push(count);
    };
    const refuse = (server: ModelServer) =>
      server.faults.push({ kind: "status", status: 503 }, { kind: "status", status: 503 });
    const server = await fetched(file, refuse, { onTry });
    expect(tries).toEqual([1, 2, 3]);
    expect([...hosts]).toEqual([new URL(server.url).host]);
  });

  it("waits as long as it is asked to", async () => {
    const started = Date.now();
    const headers = { "retry-after": "1" };
    const server = await fetched(file, ({ faults }) => faults.push({ kind: "status", status: 503, headers }));
    expect(Date.now() - started).toBeGreaterThanOrEqual(SECOND - 20);
    expect(server.log).toHaveLength(2);
  });

  it("follows a redirect", async () => {
    const other = await serveModels({ "elsewhere.bin": file });
    const server = await fetched(file, (server) => {
      server.always = { kind: "redirect", to: `${other.url}elsewhere.bin` };
    });
    expect([server.log.length, other.log.length]).toEqual([1, 1]);
  });

  it("keeps to a rate", async () => {
    const started = Date.now();
    const rate = 4 * file.length;
    await fetched(file, () => undefined, { limiters: [new RateLimiter(rate)] });
    expect(Date.now() - started).toBeGreaterThanOrEqual(200);
  });
});

describe("a file that changes on the server meanwhile", () => {
  it("is begun again", async () => {
    const old = content(4 * CHUNK, 7);
    const fresh = content(4 * CHUNK, 8);
    const server = await serveModels({ "weights.bin": old });
    server.pace = { bytes: 16 * KIB, ms: 1 };
    server.faults.push({ kind: "reset", after: 2 * CHUNK });
    const done = downloadFile(
      job(server, fresh, {
        onReceived: (bytes) => {
          if (bytes >= CHUNK) server.files.set("weights.bin", fresh);
        },
      }),
      never,
    );
    expect(readFileSync(await done).equals(fresh)).toBe(true);
    expect(server.log[1]).toMatchObject({ status: 200 });
    expect(server.log[1]?.ifRange).not.toBeNull();
  });

  it("is fetched all the same when its label is another one at every request", async () => {
    let asked = 0;
    const prepare = (server: ModelServer) => {
      server.etag = () => `"${asked++}"`;
      for (let i = 0; i < 5; i++) server.faults.push({ kind: "reset", after: CHUNK });
    };
    const server = await fetched(content(6 * CHUNK), prepare, { tuning: { ...QUICK, fruitlessTries: 20 } });
    expect(server.log.length).toBeGreaterThan(4);
  });
});

describe("a source that can't be used", () => {
  const file = content(2 * CHUNK);
  const failing = async (prepare: (server: ModelServer) => void, change: Partial<FileDownload> = {}) => {
    const server = await serveModels({ "weights.bin": file });
    prepare(server);
    const error = await downloadFile(job(server, file, change), never).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    return { server, error };
  };

  it("because the file is gone is asked once", async () => {
    const { server, error } = await failing(({ files }) => files.clear());
    expect(error).toMatchObject({ code: "MODEL_SOURCE_GONE", retryable: false });
    expect(server.log).toHaveLength(1);
  });

  it("because it is down is tried a few times", async () => {
    const { server, error } = await failing((server) => {
      server.always = { kind: "status", status: 502 };
    });
    expect(error).toMatchObject({
      code: "MODEL_SOURCE_REFUSED",
      message: expect.stringContaining("HTTP 502"),
    });
    expect(server.log).toHaveLength(QUICK.fruitlessTries);
  });

  it("because it redirects in a circle is given up", async () => {
    const { server, error } = await failing((server) => {
      server.always = { kind: "redirect", to: "/weights.bin" };
    });
    expect(error).toMatchObject({
      code: "MODEL_REDIRECT_REFUSED",
      message: expect.stringContaining("in a circle"),
    });
    expect(server.log.length).toBeLessThanOrEqual(6);
  });

  it.each([
    "http://models.example/x",
    "ftp://127.0.0.1/x",
    "file:///etc/passwd",
    "http://user:pass@127.0.0.1/x",
  ])("because it redirects to %s is given up", async (to) => {
    const { error } = await failing((server) => {
      server.always = { kind: "redirect", to };
    });
    expect(error).toMatchObject({ code: "MODEL_REDIRECT_REFUSED" });
  });

  it("because it is plain http elsewhere is never asked", async () => {
    const { server, error } = await failing(() => undefined, { url: "http://models.example/weights.bin" });
    expect(error).toMatchObject({ code: "MODEL_REDIRECT_REFUSED" });
    expect(server.log).toEqual([]);
  });

  it("because its bytes are always wrong is named, with both hashes", async () => {
    const { server, error } = await failing((server) => {
      server.always = { kind: "flip", at: 100 };
    });
    const host = new URL(server.url).host;
    expect(error).toMatchObject({ code: "MODEL_SOURCE_WRONG", message: expect.stringContaining(host) });
    expect(server.log).toHaveLength(2);
  });

  it("because its file has another size is named without being read", async () => {
    const { server, error } = await failing(({ files }) => files.set("weights.bin", content(3 * CHUNK)));
    expect(error).toMatchObject({
      code: "MODEL_SOURCE_WRONG",
      message: expect.stringContaining(`${3 * CHUNK} bytes, expected ${2 * CHUNK}`),
    });
    expect(server.log).toHaveLength(1);
  });
});

describe("going on later", () => {
  const file = content(8 * CHUNK + 99);

  it("asks only for what is missing", async () => {
    const server = await serveModels({ "weights.bin": file });
    const stop = new AbortController();
    const first = job(server, file, {
      onReceived: (bytes) => {
        if (bytes > 3.5 * CHUNK) stop.abort(new Error("stopped"));
      },
    });
    server.pace = { bytes: 16 * KIB, ms: 1 };
    await expect(downloadFile(first, stop.signal)).rejects.toThrow("stopped");
    const path = await downloadFile({ ...first, onReceived: () => undefined }, never);
    expect(readFileSync(path).equals(file)).toBe(true);
    const goneOnAt = server.log[1]?.range?.start ?? 0;
    expect(goneOnAt).toBeGreaterThanOrEqual(3 * CHUNK);
    expect(goneOnAt % CHUNK).toBe(0);
    expect(server.log[1]?.sent).toBe(file.length - goneOnAt);
  });

  it("finds chunks that were altered on disk, and fetches exactly those again", async () => {
    const server = await serveModels({ "weights.bin": file });
    const download = job(server, file);
    const path = await downloadFile(download, never);
    const bytes = readFileSync(path);
    bytes[2 * CHUNK + 7] = (bytes[2 * CHUNK + 7] ?? 0) ^ 1;
    bytes[5 * CHUNK] = (bytes[5 * CHUNK] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(readFileSync(await downloadFile(download, never)).equals(file)).toBe(true);
    expect(server.log.slice(1).map(({ range }) => range)).toEqual([
      { start: 2 * CHUNK, end: 3 * CHUNK },
      { start: 5 * CHUNK, end: 6 * CHUNK },
    ]);
  });

  it("starts over where the partial file is gone and only its journal is left", async () => {
    const server = await serveModels({ "weights.bin": file });
    const download = job(server, file);
    const path = await downloadFile(download, never);
    writeFileSync(path, "");
    expect(readFileSync(await downloadFile(download, never)).equals(file)).toBe(true);
    writeFileSync(join(download.folder, "x.journal"), "");
    expect(readFileSync(await downloadFile(download, never)).equals(file)).toBe(true);
  });
});

it("whatever the chunks and the faults, the file is the source's", { timeout: 60 * SECOND }, async () => {
  const fault: fc.Arbitrary<Fault> = fc.oneof(
    fc.record({ kind: fc.constant("reset" as const), after: fc.nat(40_000) }),
    fc.record({ kind: fc.constant("short" as const), after: fc.nat(40_000) }),
    fc.record({ kind: fc.constant("stall" as const), after: fc.nat(40_000) }),
    fc.record({ kind: fc.constant("status" as const), status: fc.constantFrom(408, 429, 500, 503) }),
  );
  const server = await serveModels({});
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40_000 }),
      fc.integer({ min: 1, max: 9_000 }),
      fc.array(fault, { maxLength: 6 }),
      fc.option(fc.nat(39_999)),
      fc.boolean(),
      fc.boolean(),
      async (bytes, chunkBytes, faults, flipAt, ranges, labelled) => {
        const file = content(bytes, bytes);
        server.files.set("weights.bin", file);
        server.faults.splice(0, Number.POSITIVE_INFINITY, ...faults);
        // One answer may lie: the second round puts it right.
        if (flipAt !== null) server.faults.splice(1, 0, { kind: "flip", at: flipAt % bytes });
        server.ranges = ranges;
        server.etag = labelled ? () => `"${bytes}"` : null;
        const tuning = {
          ...QUICK,
          chunkBytes: Math.max(chunkBytes, Math.ceil(bytes / 40)),
          stallMs: 60,
          fruitlessTries: 20,
        };
        const path = await downloadFile(job(server, file, { tuning }), never);
        expect(readFileSync(path).equals(file)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

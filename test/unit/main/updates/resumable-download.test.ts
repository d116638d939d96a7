/** A real server that cuts connections where a test says, and files on the disk. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  downloadResumably,
  partSize,
  type ResumableDownloadOptions,
} from "../../../../src/main/updates/resumable-download.ts";
import { delay } from "../../../../src/shared/wait.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const CONTENT = randomBytes(300_000);
const hashOf = (bytes: Buffer) => createHash("sha512").update(bytes).digest("base64");

/** What the server does with one request. */
interface Turn {
  /** Ends the connection after this many bytes of the body. */
  readonly cutAfter?: number;
  readonly status?: number;
  readonly withoutRanges?: boolean;
  /** Says nothing any more after the cut, instead of ending the connection. */
  readonly hang?: boolean;
}

let server: Server;
let url: string;
let served: Buffer;
let turns: Turn[];
let ranges: (string | undefined)[];
let folder: string;

beforeEach(async () => {
  served = CONTENT;
  turns = [];
  ranges = [];
  folder = path.join(tempFolder(), "partial");
  server = createServer((request, response) => {
    const { range } = request.headers;
    ranges.push(range);
    const turn = turns.shift() ?? {};
    if (turn.status !== undefined) {
      response.writeHead(turn.status).end();
      return;
    }
    const asked = turn.withoutRanges ? undefined : /^bytes=(\d+)-$/.exec(range ?? "")?.[1];
    const from = Number(asked ?? 0);
    if (from >= served.length) {
      response.writeHead(416, { "content-range": `bytes */${served.length}` }).end();
      return;
    }
    const body = served.subarray(from);
    response.writeHead(asked === undefined ? 200 : 206, {
      "content-length": body.length,
      ...(asked !== undefined && {
        "content-range": `bytes ${from}-${served.length - 1}/${served.length}`,
      }),
    });
    if (turn.cutAfter === undefined) {
      response.end(body);
      return;
    }
    const { cutAfter, hang } = turn;
    response.write(body.subarray(0, cutAfter));
    // A connection that breaks takes along what nobody has read yet: cut when all that was sent is on the disk.
    if (!hang)
      void until(async () => (await heldBytes()) >= from + cutAfter).then(() => response.socket?.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/Bellows.AppImage`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const heldBytes = () => partSize(folder, hashOf(CONTENT));

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(2);
}

const download = (more: Partial<ResumableDownloadOptions> = {}) =>
  downloadResumably({
    url,
    sha512: hashOf(CONTENT),
    folder,
    signal: new AbortController().signal,
    progress: () => undefined,
    fetch,
    retry: { base: 1, cap: 5 },
    ...more,
  });

describe("downloadResumably", () => {
  it("goes on where the connection broke, and hands out the whole file", async () => {
    turns = [{ cutAfter: 100_000 }, { cutAfter: 50_000 }, {}];
    const told: [number, number | null][] = [];
    const file = await download({ progress: (bytes, total) => told.push([bytes, total]) });
    expect(readFileSync(file).equals(CONTENT)).toBe(true);
    expect(ranges).toEqual([undefined, "bytes=100000-", "bytes=150000-"]);
    expect(told.at(-1)).toEqual([CONTENT.length, CONTENT.length]);
    expect(told.map(([bytes]) => bytes)).toEqual([...told.map(([bytes]) => bytes)].sort((a, b) => a - b));
  });

  it("keeps what came when it gives up, and another start of the app continues it", async () => {
    turns = [{ cutAfter: 120_000 }, ...Array.from({ length: 5 }, () => ({ status: 503 }))];
    await expect(download()).rejects.toThrow("503");
    expect(await heldBytes()).toBe(120_000);
    ranges.length = 0;
    expect(readFileSync(await download()).equals(CONTENT)).toBe(true);
    expect(ranges).toEqual(["bytes=120000-"]);
  });

  it("stops at once when it is cancelled, and keeps what came", async () => {
    turns = [{ cutAfter: 80_000, hang: true }];
    const stop = new AbortController();
    const running = download({ signal: stop.signal, progress: () => stop.abort(new Error("enough")) });
    await expect(running).rejects.toThrow("enough");
    expect(await heldBytes()).toBeGreaterThan(0);
  });

  it("makes a connection anew that has fallen silent", async () => {
    turns = [{ cutAfter: 60_000, hang: true }, {}];
    expect(readFileSync(await download({ stall: 100 })).equals(CONTENT)).toBe(true);
    expect(ranges).toEqual([undefined, "bytes=60000-"]);
  });

  it("begins anew where the server knows no ranges", async () => {
    turns = [{ cutAfter: 100_000 }, { withoutRanges: true }];
    expect(readFileSync(await download()).equals(CONTENT)).toBe(true);
  });

  it("throws away a beginning that was another file's, once", async () => {
    turns = [{ cutAfter: 100_000 }, ...Array.from({ length: 5 }, () => ({ status: 503 }))];
    served = randomBytes(CONTENT.length);
    await expect(download()).rejects.toThrow();
    served = CONTENT;
    ranges.length = 0;
    expect(readFileSync(await download()).equals(CONTENT)).toBe(true);
    expect(ranges).toEqual(["bytes=100000-", undefined]);
  });

  it("refuses a file that is not the named one, and keeps nothing of it", async () => {
    served = randomBytes(1000);
    await expect(download()).rejects.toThrow("not the file");
    expect(ranges).toEqual([undefined]);
    expect(await heldBytes()).toBe(0);
  });

  it("a part longer than the file is thrown away", async () => {
    const part = await download();
    writeFileSync(part, Buffer.concat([CONTENT, CONTENT]));
    expect(readFileSync(await download()).equals(CONTENT)).toBe(true);
  });

  it("does not ask again where the answer would be the same", async () => {
    turns = [{ status: 404 }];
    await expect(download()).rejects.toThrow("404");
    expect(ranges).toHaveLength(1);
  });

  it("holds one part only: what came of another release goes", async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "older.part"), "x");
    const file = await download();
    expect(readdirSync(folder)).toEqual([path.basename(file)]);
    expect(existsSync(file)).toBe(true);
  });
});

/** Serves a folder of releases on loopback as a file server does, with ranges, and breaks where a test wants it. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

const BOUNDARY = "a-part-of-a-package";

interface Range {
  readonly from: number;
  readonly to: number;
}

export class ReleaseServer {
  /** Names of the files that were asked for. */
  readonly asked: string[] = [];
  /** Bytes of packages that were handed out, and from where. */
  given: { readonly from: number; readonly bytes: number }[] = [];
  /** Where in a package the next connections break. */
  cuts: number[] = [];
  /** They do not break there, they just fall silent. */
  stalls = false;
  readonly #folder: string;
  readonly #whenHeld: (bytes: number) => Promise<void>;
  readonly #server = createServer((request, response) => this.#answer(request, response));

  /** `whenHeld`: a broken connection takes along what nobody has read yet, so it breaks when that is on the disk. */
  constructor(folder: string, whenHeld: (bytes: number) => Promise<void>) {
    this.#folder = folder;
    this.#whenHeld = whenHeld;
  }

  /** Its address. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#server.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const name = path.basename(new URL(request.url ?? "/", "http://x").pathname);
    this.asked.push(name);
    const file = path.join(this.#folder, name);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const content = readFileSync(file);
    const isPackage = name.endsWith(".AppImage");
    const ranges = rangesOf(request.headers.range, content.length);
    if (ranges.length > 1) {
      this.#giveParts(content, ranges, response);
      return;
    }
    const { from, to } = ranges[0] ?? { from: 0, to: content.length };
    const body = content.subarray(from, to);
    response.writeHead(ranges.length === 0 ? 200 : 206, {
      "accept-ranges": "bytes",
      "content-length": body.length,
      ...(ranges.length === 1 && { "content-range": `bytes ${from}-${to - 1}/${content.length}` }),
    });
    const cut = isPackage ? this.cuts.shift() : undefined;
    const sent = cut === undefined ? body : body.subarray(0, Math.max(0, cut - from));
    if (isPackage) this.given.push({ from, bytes: sent.length });
    if (cut === undefined) response.end(sent);
    else response.write(sent);
    if (cut !== undefined && !this.stalls) void this.#whenHeld(cut).then(() => response.destroy());
  }

  /** RFC 9110 §14.6. */
  #giveParts(content: Buffer, ranges: readonly Range[], response: ServerResponse): void {
    const parts = ranges.flatMap(({ from, to }) => {
      const body = content.subarray(from, to);
      this.given.push({ from, bytes: body.length });
      const head = `\r\n--${BOUNDARY}\r\ncontent-type: application/octet-stream\r\ncontent-range: bytes ${from}-${to - 1}/${content.length}\r\n\r\n`;
      return [Buffer.from(head), body];
    });
    const whole = Buffer.concat([...parts, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
    response.writeHead(206, {
      "accept-ranges": "bytes",
      "content-type": `multipart/byteranges; boundary=${BOUNDARY}`,
      "content-length": whole.length,
    });
    response.end(whole);
  }
}

/** What a Range header asks for; none: the whole file. */
function rangesOf(header: string | undefined, size: number): Range[] {
  const list = /^bytes=(.+)$/.exec(header ?? "")?.[1] ?? "";
  return [...list.matchAll(/(\d+)-(\d*)/g)].map(([, from, to]) => ({
    from: Number(from),
    to: to === "" ? size : Number(to) + 1,
  }));
}

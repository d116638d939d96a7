/**
 * Jobs that want to do harm, against the real runtime process: each is refused with a code before memory is taken for
 * it, the process stays the same one, and its memory (from the process table) stays under a cap.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { encode as encodeJpeg } from "jpeg-js";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { readWork } from "../../src/engine/market/read-work.ts";
import { AllowList } from "../../src/engine/models/allow-list.ts";
import { ModelNotes } from "../../src/engine/models/notes.ts";
import { ModelStore } from "../../src/engine/models/store.ts";
import type { RuntimeClient } from "../../src/engine/runtime-client/runtime-client.ts";
import { judgeLease } from "../../src/engine/work/admission.ts";
import { WorkBoard } from "../../src/engine/work/board.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import { MIB, SECOND } from "../../src/shared/durations.ts";
import { INPUT_LIMITS } from "../../src/shared/runtime/limits.ts";
import type { FromRuntime, ModelSpec } from "../../src/shared/runtime/protocol.ts";
import type { Work } from "../../src/shared/work.ts";
import { nextMessage } from "../fixtures/host/processes.ts";
import { minilm, openRuntime, RUNTIME_ENTRY } from "../fixtures/runtime/minilm.ts";
import { aLease } from "../support/leases.ts";
import { writeClip } from "../support/onnx/models.ts";
import { chunk, flatPng } from "../support/png.ts";
import { tempFolder } from "../support/temp-folder.ts";

const ROOT = join(import.meta.dirname, "../..");
const DEADLINE = 80_000;
/** What a refusal may cost the runtime at most; the allocator's own slack. */
const REFUSAL_CAP = 24 * MIB;
/** The model, its working memory, and the largest image that is taken. */
const RSS_CAP = 850 * MIB;
const onLinux = process.platform === "linux";

/** The most memory the process ever had, bytes. */
function peakRss(pid: number | null | undefined): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}

const png = (width: number, height: number, data: Uint8Array) => {
  const header = Buffer.from(flatPng(1, 1, [0, 0, 0]).subarray(16, 29));
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const signature = Buffer.from(flatPng(1, 1, [0, 0, 0]).subarray(0, 8));
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", data),
    chunk("IEND", Buffer.alloc(0)),
  ]);
};
const gigabytes = png(60_000, 60_000, deflateSync(Buffer.alloc(1000)));
/** A few pixels by the header that the limit reads, a hundred million by the one behind it. */
const twoHeaders = (() => {
  const [small, large] = [png(8, 8, Buffer.alloc(0)), png(16_000, 6500, Buffer.alloc(0))];
  const data = chunk("IDAT", deflateSync(Buffer.alloc(6500 * (16_000 * 3 + 1))));
  return Buffer.concat([small.subarray(0, 33), large.subarray(8, 33), data, small.subarray(-12)]);
})();
const growing = png(8, 8, deflateSync(Buffer.alloc(300 * MIB)));
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const tensor = (shape: number[], bytes: number, dtype = "f32") => ({
  dtype,
  shape,
  data_base64: base64(Buffer.alloc(bytes)),
});
const nested = (depth: number) => JSON.parse(`${"[".repeat(depth)}1${"]".repeat(depth)}`) as unknown;

describe("a market's hostile payloads", () => {
  let runtime: RuntimeClient;
  let model: ModelSpec;
  let clip: ModelSpec;
  let pid: number | null;

  beforeAll(async () => {
    runtime = openRuntime();
    model = await minilm();
  });
  afterAll(() => runtime.stop());

  /** As the engine does it: read the payload, then hand what is left of it to the device. */
  async function offer(
    kind: string,
    fields: Record<string, unknown>,
    spec: ModelSpec | null,
    deadlineMs = DEADLINE,
  ) {
    const work = readWork(kind, fields);
    if (work.kind === "unsupported") return work.code;
    const request = {
      model: spec,
      items: [{ key: "a", work }],
      deadlineMs,
      signal: new AbortController().signal,
    };
    const [item] = (await runtime.run(request)).items;
    return item?.ok ? "done" : item?.error.code;
  }

  test.skipIf(!onLinux)("are refused one after the other, and the process does not feel it", async () => {
    clip = writeClip(tempFolder());
    const picture = base64(flatPng(16, 16, [9, 9, 9]));
    // Everything that will ever be needed is loaded and warm before the measurement.
    expect(await offer("embed", { input: "warm" }, model)).toBe("done");
    expect(await offer("clip", { texts: ["cat"], images: [picture] }, clip)).toBe("done");
    expect(await offer("vector", { op: "dot", a: [1], b: [2] }, null)).toBe("done");
    pid = runtime.status.pid;
    const before = peakRss(pid);

    const hostile: [code: string, kind: string, fields: Record<string, unknown>, spec: ModelSpec | null][] = [
      ["INPUT_DTYPE", "vector", { op: "dot", a: tensor([2], 16, "f64"), b: [1, 2] }, null],
      ["INPUT_TOO_LARGE", "vector", { op: "dot", a: tensor([1e9], 4), b: [1] }, null],
      [
        "INPUT_TOO_LARGE",
        "vector",
        { op: "matmul", a: tensor([1024, 1024], 4 * MIB), b: tensor([1024, 4096], 16 * MIB) },
        null,
      ],
      ["INPUT_TOO_LARGE", "embed", { input: "x".repeat(200_000_000) }, model],
      ["INPUT_TOO_LARGE", "embed", { input: Array(1_000_000).fill("x") }, model],
      ["INPUT_NOT_FINITE", "vector", { op: "dot", a: [Number.NaN], b: [1] }, null],
      ["INPUT_NOT_FINITE", "vector", { op: "dot", a: [1e39], b: [1] }, null],
      ["INPUT_EMPTY", "embed", { input: [] }, model],
      ["INPUT_EMPTY", "rerank", { query: "x", documents: [] }, model],
      ["INPUT_MALFORMED", "vector", { op: "dot", a: nested(100_000), b: [1] }, null],
      ["INPUT_MALFORMED", "embed", { input: nested(100_000) }, model],
      ["INPUT_TOO_LARGE", "clip", { images: [base64(gigabytes)] }, clip],
      ["INPUT_TOO_LARGE", "clip", { images: Array(65).fill(picture) }, clip],
      ["IMAGE_UNREADABLE", "clip", { images: [base64(growing)] }, clip],
      ["IMAGE_UNREADABLE", "clip", { images: [base64(twoHeaders)] }, clip],
      ["INPUT_TOO_LARGE", "generate", { prompt: "x", max_tokens: 1e9 }, model],
      ["WORK_MISMATCH", "clip", { texts: ["x"] }, model],
    ];
    for (const [code, kind, fields, spec] of hostile)
      expect([kind, await offer(kind, fields, spec)]).toEqual([kind, code]);

    expect(runtime.status.pid).toBe(pid);
    expect(peakRss(pid) - before).toBeLessThan(REFUSAL_CAP);
    expect(await offer("embed", { input: "still here" }, model)).toBe("done");
    expect(runtime.status).toMatchObject({ pid, state: "ready" });
  });

  test("words that are hard to take apart, in texts as long as are taken, hold nobody up", async () => {
    const word = `${"qxzjvkqxzj".repeat(9)}qxzjv `;
    const text = word.repeat(Math.floor(INPUT_LIMITS.charactersPerText / word.length));
    const before = runtime.status.pid;
    // Read whole, with every end of every word tried, they took a minute; so they take less than a second.
    expect(await offer("embed", { input: Array(16).fill(text) }, model, 25 * SECOND)).toBe("done");
    expect(runtime.status).toMatchObject({ pid: before, state: "ready" });
  });

  test.skipIf(!onLinux)("the heaviest job that is taken stays under the cap", async () => {
    // 12 million pixels in full colour: a phone's photo.
    const side = 3500;
    const { data } = encodeJpeg({ width: side, height: side, data: Buffer.alloc(side * side * 4, 120) }, 90);
    expect(await offer("clip", { images: [base64(data)] }, clip)).toBe("done");
    expect(await offer("embed", { input: Array(200).fill("a text of some words ".repeat(4)) }, model)).toBe(
      "done",
    );
    const full = { op: "matmul", a: tensor([1024, 512], 2 * MIB), b: tensor([512, 2048], 4 * MIB) };
    expect(await offer("vector", full, null)).toBe("done");
    expect(runtime.status.pid).toBe(pid);
    expect(peakRss(pid)).toBeLessThan(RSS_CAP);
  });
});

describe("jobs for models that are not to be run", () => {
  /** Admission with the models that are really here, of which only some may run. */
  async function judge(model: string, allowed: string[] | null) {
    const allowList = new AllowList(allowed, new ModelNotes(join(tempFolder(), "notes.json")));
    const models = await ModelStore.open({
      catalogueFile: join(ROOT, "resources/models/catalogue.json"),
      modelFolders: [join(ROOT, ".cache/models")],
      allows: (each) => allowList.allows(each),
    });
    const ledger = await Ledger.open(tempFolder());
    onTestFinished(() => ledger.close());
    const board = new WorkBoard({
      ledger,
      now: Date.now,
      admit: (lease) =>
        judgeLease(lease, {
          taskOf: (name) => models.resolve(name).model.task,
          memoryShortage: () => null,
          allowUnpaid: false,
          now: Date.now,
        }),
    });
    const lease = aLease({ model, grantedAt: Date.now(), expiresAt: Date.now() + 120_000 });
    board.grant([lease]);
    const job = ledger.leases.find(lease.leaseId)?.job;
    return [job?.state, job?.error?.code ?? null];
  }

  test.each([
    ["of a name that nobody declared", "text-embed-999", null, ["returned", "MODEL_UNKNOWN"]],
    ["of a path for a name", "../../etc/passwd", null, ["returned", "MODEL_UNKNOWN"]],
    ["of a property every object has", "__proto__", null, ["returned", "MODEL_UNKNOWN"]],
    ["left out by the allow-list", "all-MiniLM-L6-v2", ["clip-ViT-B/32"], ["returned", "MODEL_NOT_ALLOWED"]],
    [
      "left out by the allow-list, by its alias",
      "text-embed-001",
      ["clip-ViT-B/32"],
      ["returned", "MODEL_NOT_ALLOWED"],
    ],
    ["allowed but not here", "clip-ViT-B/32", ["clip-ViT-B/32"], ["returned", "MODEL_MISSING"]],
    ["allowed and here", "text-embed-001", ["all-MiniLM-L6-v2"], ["admitted", null]],
  ])(
    "%s go back before any memory is taken for them, with the reason",
    async (_, model, allowed, outcome) => {
      expect(await judge(model, allowed)).toEqual(outcome);
    },
  );
});

describe("hostile work that reaches the process all the same", () => {
  test("is refused by the process itself, item by item", async () => {
    const child = new ForkProcessHost().spawn({ name: "runtime", entry: RUNTIME_ENTRY });
    try {
      const clip = writeClip(tempFolder());
      const device = { id: "cpu", kind: "cpu", index: 0 };
      child.post({ type: "init", device, backend: "auto", threads: 1, memoryBytes: null });
      child.post({ type: "load", model: clip });
      await nextMessage<FromRuntime>(child, (message) => message.type === "loaded");

      const answersTo = async (model: string | null, works: Work[]) => {
        const items = works.map((work, i) => ({ key: String(i), work }));
        child.post({ type: "run", batchId: 1, model, items });
        const done = await nextMessage<FromRuntime>(child);
        if (done.type !== "done") throw new Error(`${done.type} came back`);
        return done.items.map((item) => (item.ok ? "done" : item.error.code));
      };
      const one = { shape: [1], data: Float32Array.of(1) };
      const dot = (a: Extract<Work, { kind: "vector" }>["a"]): Work => ({
        kind: "vector",
        op: "dot",
        a,
        b: one,
      });
      expect(
        await answersTo(null, [
          dot(one),
          dot({ shape: [1e9], data: new Float32Array(1) }),
          dot({ shape: [3], data: new Float32Array(1) }),
          dot({ shape: [1], data: Float32Array.of(Number.POSITIVE_INFINITY) }),
          dot({ shape: [1, 1, 1], data: Float32Array.of(1) }),
          { kind: "embed", texts: ["x"] },
        ]),
      ).toEqual([
        "done",
        "INPUT_TOO_LARGE",
        "INPUT_MISMATCH",
        "INPUT_NOT_FINITE",
        "INPUT_MISMATCH",
        "WORK_MISMATCH",
      ]);
      expect(
        await answersTo(clip.id, [
          { kind: "clip", texts: [], images: [gigabytes] },
          { kind: "clip", texts: [], images: [growing] },
          { kind: "clip", texts: [], images: [twoHeaders] },
          { kind: "clip", texts: [], images: [] },
          { kind: "clip", texts: Array(1_000_000).fill("x"), images: [] },
          { kind: "clip", texts: ["cat"], images: [flatPng(5, 5, [1, 2, 3])] },
        ]),
      ).toEqual([
        "INPUT_TOO_LARGE",
        "IMAGE_UNREADABLE",
        "IMAGE_UNREADABLE",
        "INPUT_EMPTY",
        "INPUT_TOO_LARGE",
        "done",
      ]);
      expect(await answersTo("nobody's", [{ kind: "embed", texts: ["x"] }])).toEqual(["MODEL_NOT_LOADED"]);
    } finally {
      child.kill("SIGKILL");
      await child.exited;
    }
  });
});

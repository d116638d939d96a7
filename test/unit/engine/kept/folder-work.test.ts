import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FolderWork } from "../../../../src/engine/kept/folder-work.ts";
import type { FolderDoing } from "../../../../src/shared/contract/folder-work.ts";
import { AppError } from "../../../../src/shared/errors.ts";

const IDLE: FolderDoing = { doing: "nothing", step: null, bytesTotal: 0, part: null };
const INSTALLING: FolderDoing = { doing: "installing", step: null, bytesTotal: 10, part: null };

const failure = (code: "GPU_PACK_BUSY" | "MODEL_DISK_FULL" | "MODEL_CORRUPT") =>
  new AppError({ code, message: `It is ${code}`, actor: "machine" });

/** A folder that tells what happens to it, in order. */
function openFolder(look: () => Promise<void> = async () => undefined) {
  const told: string[] = [];
  let isLocked = false;
  const work = new FolderWork<FolderDoing, "parts">({
    idle: IDLE,
    lock: async () => {
      if (isLocked) throw failure("GPU_PACK_BUSY");
      isLocked = true;
      told.push("locked");
      return {
        release: async () => {
          isLocked = false;
          told.push("released");
        },
      };
    },
    look: async () => {
      told.push("looked");
      await look();
    },
  });
  work.onChange((change) => told.push(`${change}: ${work.doing.doing} ${work.doing.step ?? "-"}`));
  return { work, told };
}

describe("work on a kept folder", () => {
  test("has the folder for itself, tells when it begins, and looks at what is there when it has ended", async () => {
    const { work, told } = openFolder();
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    await work.begin(INSTALLING, () => done);
    expect(work.view()).toEqual({ ...INSTALLING, error: null, checked: null });
    await expect(work.begin({ doing: "removing" }, async () => undefined)).rejects.toMatchObject({
      code: "GPU_PACK_BUSY",
    });
    expect(work.doing.doing).toBe("installing");
    finish();
    await work.ended();
    expect(told).toEqual(["locked", "progress: installing -", "released", "looked"]);
    expect(work.view()).toEqual({ ...IDLE, error: null, checked: null });
  });

  test("that fails says why until the next begins", async () => {
    const { work } = openFolder();
    await work.begin(INSTALLING, () => Promise.reject(failure("MODEL_DISK_FULL")));
    await work.ended();
    expect(work.view().error).toMatchObject({ code: "MODEL_DISK_FULL" });
    await work.begin({ doing: "checking" }, async () => work.noteChecked({ at: 7, wrong: ["a"] }));
    await work.ended();
    expect(work.view()).toMatchObject({ error: null, checked: { at: 7, wrong: ["a"] } });
  });

  test("that its person ends has not failed", async () => {
    const { work, told } = openFolder();
    await work.begin(
      INSTALLING,
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    );
    await work.cancel();
    expect(work.view()).toEqual({ ...IDLE, error: null, checked: null });
    expect(told.slice(-2)).toEqual(["released", "looked"]);
  });

  test("whose look at the end fails shows that, unless the work failed before", async () => {
    const { work, told } = openFolder(() => Promise.reject(failure("MODEL_CORRUPT")));
    await work.begin(INSTALLING, async () => undefined);
    await work.ended();
    expect(work.view().error).toMatchObject({ code: "MODEL_CORRUPT" });
    expect(told.at(-1)).toBe("progress: nothing -");
    await work.begin(INSTALLING, () => Promise.reject(failure("MODEL_DISK_FULL")));
    await work.ended();
    expect(work.view().error).toMatchObject({ code: "MODEL_DISK_FULL" });
  });
});

describe("progress", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("is told four times a second at most; another step or part at once", async () => {
    const { work, told } = openFolder();
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    await work.begin(INSTALLING, () => done);
    told.length = 0;
    const at = (step: FolderDoing["step"], part: string, bytesTotal: number) =>
      work.note({ ...work.doing, step, part, bytesTotal });
    at("downloading", "cublas", 10);
    at("downloading", "cublas", 11);
    vi.advanceTimersByTime(249);
    at("downloading", "cublas", 12);
    expect(told).toHaveLength(1);
    vi.advanceTimersByTime(1);
    at("downloading", "cublas", 13);
    at("unpacking", "cublas", 13);
    at("downloading", "cudnn", 13);
    expect(told).toEqual([
      "progress: installing downloading",
      "progress: installing downloading",
      "progress: installing unpacking",
      "progress: installing downloading",
    ]);
    finish();
    await work.ended();
  });
});

import { spawn } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { lockModel } from "../../../../../src/engine/models/download/model-lock.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";

const aFile = () => join(tempFolder(), "m.lock");

describe("a model's lock", () => {
  it("is held by one at a time, and leaves nothing behind", async () => {
    const file = aFile();
    const lock = await lockModel(file, "m");
    await expect(lockModel(file, "m")).rejects.toMatchObject({
      code: "MODEL_BUSY",
      message: expect.stringContaining(String(process.pid)),
    });
    await lock.release();
    await (await lockModel(file, "m")).release();
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  it("of a process that was killed is taken over", async () => {
    const file = aFile();
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    writeFileSync(file, JSON.stringify({ pid: child.pid, bootId: null, startTicks: null }));
    await expect(lockModel(file, "m")).rejects.toMatchObject({ code: "MODEL_BUSY" });
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    const lock = await lockModel(file, "m");
    expect(existsSync(file)).toBe(true);
    await lock.release();
  });

  it.runIf(process.platform === "linux")(
    "of an earlier process with the same number is taken over",
    async () => {
      const file = aFile();
      writeFileSync(file, JSON.stringify({ pid: process.pid, bootId: null, startTicks: "1" }));
      await (await lockModel(file, "m")).release();
    },
  );

  it("that a power failure left half written is taken over", async () => {
    const file = aFile();
    writeFileSync(file, '{"pid":1');
    await (await lockModel(file, "m")).release();
  });

  it("is got by exactly one of many who find a dead one", async () => {
    const file = aFile();
    writeFileSync(file, JSON.stringify({ pid: process.pid, bootId: "another boot", startTicks: "1" }));
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => lockModel(file, "m")));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});

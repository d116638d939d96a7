import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeControlFile } from "../../../src/engine/control/control-file.ts";
import { refuseSecondEngine } from "../../../src/main/running-engine.ts";

describe("refuseSecondEngine", () => {
  let folder: string;
  let server: Server;
  let health: unknown;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "bellows-running-"));
    health = { app: "bellows" };
    server = createServer((_request, response) => response.end(JSON.stringify(health)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  afterEach(async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  const leaveControlFile = (pid = 4_711) =>
    writeControlFile(folder, {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      token: "t".repeat(32),
      pid,
      startedAt: 1,
    });

  it("lets the app start where no engine has the folder", async () => {
    await expect(refuseSecondEngine(folder, {})).resolves.toBeUndefined();
  });

  it("names the engine that answers, and the way to it", async () => {
    leaveControlFile();
    await expect(refuseSecondEngine(folder, {})).rejects.toMatchObject({
      code: "ALREADY_RUNNING",
      actor: "user",
      message: "Bellows is already running here (pid 4711)",
      help: expect.stringContaining("`bellows dashboard`"),
    });
  });

  it("does not take the app's own engine for a stranger", async () => {
    leaveControlFile(99);
    await expect(refuseSecondEngine(folder, { ownPid: 99 })).resolves.toBeUndefined();
  });

  it("believes neither a file left by a crash nor another program on that port", async () => {
    leaveControlFile();
    health = { app: "something else" };
    await expect(refuseSecondEngine(folder, {})).resolves.toBeUndefined();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(refuseSecondEngine(folder, {})).resolves.toBeUndefined();
  });

  it("ends with the start it belongs to", async () => {
    leaveControlFile();
    await expect(
      refuseSecondEngine(folder, { signal: AbortSignal.abort(new Error("ended")) }),
    ).rejects.toThrow("ended");
  });
});

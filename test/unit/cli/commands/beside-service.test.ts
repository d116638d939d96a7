/** What an error of the service says to run is run beside it: without --data it reaches the service's folder too. */
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { ledgerGoBack } from "../../../../src/cli/commands/ledger.ts";
import { settleMachine } from "../../../../src/cli/commands/machine.ts";
import { Terminal } from "../../../../src/cli/terminal.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { writeControlFile } from "../../../../src/engine/control/control-file.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { readWayBack, SCHEMA } from "../../../../src/engine/ledger/way-back.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

function command() {
  const stream = new PassThrough().setEncoding("utf8");
  const io = stream as unknown as NodeJS.WriteStream;
  const [env, paths] = [{}, locatePaths({ env: {} })];
  const terminal = new Terminal({ stdout: io, stderr: io, debug: false });
  const context = { terminal, env, paths, startedAt: 0, now: Date.now };
  return { context, where: { env, flags: {}, paths }, printed: () => String(stream.read()) };
}

/** A data folder whose engine is asked how the folder came here, and answers as it would. */
async function served(isAtHome: boolean): Promise<{ root: string; asked: () => readonly string[] }> {
  const asked: string[] = [];
  const refusal = new AppError({ code: "SAME_MACHINE", message: "It is at home", actor: "user" });
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/api/command/")) asked.push(request.url);
    else return response.end('{"app":"bellows","status":"ok"}');
    response.statusCode = isAtHome ? 400 : 200;
    return response.end(JSON.stringify(isAtHome ? refusal.toValue() : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const root = tempFolder();
  mkdirSync(join(root, "live"));
  const url = `http://127.0.0.1:${port}`;
  writeControlFile(join(root, "live"), { url, token: "t".repeat(32), pid: process.pid, startedAt: 0 });
  return { root, asked: () => asked };
}

it("`bellows machine moved` speaks to the one that waits for it", async () => {
  const [own, service] = [await served(true), await served(false)];
  const { context, where, printed } = command();
  const roots: [string, string] = [own.root, service.root];
  await settleMachine(context, where, { as: "moved", json: false }, roots);
  expect(service.asked()).toEqual(["/api/command/machine.settle"]);
  expect(printed()).toContain(`Data folder: ${join(service.root, "live")}`);

  await expect(settleMachine(context, where, { as: "moved", json: false }, [own.root])).rejects.toMatchObject(
    { code: "SAME_MACHINE" },
  );
  await expect(
    settleMachine(context, where, { as: "moved", json: false }, [
      join(own.root, "none"),
      join(own.root, "no"),
    ]),
  ).rejects.toMatchObject({ code: "NO_DATA_FOLDER", message: expect.stringContaining(" or ") });
});

it("`bellows ledger go-back` finds the ledger that a newer version wrote", async () => {
  const [own, service] = [join(tempFolder(), "own"), tempFolder()];
  const folder = join(service, "live");
  mkdirSync(folder);
  const ledger = await Ledger.open(folder);
  await ledger.snapshot(Date.now());
  ledger.close();
  const newer = new Database(join(folder, "ledger.sqlite"));
  newer.pragma(`user_version = ${SCHEMA + 1}`);
  newer.close();
  const { context, where } = command();
  await ledgerGoBack(context, where, { yes: true, json: true }, [own, service]);
  expect(readWayBack(folder)).toMatchObject({ wanted: true });
  await expect(ledgerGoBack(context, where, { yes: true, json: true }, [own])).rejects.toMatchObject({
    code: "LEDGER_NOT_NEWER",
    message: expect.stringContaining(own),
  });
});

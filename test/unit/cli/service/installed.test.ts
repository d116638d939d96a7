/** `bellows status` beside an installed service finds that one, or says who may. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { findEngine } from "../../../../src/cli/engine-client.ts";
import { dataFolderInUnit, installedDataFolder, isClosed } from "../../../../src/cli/service/installed.ts";
import { fillUnit } from "../../../../src/cli/service/systemd.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { writeControlFile } from "../../../../src/engine/control/control-file.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const UNIT = "[Unit]\nDescription=x\n[Service]\nExecStart=/usr/bin/node cli.js serve\n";
const unitFor = (folder: string) =>
  fillUnit(UNIT, { command: ["/n", "/c", "serve", "--data", folder, "--config", "/x"], extra: [], edit: "" });

/** A data folder in which an engine says that it is there. */
async function served(): Promise<{ folder: string; url: string }> {
  const server = createServer((_, response) => response.end('{"app":"bellows","status":"ok"}'));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const folder = tempFolder();
  mkdirSync(join(folder, "live"));
  const url = `http://127.0.0.1:${port}`;
  writeControlFile(join(folder, "live"), { url, token: "t".repeat(32), pid: process.pid, startedAt: 0 });
  return { folder, url };
}

/** A person's command, with a data folder of its own unless `home` says which. */
function where(env: Record<string, string> = {}, home = tempFolder()) {
  return { env, flags: {}, paths: { ...locatePaths({ env: {} }), defaultDataFolder: home } };
}

describe("the service's data folder", () => {
  it.each(["/var/lib/bellows", "/srv/my data", "/srv/100% $HOME", '/srv/"x"'])(
    "%s is read as the unit was written",
    (folder) => expect(dataFolderInUnit(unitFor(folder))).toBe(folder),
  );

  it("is that of the first unit that says one", () => {
    const [folder, platform] = [tempFolder(), "linux"] as const;
    const unitFiles = ["none.service", "bellows.service"].map((name) => join(folder, name));
    expect(installedDataFolder({ platform, env: {}, unitFiles })).toBe(null);
    writeFileSync(join(folder, "bellows.service"), unitFor("/var/lib/bellows"));
    expect(installedDataFolder({ platform, env: {}, unitFiles })).toBe("/var/lib/bellows");
    expect(installedDataFolder({ platform: "darwin", env: {}, unitFiles })).toBe(null);
  });

  it("of Windows is below ProgramData", () => {
    expect(installedDataFolder({ platform: "win32", env: { ProgramData: "C:\\Nowhere" } })).toBe(null);
  });
});

describe("a command", () => {
  it("finds the service's engine where nobody named a folder, and no other where somebody did", async () => {
    const service = await served();
    expect((await findEngine(where(), service.folder)).url).toBe(service.url);
    const named = tempFolder();
    await expect(findEngine(where({ BELLOWS_DATA_DIR: named }), service.folder)).rejects.toMatchObject({
      code: "ENGINE_NOT_RUNNING",
      message: `No engine is running with the data folder ${named}`,
    });
    const [home, silent] = [tempFolder(), tempFolder()];
    await expect(findEngine(where({}, home), silent)).rejects.toMatchObject({
      message: `No engine is running with the data folder ${home} or ${silent}`,
    });
  });

  it("prefers the person's own engine", async () => {
    const [own, service] = [await served(), await served()];
    expect((await findEngine(where({}, own.folder), service.folder)).url).toBe(own.url);
  });

  it.skipIf(process.getuid?.() !== 0)("says that only root may ask, to whoever may not", async () => {
    const { folder } = await served();
    chmodSync(folder, 0o700);
    expect(isClosed(folder)).toBe(false);
    const source = (name: string) => fileURLToPath(new URL(`../../../../src/${name}`, import.meta.url));
    const script = `
      import { findEngine } from ${JSON.stringify(source("cli/engine-client.ts"))};
      import { locatePaths } from ${JSON.stringify(source("engine/config/paths.ts"))};
      const paths = locatePaths({ home: "/nonexistent", env: {} });
      await findEngine({ env: {}, flags: {}, paths }, ${JSON.stringify(folder)}).catch(({ message, help }) => console.log(message, help));
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      uid: 65534,
      gid: 65534,
      encoding: "utf8",
    });
    expect(stdout, stderr).toContain(`only root may look into ${folder}, the service's`);
    expect(stdout).toContain("Ask the service as root: the same command with sudo.");
  });
});

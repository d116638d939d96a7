/** A plan as it is carried out, with a `systemctl` that takes its time over a service that finishes what it holds. */
import fs from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { carryOut } from "../../../../src/cli/service/carry-out.ts";
import { systemdInstall, systemdUninstall } from "../../../../src/cli/service/systemd.ts";
import { Terminal } from "../../../../src/cli/terminal.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

let folder: string;
let bin: string;
beforeEach(() => {
  folder = tempFolder();
  bin = path.join(folder, "bin");
  fs.mkdirSync(bin);
});

/** A shell that carries on as systemd's own tool: `case` branches over its first words. */
function systemctl(branches: string): void {
  const file = path.join(bin, "systemctl");
  fs.writeFileSync(file, `#!/bin/sh\necho "$@" >> ${folder}/asked\ncase "$*" in\n${branches}\n*) ;;\nesac\n`);
  fs.chmodSync(file, 0o755);
}

const asked = () => fs.readFileSync(path.join(folder, "asked"), "utf8").trim().split("\n");
const DRAINING =
  'printf "LoadState=loaded\\nActiveState=deactivating\\nStatusText=Finishing what is held\\n"';
const RESTING = 'printf "LoadState=not-found\\nActiveState=inactive\\nStatusText=\\n"';

async function carry(plan: Parameters<typeof carryOut>[1]): Promise<{ said: string; thrown: unknown }> {
  const stream = new PassThrough().setEncoding("utf8");
  const io = stream as unknown as NodeJS.WriteStream;
  const terminal = new Terminal({ stdout: io, stderr: io, debug: false });
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const thrown = await carryOut(terminal, plan, { env, limitMs: 60_000, tellEveryMs: 20 }).then(
    () => null,
    (error: unknown) => error,
  );
  return { said: String(stream.read() ?? ""), thrown };
}

function installed(): { unit: string; plan: ReturnType<typeof systemdUninstall> } {
  const unit = path.join(folder, "systemd/user/bellows.service");
  fs.mkdirSync(path.dirname(unit), { recursive: true });
  fs.writeFileSync(unit, "[Service]\n");
  return { unit, plan: systemdUninstall({ scope: "user", root: null, configHome: folder }) };
}

describe.skipIf(process.platform === "win32")("a service that finishes what it holds", () => {
  it("is waited for, and what it does meanwhile is told", async () => {
    // It ends when its state has been asked for three times: no time is slept away.
    systemctl(
      [
        `*disable*) until [ "$(grep -c show ${folder}/asked)" -ge 3 ]; do sleep 0.02; done; touch ${folder}/ended ;;`,
        `*show*) if [ -e ${folder}/ended ]; then ${RESTING}; else ${DRAINING}; fi ;;`,
      ].join("\n"),
    );
    const { unit, plan } = installed();
    const { said, thrown } = await carry(plan);
    expect(thrown).toBeNull();
    expect(said).toContain(
      "waiting  systemctl --user disable --now bellows.service: deactivating (Finishing what is held)",
    );
    expect(said).toContain(`removed  ${unit}`);
    expect(fs.existsSync(unit)).toBe(false);
  });

  it("keeps its unit when it has not ended, and that is said", async () => {
    systemctl(`*disable*) echo "Job canceled" >&2; exit 1 ;;\n*show*) ${DRAINING} ;;`);
    const { unit, plan } = installed();
    const { said, thrown } = await carry(plan);
    expect(thrown).toMatchObject({
      code: "SERVICE_COMMAND",
      message: expect.stringMatching(/has not ended.*deactivating \(Finishing what is held\).*stays/),
    });
    expect(said).toContain("disable --now bellows.service was not possible: Job canceled");
    expect(fs.existsSync(unit)).toBe(true);
    expect(asked()).not.toContainEqual(expect.stringContaining("daemon-reload"));
  });

  it("that was never there is no hindrance", async () => {
    systemctl(`*disable*) echo "Unit bellows.service not loaded." >&2; exit 5 ;;\n*show*) ${RESTING} ;;`);
    const { thrown } = await carry(installed().plan);
    expect(thrown).toBeNull();
  });

  it("may take longer for a restart than any other command may", async () => {
    systemctl(
      `*restart*) until [ "$(grep -c show ${folder}/asked)" -ge 2 ]; do sleep 0.02; done ;;\n*show*) ${DRAINING} ;;`,
    );
    const plan = systemdInstall({
      scope: "user",
      program: ["/usr/bin/node", "/opt/bellows/cli.js"],
      resourcesFolder: locatePaths().resourcesFolder,
      dataFolder: null,
      configFile: null,
      configHome: folder,
      root: null,
      startNow: true,
      systemdVersion: null,
    });
    const { said, thrown } = await carry(plan);
    expect(thrown).toBeNull();
    expect(said).toMatch(/waiting {2}systemctl --user restart bellows\.service: deactivating/);
    expect(said).toContain("done     systemctl --user restart bellows.service");
  });
});

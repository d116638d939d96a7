/** `bellows service` as it is typed: into an image's root for real, judged by systemd's own tools. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { systemdInstall, systemdVersionIn } from "../../src/cli/service/systemd.ts";
import { guideBlock } from "../support/aicf-guide.ts";
import { bellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

/** Of 10: what `systemd-analyze security` calls OK ends at 4. */
const EXPOSURE_LIMIT = 2.5;

function analyze(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync("systemd-analyze", args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

describe("bellows service", () => {
  it.skipIf(!hasSystemd)(
    "installs into an image, is enabled there, and leaves nothing but settings",
    async () => {
      const root = tempFolder();
      const installed = await bellows(["service", "install", "--root", root]);
      expect(installed, installed.stderr).toMatchObject({ code: 0 });
      const unit = path.join(root, "etc/systemd/system/bellows.service");
      const text = readFileSync(unit, "utf8");
      expect(text).toContain(
        ` --max-semi-space-size=1 --no-opt --single-threaded --expose-gc ${path.join(REPOSITORY, "dist/node/cli.js")} serve --data /var/lib/bellows\n`,
      );
      expect(
        readlinkSync(path.join(root, "etc/systemd/system/multi-user.target.wants/bellows.service")),
      ).toBe("/etc/systemd/system/bellows.service");
      expect(readFileSync(path.join(root, "etc/passwd"), "utf8")).toMatch(
        /^bellows:.*:\/var\/lib\/bellows:/m,
      );
      const settings = path.join(root, "etc/bellows/provider.env");
      expect(statSync(settings).mode & 0o777).toBe(0o600);
      writeFileSync(settings, "MAX_CONCURRENCY=3\n");

      const again = await bellows(["service", "install", "--root", root]);
      expect(again.stdout).toContain(`kept     ${settings}`);
      expect(readFileSync(settings, "utf8")).toBe("MAX_CONCURRENCY=3\n");

      const removed = await bellows(["service", "uninstall", "--root", root]);
      expect(removed, removed.stderr).toMatchObject({ code: 0 });
      expect(existsSync(unit)).toBe(false);
      expect(existsSync(path.join(path.dirname(unit), "bellows-devices.service"))).toBe(false);
      expect(existsSync(path.join(root, "etc/systemd/system/multi-user.target.wants/bellows.service"))).toBe(
        false,
      );
      expect(existsSync(settings)).toBe(true);
    },
  );

  it("says what it would do, and changes nothing", async () => {
    const root = tempFolder();
    const { code, stdout, stderr } = await bellows([
      "service",
      "install",
      "--dry-run",
      "--root",
      root,
      "--data",
      "/var/tmp/bellows",
    ]);
    expect(code).toBe(0);
    expect(stderr).toContain("The data folder /var/tmp/bellows would not be there for the service");
    expect(stdout).toContain(`write   ${root}/etc/systemd/system/bellows.service`);
    expect(stdout).toContain(`run     systemctl --root=${root} enable bellows.service`);
    expect(stdout).toContain("ProtectSystem=strict");
    expect(existsSync(path.join(root, "etc"))).toBe(false);
    const user = await bellows(["service", "install", "--user", "--dry-run"], { XDG_CONFIG_HOME: root });
    expect(user.stdout).toContain(`write   ${root}/systemd/user/bellows.service`);
    expect(user.stdout).toContain("run     systemctl --user enable bellows.service");
    expect(await bellows(["service", "install", "--user", "--root", root])).toMatchObject({ code: 2 });
  });

  it("takes the configuration file along that it is given, as the service will find it", async () => {
    const root = tempFolder();
    writeFileSync(path.join(root, "worker.toml"), "[work]\nbatch_size = 4\n");
    const file = path.relative(process.cwd(), path.join(root, "worker.toml"));
    const args = ["service", "install", "--dry-run", "--user", "--config", file];
    const { code, stdout } = await bellows(args, { XDG_CONFIG_HOME: root });
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(` serve --config ${path.join(root, "worker.toml")}$`, "m"));
    // It holds secrets, so it is closed to others: no reason to refuse, but something to say.
    chmodSync(path.join(root, "worker.toml"), 0o600);
    const closed = await bellows([
      "service",
      "install",
      "--root",
      root,
      "--config",
      path.join(root, "worker.toml"),
    ]);
    expect(closed, closed.stderr).toMatchObject({ code: 0 });
    expect(closed.stderr).toMatch(
      /^Note: The service's user bellows may not be able to read .*\. Before the start: chgrp bellows .*worker\.toml && chmod 640 /,
    );
    const missing = await bellows([
      "service",
      "install",
      "--dry-run",
      "--root",
      root,
      "--config",
      "/nowhere.toml",
    ]);
    expect(missing.stderr).toContain("/nowhere.toml is not there");
  });

  it.skipIf(existsSync("/run/systemd/system"))("says so where there is no systemd to ask", async () => {
    const { code, stderr } = await bellows(["service", "status"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: systemd can't be asked: .*--dry-run/);
  });
});

describe.skipIf(!hasSystemd)(
  "the units, as systemd judges them (skipped where systemd-analyze is missing)",
  () => {
    const INSTALL = {
      program: [process.execPath, path.join(REPOSITORY, "dist/node/cli.js")],
      resourcesFolder: path.join(REPOSITORY, "resources"),
      dataFolder: null,
      systemdVersion: null,
      configFile: null,
      configHome: "/home/ada/.config",
      root: null,
      startNow: false,
    };

    function install(scope: "system" | "user", node = process.execPath) {
      const folder = tempFolder();
      const { files } = systemdInstall({
        ...INSTALL,
        scope,
        program: [node, "--no-opt", path.join(REPOSITORY, "dist/node/cli.js")],
      });
      // Beside each other, as they will be found.
      for (const { path: file, text } of files.filter(({ path: file }) => file.endsWith(".service")))
        writeFileSync(path.join(folder, path.basename(file)), text);
      return path.join(folder, "bellows.service");
    }

    it("the machine's unit is without fault and exposes little", () => {
      const file = install("system");
      expect(analyze(["verify", file])).toEqual({ status: 0, stdout: "", stderr: "" });
      const { status, stdout } = analyze([
        "security",
        "--offline=true",
        `--threshold=${EXPOSURE_LIMIT * 10}`,
        file,
      ]);
      expect(status, stdout).toBe(0);
      const exposure = Number(/exposure level for bellows\.service: (\d+\.\d)/.exec(stdout)?.[1]);
      expect(exposure).toBeGreaterThan(0);
      expect(exposure).toBeLessThanOrEqual(EXPOSURE_LIMIT);
    });

    it("the devices are made by a unit of their own, which no list of devices hems in", () => {
      const file = install("system");
      const devices = path.join(path.dirname(file), "bellows-devices.service");
      expect(analyze(["verify", devices])).toEqual({ status: 0, stdout: "", stderr: "" });
      const [unit, own] = [readFileSync(file, "utf8"), readFileSync(devices, "utf8")];
      expect(unit).toMatch(/^After=.* bellows-devices\.service$/m);
      expect(unit).toMatch(/^Wants=.* bellows-devices\.service$/m);
      expect(unit).toMatch(/^DevicePolicy=closed\nDeviceAllow=char-nvidia\* rw$/m);
      expect(own).not.toMatch(/^(Device(Policy|Allow)|PrivateDevices|RemainAfterExit)=/m);
      const { stdout } = analyze(["security", "--offline=true", devices]);
      expect(Number(/exposure level for bellows-devices\.service: (\d+\.\d)/.exec(stdout)?.[1])).toBeLessThan(
        5,
      );
    });

    it("the devices' unit makes a node of each GPU that the driver knows, and nothing without the driver's tool", () => {
      const [folder, driver] = [tempFolder(), tempFolder()];
      for (const minor of [0, 3]) {
        mkdirSync(path.join(driver, `0000:0${minor}:00.0`));
        writeFileSync(
          path.join(driver, `0000:0${minor}:00.0`, "information"),
          `Model: \t\t NVIDIA L40S\nDevice Minor: \t ${minor}\n`,
        );
      }
      const text = readFileSync(
        path.join(path.dirname(install("system")), "bellows-devices.service"),
        "utf8",
      );
      const words = /^ExecStart=-\/bin\/sh -c '((?:.|\n)*?)'$/m.exec(text)?.[1] ?? "";
      const script = words.replace("\\\n", " ").replace("/proc/driver/nvidia/gpus", driver);
      const bin = path.join(folder, "bin");
      mkdirSync(bin);
      symlinkSync("/bin/sed", path.join(bin, "sed"));
      const run = () => spawnSync("/bin/sh", ["-c", script], { env: { PATH: bin }, encoding: "utf8" });
      expect(run()).toMatchObject({ status: 0, stdout: "", stderr: "" });
      writeFileSync(path.join(bin, "nvidia-modprobe"), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
      expect(run()).toMatchObject({ status: 0, stdout: "-c 0 -u\n-c 0\n-c 3\n", stderr: "" });
    });

    it("failures that follow each other are no end, and are tried ever more slowly where systemd can", () => {
      const of = (scope: "system" | "user", systemdVersion: number | null) =>
        systemdInstall({ ...INSTALL, scope, systemdVersion }).files[0]?.text ?? "";
      for (const scope of ["system", "user"] as const) {
        for (const version of [null, 252, 254]) {
          const text = of(scope, version);
          expect(text).toMatch(/^StartLimitIntervalSec=0$/m);
          expect(text).not.toMatch(/^StartLimitBurst=|DRAIN_TIMEOUT/m);
          expect(/^RestartSteps=\d+\nRestartMaxDelaySec=5min$/m.test(text)).toBe(version === 254);
        }
      }
      expect(systemdVersionIn("systemd 252 (252.39-1~deb12u2)\n+PAM +AUDIT\n")).toBe(252);
      expect(systemdVersionIn("")).toBe(null);
    });

    it("a unit as the AICF guide writes it is without fault with our command in it", () => {
      const file = path.join(tempFolder(), "aicf-gpu-worker.service");
      const command = `${process.execPath} ${path.join(REPOSITORY, "dist/node/cli.js")} serve`;
      const unit = guideBlock("aicf-gpu-worker.service", [
        ["ExecStart=/usr/local/bin/aicf-gpu-worker", `ExecStart=${command}`],
      ]);
      writeFileSync(file, unit);
      expect(analyze(["verify", file])).toEqual({ status: 0, stdout: "", stderr: "" });
    });

    it("one person's unit is without fault", () => {
      const env = { XDG_RUNTIME_DIR: tempFolder() };
      expect(analyze(["--user", "verify", install("user")], env)).toEqual({
        status: 0,
        stdout: "",
        stderr: "",
      });
    });

    it("a path with spaces, dollar and percent signs is found as it is", () => {
      const folder = path.join(tempFolder(), "my apps $HOME 100%");
      mkdirSync(folder);
      const node = path.join(folder, "node");
      symlinkSync(process.execPath, node);
      expect(analyze(["verify", install("system", node)])).toEqual({ status: 0, stdout: "", stderr: "" });
    });
  },
);

/**
 * The installation whole, on a Debian of its own: both images, made step by step without a container engine and started
 * as one would (a bare Debian stands for NVIDIA's base, and there is no GPU), and the same files as a service of a machine
 * that systemd booted.
 * Long, as root, with debootstrap (and systemd-container): BELLOWS_LONG_TESTS=1.
 */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { readGpuPack } from "../../src/engine/gpu-pack/manifest.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { sha256OfFile } from "../../src/shared/hash-file.ts";
import { startBellows } from "../support/bellows.ts";
import { BootedMachine, inRoot, installSystemd } from "../support/booted-machine.ts";
import { readDockerfile, type Stage, settingOf } from "../support/dockerfile.ts";
import { bareImage, buildImage, nodeImage, startIn } from "../support/image-build.ts";
import { tempFolder } from "../support/temp-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
/** Kept between runs: a Debian takes a minute to make. */
const IMAGES = process.env.BELLOWS_IMAGE_FOLDER ?? "/var/tmp/bellows-images";
const has = (program: string) => spawnSync("which", [program]).status === 0;
const wanted = process.env.BELLOWS_LONG_TESTS === "1" && process.getuid?.() === 0;
const possible = wanted && has("debootstrap") && has("unshare") && has("npm");
const patience = { timeout: 2 * MINUTE, interval: SECOND };

describe.skipIf(!possible)("the image (BELLOWS_LONG_TESTS=1, root, debootstrap)", () => {
  let folder: string;
  const dockerfile = readFileSync(path.join(REPOSITORY, "resources/deploy/docker/Dockerfile"), "utf8");
  const stages = readDockerfile(dockerfile);
  const rootOf = (target: "cpu" | "gpu") => path.join(folder, target);

  beforeAll(() => {
    const certificates = process.env.NODE_EXTRA_CA_CERTS;
    const npm = realpathSync(spawnSync("which", ["npm"], { encoding: "utf8" }).stdout.trim());
    folder = mkdtempSync(path.join(tmpdir(), "bellows-image-"));
    const node = () => nodeImage(IMAGES, process.execPath, path.dirname(path.dirname(npm)));
    // It copies from the other target, which is made on the way.
    buildImage({
      stages,
      target: "gpu",
      images: (image) => (image.startsWith("nvidia/cuda:") ? bareImage(node(), folder) : node()),
      context: REPOSITORY,
      folder,
      env: hostAccess(certificates),
      ...(certificates === undefined ? {} : { hostFiles: [certificates] }),
    });
  }, 20 * MINUTE);

  // Some hundred thousand files.
  afterAll(() => {
    spawnSync("rm", ["-rf", "--one-file-system", folder]);
  }, 5 * MINUTE);

  it("for GPUs has ONNX Runtime's CUDA provider as it is pinned, and nothing of what its base brings", async () => {
    const pack = await readGpuPack(path.join(REPOSITORY, "resources"));
    const providers = pack.files.filter((file) => file.path.startsWith("libonnxruntime_providers_"));
    expect(providers.length).toBe(2);
    const library = "opt/bellows/node_modules/onnxruntime-node/bin/napi-v6/linux/x64";
    for (const { path: name, sha256 } of providers) {
      expect(await sha256OfFile(path.join(rootOf("gpu"), library, name)), name).toBe(sha256);
      expect(existsSync(path.join(rootOf("cpu"), library, name))).toBe(false);
    }
    expect(readdirSync(path.join(folder, "cuda/pack/gpu-pack"))).toEqual([pack.id]);
  });

  it.each(["cpu", "gpu"] as const)(
    "%s earns read-only and without rights, says how it is, and ends in order",
    {
      timeout: 10 * MINUTE,
    },
    async (target) => {
      const root = rootOf(target);
      const stage = stageOf(stages, target);
      expect(existsSync(path.join(root, "opt/bellows/node_modules/vitest")), "only what it runs with").toBe(
        false,
      );
      expect(existsSync(path.join(root, "opt/bellows/node_modules/onnxruntime-node/bin/napi-v6/win32"))).toBe(
        false,
      );
      const [port, metrics] = [await freePort(), await freePort()];
      const [data, cache] = [tempFolder(), tempFolder()];
      for (const owned of [data, cache]) spawnSync("chown", ["10001:10001", owned]);
      const container = {
        root,
        stage,
        env: {
          ...(await markets()),
          BELLOWS_PORT: `${port}`,
          METRICS_PORT: `${metrics}`,
          BELLOWS_DATA_DIR: "/var/lib/bellows",
        },
        volumes: { [data]: "/var/lib/bellows", [cache]: "/var/cache/aicf-provider" },
      };
      const run = async (...words: string[]) => {
        const child = startIn(container, words);
        let output = "";
        for (const stream of [child.stdout, child.stderr])
          stream?.setEncoding("utf8").on("data", (text: string) => {
            output += text;
          });
        const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
        return { code, output };
      };
      const whoAmI = await run("sh", "-c", "id -u; touch /opt/bellows/x; grep CapBnd /proc/self/status");
      expect(whoAmI.output).toMatch(/^10001\n/);
      expect(whoAmI.output).toContain("Read-only file system");
      expect(whoAmI.output).toMatch(/CapBnd:\s+0{16}/);

      const engine = startIn(container, [...settingOf(stage, "entrypoint"), ...settingOf(stage, "cmd")]);
      let said = "";
      for (const stream of [engine.stdout, engine.stderr])
        stream?.setEncoding("utf8").on("data", (text: string) => {
          said += text;
        });
      const exited = new Promise<number | null>((resolve) => engine.once("close", resolve));
      onTestFinished(() => {
        engine.kill("SIGKILL");
      });
      const health = settingOf(stage, "healthcheck");
      await expect.poll(() => run(...health), patience).toMatchObject({ code: 0 });
      await expect.poll(() => run(...health, "ready"), patience).toMatchObject({ code: 0 });
      await expect
        .poll(async () => (await run("bellows", "status", "--json")).output, patience)
        .toMatch(/"acceptedTotal":\s*[1-9]/);
      const page = await fetch(`http://127.0.0.1:${metrics}/metrics`);
      expect(await page.text()).toContain("aicf_provider_jobs_total");

      engine.kill("SIGTERM");
      expect(await exited, said).toBe(0);
      expect(await run(...health)).toMatchObject({ code: 1 });
    },
  );

  it.skipIf(!has("systemd-nspawn"))(
    "is a service that systemd starts, watches, restarts and ends",
    { timeout: 15 * MINUTE },
    async () => {
      const machineRoot = path.join(folder, "machine");
      spawnSync("cp", ["-a", "--reflink=auto", rootOf("cpu"), machineRoot]);
      installSystemd(machineRoot);
      inRoot(machineRoot, ["bellows", "service", "install", "--root", "/"]);
      const settings = path.join(machineRoot, "etc/bellows/provider.env");
      const env = {
        ...(await markets()),
        BELLOWS_CACHE_DIR: "/opt/bellows/starter",
        DISK_CACHE_DIR: "/var/cache/aicf-provider",
        BELLOWS_PORT: `${await freePort()}`,
        METRICS_PORT: `${await freePort()}`,
      };
      writeFileSync(
        settings,
        Object.entries(env)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(""),
      );

      // Stands for NVIDIA's own: it writes down what it was asked for, in the one folder that stays writable.
      const calls = "/dev/modprobe-calls";
      const modprobe = path.join(machineRoot, "usr/local/bin/nvidia-modprobe");
      writeFileSync(modprobe, `#!/bin/sh\necho "$@" >> ${calls}\n`, { mode: 0o755 });

      await using machine = new BootedMachine(machineRoot);
      const property = (name: string) => () => machine.property(name);
      await expect.poll(property("ActiveState"), patience).toBe("active");
      await expect.poll(property("StatusText"), patience).toMatch(/^Earning on /);
      const main = machine.property("MainPID");
      const rights = machine.run("grep", "-E", "NoNewPrivs|CapEff|Seccomp:", `/proc/${main}/status`)?.stdout;
      expect(rights).toMatch(/CapEff:\s+0{16}\nNoNewPrivs:\s+1\nSeccomp:\s+2/);
      // The guide's place for models can be written to, and what else is not its own can't.
      const asService = [
        "nsenter",
        "-t",
        main,
        "-m",
        "setpriv",
        "--reuid=bellows",
        "--regid=bellows",
        "--clear-groups",
      ];
      const writes = (file: string) => machine.run(...asService, "touch", file)?.status === 0;
      expect(
        ["/var/cache/aicf-provider/x", "/var/lib/bellows/x", "/var/cache/x", "/opt/bellows/x"].map(writes),
      ).toEqual([true, true, false, false]);
      expect(machine.run("bellows", "service", "status")?.stdout).toContain("active (running)");
      expect(machine.property("StartLimitIntervalUSec"), "it is tried again for ever").toBe("0");
      expect(machine.run("cat", calls)?.stdout, "the devices were made before").toBe("-c 0 -u");
      // Without a word about folders root finds the service, and another user is told who does.
      expect(machine.run("bellows", "status")?.stdout).toContain("Data     /var/lib/bellows/live");
      const asNobody = "setpriv --reuid=65534 --regid=65534 --clear-groups bellows status 2>&1";
      expect(machine.run("sh", "-c", asNobody)).toEqual({
        status: 3,
        stdout: expect.stringContaining("only root may look into /var/lib/bellows, the service's"),
      });

      expect(machine.run("systemctl", "reload", "bellows")?.status).toBe(0);
      await expect.poll(property("StatusText"), patience).toMatch(/^Earning on /);
      expect(machine.property("MainPID"), "it is the same process").toBe(main);

      machine.run("sh", "-c", `kill -9 ${main}`);
      await expect.poll(property("NRestarts"), patience).toBe("1");
      const second = await newMain(machine, main);
      await expect.poll(property("StatusText"), patience).toMatch(/^Earning on /);
      expect(machine.run("cat", calls)?.stdout, "and are made again").toBe("-c 0 -u\n-c 0 -u");

      machine.run("sh", "-c", `kill -STOP ${second}`);
      await expect.poll(property("NRestarts"), { ...patience, timeout: 4 * MINUTE }).toBe("2");
      await newMain(machine, second);
      await expect.poll(property("StatusText"), patience).toMatch(/^Earning on /);

      expect(machine.run("systemctl", "stop", "bellows")?.status).toBe(0);
      expect([machine.property("ActiveState"), machine.property("Result")]).toEqual(["inactive", "success"]);
      appendFileSync(settings, "MAX_CONCURRENCY=many\n");
      expect(machine.run("systemctl", "start", "bellows")?.status).not.toBe(0);
      expect([machine.property("ActiveState"), machine.property("ExecMainStatus")]).toEqual(["failed", "2"]);
    },
  );
});

/** The service's process after a restart. Between two of them there is none: 0, which to kill is a whole group of others. */
async function newMain(machine: BootedMachine, before: string): Promise<string> {
  await expect.poll(() => machine.property("MainPID"), patience).not.toMatch(new RegExp(`^(0|${before})?$`));
  return machine.property("MainPID");
}

function stageOf(stages: readonly Stage[], target: string): Stage {
  const found = stages.find(({ name }) => name === target);
  if (found === undefined) throw new Error(`There is no stage ${target}`);
  return found;
}

const ANY_PORTS = ["coordinator", "chain", "queue", "node"].flatMap((name) => [`--${name}-port`, "0"]);

/** The devnet on this machine, as the environment of a provider that is to earn there. */
async function markets(): Promise<Record<string, string>> {
  const devnet = startBellows(["devnet", ...ANY_PORTS, "--json", "--data", tempFolder()]);
  await expect.poll(() => devnet.stdout(), { timeout: MINUTE }).toContain("\n");
  const told = JSON.parse(devnet.stdout().split("\n")[0] ?? "{}") as Record<string, string>;
  const { logFile: _log, BELLOWS_DATA_DIR: _data, ...env } = told;
  return env;
}

/** What a step needs to reach this machine's registry; an engine gives its builder the same. */
function hostAccess(certificates: string | undefined): Record<string, string> {
  const names = ["npm_config_registry", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"];
  const given = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(given),
    ...(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

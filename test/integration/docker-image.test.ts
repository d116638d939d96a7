/**
 * The image for machines without a GPU, made step by step without a container engine and started as one would: read
 * only, as its user, without rights. It earns on both markets, is well by its own health check, and ends in order.
 * Long, as root, with debootstrap: BELLOWS_LONG_TESTS=1.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { startBellows } from "../support/bellows.ts";
import { readDockerfile, settingOf } from "../support/dockerfile.ts";
import { buildImage, nodeImage, startIn } from "../support/image-build.ts";
import { tempFolder } from "../support/temp-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
/** Kept between runs: a Debian takes a minute to make. */
const IMAGES = process.env.BELLOWS_IMAGE_FOLDER ?? "/var/tmp/bellows-images";
const has = (program: string) => spawnSync("which", [program]).status === 0;
const wanted = process.env.BELLOWS_LONG_TESTS === "1" && process.getuid?.() === 0;
const possible = wanted && has("debootstrap") && has("unshare") && has("npm");

describe.skipIf(!possible)("the image, step by step (BELLOWS_LONG_TESTS=1, root, debootstrap)", () => {
  it("is built, earns read-only and without rights, says how it is, and ends in order", {
    timeout: 20 * MINUTE,
  }, async () => {
    const stages = readDockerfile(
      readFileSync(path.join(REPOSITORY, "resources/deploy/docker/Dockerfile"), "utf8"),
    );
    const stage = stages.find(({ name }) => name === "cpu");
    if (stage === undefined) throw new Error("There is a stage for machines without a GPU");
    const certificates = process.env.NODE_EXTRA_CA_CERTS;
    const npm = realpathSync(spawnSync("which", ["npm"], { encoding: "utf8" }).stdout.trim());
    const root = buildImage({
      stages,
      target: "cpu",
      images: () => nodeImage(IMAGES, process.execPath, path.dirname(path.dirname(npm))),
      context: REPOSITORY,
      folder: tempFolder(),
      env: hostAccess(certificates),
      ...(certificates === undefined ? {} : { hostFiles: [certificates] }),
    });
    expect(existsSync(path.join(root, "opt/bellows/node_modules/vitest")), "only what it runs with").toBe(
      false,
    );
    expect(existsSync(path.join(root, "opt/bellows/node_modules/onnxruntime-node/bin/napi-v6/win32"))).toBe(
      false,
    );

    const markets = startBellows(["devnet", ...ANY_PORTS, "--json", "--data", tempFolder()]);
    await expect.poll(() => markets.stdout(), { timeout: MINUTE }).toContain("\n");
    const [port, metrics] = [await freePort(), await freePort()];
    const [data, cache] = [tempFolder(), tempFolder()];
    for (const folder of [data, cache]) spawnSync("chown", ["10001:10001", folder]);
    const container = {
      root,
      stage,
      env: {
        ...(JSON.parse(markets.stdout().split("\n")[0] ?? "{}") as Record<string, string>),
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
    const patience = { timeout: 2 * MINUTE, interval: SECOND };
    await expect.poll(() => run(...settingOf(stage, "healthcheck")), patience).toMatchObject({ code: 0 });
    await expect
      .poll(async () => (await run("bellows", "status", "--json")).output, patience)
      .toMatch(/"acceptedTotal":\s*[1-9]/);
    const page = await fetch(`http://127.0.0.1:${metrics}/metrics`);
    expect(await page.text()).toContain("aicf_provider_jobs_total");

    engine.kill("SIGTERM");
    expect(await exited, said).toBe(0);
    expect(await run(...settingOf(stage, "healthcheck"))).toMatchObject({ code: 1 });
  });
});

const ANY_PORTS = ["coordinator", "chain", "queue", "node"].flatMap((name) => [`--${name}-port`, "0"]);

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
